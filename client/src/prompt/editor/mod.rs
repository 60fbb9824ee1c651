//! The line editor: what it shows and completes while the user types.

mod commands;
mod completion;
mod dates;
mod highlight;
mod hint;
mod open_quote;
mod typed_line;
mod usage;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use unicode_width::UnicodeWidthStr;

use crate::directory::{HelpForm, WAIT_MAX};
use crate::prompt::history;
use crate::prompt::settings::EditMode;
use crate::screen::{self, Role};
use crate::session_ids::IdKind;

use commands::Commands;
pub use completion::Values;
pub use dates::ServerClock;
use hint::MissingPlaces;
pub use open_quote::escaped;
use typed_line::TypedLine;
use usage::ValueKind;

/// Columns of a terminal whose width is unknown.
const COLUMNS: u16 = 80;

/// Opens the line editor.
///
/// # Errors
///
/// The terminal cannot be used.
pub fn open(
    assistant: Assistant,
    edit_mode: EditMode,
) -> Result<Editor<Assistant, FileHistory>, ReadlineError> {
    let config = Config::builder()
        .history_ignore_space(true)
        .history_ignore_dups(true)?
        .max_history_size(history::LINES_MAX)?
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .edit_mode(edit_mode.into())
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(assistant));
    Ok(editor)
}

/// What helps the user to type a line.
#[derive(Debug)]
pub struct Assistant {
    values: Values,
    /// The usages of the client's own commands.
    own_usages: &'static [&'static str],
    /// Whether the terminal only reads lines. Then the editor shows nothing, and each line is sent.
    reads_lines_only: bool,
    commands: RefCell<KnownCommands>,
    /// The columns of the prompt that was shown last.
    prompt_columns: Cell<usize>,
}

/// The commands, and the reply to HELP that they are parsed from.
#[derive(Debug)]
struct KnownCommands {
    help: Option<Arc<[HelpForm]>>,
    commands: Rc<Commands>,
}

impl Assistant {
    pub fn new(values: Values, own_usages: &'static [&'static str], reads_lines_only: bool) -> Self {
        let commands = KnownCommands { help: None, commands: Rc::new(Commands::compiled_in(own_usages)) };
        let (commands, prompt_columns) = (RefCell::new(commands), Cell::new(0));
        Self { values, own_usages, reads_lines_only, commands, prompt_columns }
    }

    /// Remembers the ids of what was typed, to offer them again. A secret that stands in the wrong place is
    /// not an id.
    pub fn remember(&self, typed: &str) {
        if history::may_have_secret(typed) {
            return;
        }
        let commands = self.commands(Instant::now());
        for line in TypedLine::all(typed) {
            for (kind, value) in commands.values(&line) {
                let (kind, value) = match kind {
                    ValueKind::Watched => match value.strip_prefix(completion::PERSON) {
                        Some(id) => (IdKind::Person, id),
                        None => continue,
                    },
                    ValueKind::Person | ValueKind::People => (IdKind::Person, value),
                    ValueKind::Hold => (IdKind::Hold, value),
                    ValueKind::Ticket => (IdKind::Ticket, value),
                    _ => continue,
                };
                value.split(',').for_each(|id| self.values.session_ids.add(kind, id));
            }
        }
    }

    /// Shows dates in the time of the server with this reply to HELLO.
    pub fn use_time_of(&mut self, hello: &str) {
        self.values.clock = ServerClock::of(hello);
    }

    /// The commands of the server, or those that are compiled in if the server's are not known by the
    /// deadline.
    fn commands(&self, deadline: Instant) -> Rc<Commands> {
        let help = self.values.directory.help(deadline);
        let mut known = self.commands.borrow_mut();
        let is_same = match (&help, &known.help) {
            (Some(new), Some(old)) => Arc::ptr_eq(new, old),
            (None, _) => true,
            (Some(_), None) => false,
        };
        if let Some(help) = help.filter(|_| !is_same) {
            known.commands = Rc::new(Commands::of_server(&help, self.own_usages));
            known.help = Some(help);
        }
        known.commands.clone()
    }

    /// The columns between the cursor, which is behind `typed`, and the end of its line on the screen.
    fn columns_left(&self, typed: &str) -> usize {
        let columns = usize::from(screen::width().unwrap_or(COLUMNS));
        let used = match typed.rsplit_once('\n') {
            Some((_, last)) => last.width(),
            None => self.prompt_columns.get() + typed.width(),
        };
        // A terminal goes to the next line behind the last column.
        (columns - used % columns).saturating_sub(1)
    }
}

impl Helper for Assistant {}

impl Hinter for Assistant {
    type Hint = MissingPlaces;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<MissingPlaces> {
        if pos < line.len() || line.trim().is_empty() {
            return None;
        }
        let missing = hint::missing(&self.commands(Instant::now()), line)?;
        let charset = self.values.screen.charset;
        hint::fitted(hint::drawn(&missing, charset), self.columns_left(line), charset).map(MissingPlaces)
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>), ReadlineError> {
        let deadline = Instant::now() + WAIT_MAX;
        let commands = self.commands(deadline);
        let found = completion::candidates(&commands, &self.values, &line[..pos], deadline);
        Ok((found.start, found.pairs))
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        highlight::painted(&self.commands(Instant::now()), line, self.values.screen)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.prompt_columns.set(prompt.width());
        Cow::Borrowed(prompt)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.values.screen.paint(Role::Muted, hint)
    }

    /// A letter changes the color of the whole word.
    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.values.screen.has_color && kind == CmdKind::Other
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult, ReadlineError> {
        if !self.reads_lines_only && open_quote::is_open(context.input()) {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}
