//! Standard output as a screen: its size, its colors and its characters.

use std::borrow::Cow;
use std::env;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// When colors are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that can show them, unless NO_COLOR is set
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// The characters that lines and bars are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Ascii,
    Unicode,
}

/// What a text is, which decides its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A refusal, and a word that cannot be right.
    Error,
    /// What needs attention: few tickets left, a connection that is lost.
    Warning,
    /// What is as it should be.
    Good,
    /// The verb of a command.
    Verb,
    /// Text between quotes.
    Quoted,
    /// The heading of a table or a section.
    Heading,
    /// An hour of a meeting.
    Meeting,
    /// An hour that is blocked.
    Block,
    /// What is of less weight than the rest: hints and comments.
    Muted,
}

impl Role {
    /// Its color.
    pub const fn style(self) -> Style {
        match self {
            Self::Error => AnsiColor::Red.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Good | Self::Quoted => AnsiColor::Green.on_default(),
            Self::Meeting => AnsiColor::Cyan.on_default(),
            Self::Block => AnsiColor::Magenta.on_default(),
            Self::Verb => AnsiColor::Cyan.on_default().bold(),
            Self::Heading => Style::new().bold(),
            Self::Muted => Style::new().dimmed(),
        }
    }
}

/// What standard output can show. Its size is asked for each time, because windows change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Text from a server must not control a terminal.
    pub is_terminal: bool,
    pub has_color: bool,
    pub charset: Charset,
}

impl Screen {
    /// Neither a terminal nor colors, and ASCII alone.
    pub const PLAIN: Self = Self { is_terminal: false, has_color: false, charset: Charset::Ascii };

    pub fn of_stdout(choice: ColorChoice) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let has_color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !is_set("NO_COLOR") && !is_dumb(),
        };
        let charset = if is_unicode_locale(|name| env::var(name).ok()) && !is_dumb() {
            Charset::Unicode
        } else {
            Charset::Ascii
        };
        Self { is_terminal, has_color, charset }
    }

    /// The text with the escapes of its color, if there are colors. The text must be printable.
    pub fn paint<'a>(&self, role: Role, text: &'a str) -> Cow<'a, str> {
        if !self.has_color || text.is_empty() {
            return Cow::Borrowed(text);
        }
        let style = role.style();
        Cow::Owned(format!("{style}{text}{style:#}"))
    }
}

/// Columns of the terminal, else those of the environment, else none.
pub fn width() -> Option<u16> {
    let from_environment = || env::var("COLUMNS").ok()?.trim().parse().ok();
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    size.map(|size| size.ws_col)
        .filter(|&columns| columns > 0)
        .or_else(from_environment)
        .filter(|&columns| columns > 0)
}

/// Rows of the terminal, if standard output is one.
pub fn height() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(size.ws_row).filter(|&rows| rows > 0)
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Whether the terminal shows characters alone, and no escapes.
pub fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the locale of characters is one of UTF-8: POSIX says that the first of these variables that is set
/// and not empty decides.
fn is_unicode_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| {
        let value = variable(name)?;
        (!value.is_empty()).then_some(value)
    });
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_unicode(variables: &[(&str, &str)]) -> bool {
        let find = |name: &str| variables.iter().find(|(it, _)| *it == name);
        is_unicode_locale(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn first_variable_of_the_locale_that_is_not_empty_decides() {
        assert!(is_unicode(&[("LANG", "en_US.UTF-8")]));
        assert!(is_unicode(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!is_unicode(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
        assert!(!is_unicode(&[("LANG", "de_DE.ISO-8859-1")]));
        assert!(!is_unicode(&[]));
    }

    #[test]
    fn text_is_painted_where_there_are_colors() {
        assert_eq!(Screen::PLAIN.paint(Role::Error, "no"), "no");
        let screen = Screen { has_color: true, ..Screen::PLAIN };
        assert_eq!(screen.paint(Role::Error, "no"), "\u{1b}[31mno\u{1b}[0m");
        assert_eq!(screen.paint(Role::Error, ""), "");
    }
}
