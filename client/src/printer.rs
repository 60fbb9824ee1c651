//! Prints replies, to standard output or into memory.

use std::io::Write;
use std::time::{Duration, Instant};

use bookline_protocol::reply::ReplyLine;

use crate::change_budget::ChangeBudget;
use crate::change_line::{ChangeHead, ChangeLine};
use crate::diagnostics::report;
use crate::directory::Directory;
use crate::error::Error;
use crate::help::HelpTopic;
use crate::login::may_have_secret;
use crate::output::Output;
use crate::pager::Pager;
use crate::record_printer::{ROWS_BYTES_MAX, RecordFormat, RecordPrinter};
use crate::render::change_log::ChangeLog;
use crate::render::json;
use crate::render::listing::Listing;
use crate::render::number::thousands;
use crate::render::page::Page;
use crate::render::refusal::{Context, refusal};
use crate::render::reply;
use crate::render::sentence::RowKind;
use crate::render::text::{printable, printable_bytes};
use crate::render::ticket::EventTitle;
use crate::render::topic::topic;
use crate::screen::Screen;
use crate::session_ids::SessionIds;

/// Rows of one table. A listing may have millions: it is printed in parts, each with columns as wide as that
/// part needs, so that the first rows appear at once and memory holds one part.
const TABLE_ROWS_MAX: usize = 1_000;

/// The longest that the names and dates of the events of a booking are waited for. Only a server that is slow
/// or hangs costs that much.
const TITLES_WAIT_MAX: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The server's own lines.
    Raw,
    /// Tables and sentences for people.
    Table,
    /// Sentences, and rows of cells with tabs between them.
    Plain,
    /// A JSON object for each line.
    Json,
    /// Comma-separated values.
    Csv,
}

/// Prints replies in the order of their lines.
#[derive(Debug)]
pub struct Printer {
    out: Output,
    layout: Layout,
    screen: Screen,
    /// Where the names and dates of events are looked up.
    directory: Option<Directory>,
    /// The line of the request that is answered next, if it is known.
    request: Option<String>,
    /// What prints replies in the layouts of records.
    records: RecordPrinter,
    /// Objects of rows that are not printed yet.
    rows: Vec<String>,
    rows_bytes: usize,
    /// The kind of the rows of this reply, once some were printed.
    printed_rows: Option<RowKind>,
    /// The topic whose commands alone are shown of the next HELP.
    topic: Option<HelpTopic>,
    /// Where the ids of replies are kept, if they are of use later.
    session_ids: Option<SessionIds>,
    /// The changes that are printed between replies.
    changes: ChangeLog,
    /// How many of them are printed, if that is bounded.
    change_budget: Option<ChangeBudget>,
}

impl Printer {
    pub fn new(layout: Layout, screen: Screen) -> Self {
        Self::to(Output::stdout(), layout, screen)
    }

    /// Tables that are taller than the screen go to the pager from here on.
    pub fn use_pager(&mut self, pager: Option<Pager>) {
        if let Some(pager) = pager.filter(|_| self.layout == Layout::Table && self.screen.is_terminal) {
            self.out = Output::paged(pager);
        }
    }

    /// The replies from here to [`Self::end_page`] are one text for the pager.
    pub fn begin_page(&mut self) {
        self.out.begin_page();
    }

    /// Waits until the user has left the pager, if there is one. Returns whether that was before the end of
    /// the replies.
    pub fn end_page(&mut self) -> Result<bool, Error> {
        self.out.end_page().map_err(|source| Error::Output { source })
    }

    /// A printer of the server's own lines into memory, for the client itself.
    pub fn in_memory() -> Self {
        Self::to(Output::memory(), Layout::Raw, Screen::PLAIN)
    }

    fn to(out: Output, layout: Layout, screen: Screen) -> Self {
        let format = match layout {
            Layout::Csv => RecordFormat::Csv { is_terminal: screen.is_terminal },
            _ => RecordFormat::Plain,
        };
        let records = RecordPrinter::new(format);
        let (directory, request, rows, rows_bytes) = Default::default();
        let (printed_rows, topic, session_ids) = Default::default();
        let (changes, change_budget) = Default::default();
        Self {
            out,
            layout,
            screen,
            directory,
            request,
            records,
            rows,
            rows_bytes,
            printed_rows,
            topic,
            session_ids,
            changes,
            change_budget,
        }
    }

    /// Shows bookings with the names and dates of their events, which are looked up there. It is asked only
    /// where a booking is printed.
    pub fn with_directory(self, directory: Directory) -> Self {
        Self { directory: Some(directory), ..self }
    }

    /// The final line that is printed next answers this line. So a refusal can come with what to type
    /// instead, unless that would repeat a secret.
    pub fn expect_reply_to(&mut self, line: &[u8]) {
        if self.is_for_people() && !may_have_secret(line) {
            self.request = Some(String::from_utf8_lossy(line).into_owned());
        }
    }

    /// Whether replies are laid out for people.
    pub fn is_for_people(&self) -> bool {
        self.layout == Layout::Table
    }

    /// What the replies are printed on.
    pub const fn screen(&self) -> Screen {
        self.screen
    }

    /// Shows changes in the time of the server with this reply to HELLO.
    pub fn use_time_of(&mut self, hello: &str) {
        self.changes.use_time_of(hello);
    }

    /// Prints no more changes than a user can read who types commands meanwhile.
    pub fn bound_changes(&mut self) {
        self.change_budget = Some(ChangeBudget::default());
    }

    /// Keeps the ids of the replies from now on.
    pub fn remember_ids(&mut self, session_ids: SessionIds) {
        self.session_ids = Some(session_ids);
    }

    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Leaves refusals to the messages about a script, where standard output does not show them.
    pub fn leave_refusals_to_script(&mut self) {
        self.records.is_script = true;
    }

    /// Says that the replies to come are those of the next line of a user, or of a script.
    pub fn begin_exchange(&mut self) {
        self.records.begin_exchange();
    }

    /// Says what the request lists whose reply is printed next, if it is one that does.
    pub fn expect(&mut self, listing: Option<Listing>) {
        self.records.listing = listing;
    }

    /// Takes what was printed into memory.
    pub fn take_printed(&mut self) -> String {
        self.out.take_written()
    }

    /// Prints one line of a reply, given without its line feed. Rows may be kept until the final line.
    pub fn print_line(&mut self, line: &[u8]) -> Result<(), Error> {
        if let Some(session_ids) = &self.session_ids {
            session_ids.add_reply(line);
        }
        if let Some(change) = ChangeLine::parse(line) {
            return self.print_change(change, line);
        }
        match self.layout {
            Layout::Raw => self.print_raw(line),
            Layout::Table => self.print_table(line),
            Layout::Json => {
                let written = json::write_line(&mut self.out, line, self.screen.is_terminal);
                written.map_err(|source| Error::Output { source })
            }
            Layout::Plain | Layout::Csv => self.records.print_line(line, &mut self.out),
        }
    }

    fn print_raw(&mut self, line: &[u8]) -> Result<(), Error> {
        if self.screen.is_terminal {
            return self.write(format!("{}\n", printable_bytes(line)).as_bytes());
        }
        self.write(line)?;
        self.write(b"\n")
    }

    /// Prints a change, which belongs to no reply.
    fn print_change(&mut self, change: ChangeLine<'_>, line: &[u8]) -> Result<(), Error> {
        let head = ChangeHead::parse(change.body);
        let is_told = head.as_ref().is_some_and(|head| !head.is_progress() && !head.is_gap());
        if is_told && self.change_budget.as_mut().is_some_and(|budget| !budget.take(Instant::now())) {
            return Ok(());
        }
        if head.is_some_and(|head| head.is_gap()) && !matches!(self.layout, Layout::Raw | Layout::Json) {
            let ChangeLine { sequence, .. } = change;
            return self.report(&format!(
                "the changes came faster than they were read: those after {sequence} are missing, and the \
                 server closes the connection"
            ));
        }
        let told = match self.layout {
            Layout::Raw => return self.print_raw(line),
            Layout::Json => {
                let written = json::write_line(&mut self.out, line, self.screen.is_terminal);
                return written.map_err(|source| Error::Output { source });
            }
            Layout::Csv => return self.records.print_change(change, &mut self.out),
            Layout::Table => self.changes.lines(change.body, self.screen),
            Layout::Plain => self.changes.dated_line(change.body),
        };
        told.map_or(Ok(()), |told| self.print_text(&told))
    }

    /// Prints a change as its object, the sequence number first, in the layout that has objects. In the
    /// others it is printed as [`Self::print_line`] does.
    pub fn print_change_alone(&mut self, line: &[u8]) -> Result<(), Error> {
        match ChangeLine::parse(line).filter(|_| self.layout == Layout::Json) {
            Some(change) => {
                let written = json::write_change(&mut self.out, change, self.screen.is_terminal);
                written.map_err(|source| Error::Output { source })
            }
            None => self.print_line(line),
        }
    }

    /// Says how many changes were not printed since the last time.
    pub fn report_left_out(&mut self) -> Result<(), Error> {
        let left_out = self.change_budget.as_mut().map_or(0, ChangeBudget::take_left_out);
        match left_out {
            0 => Ok(()),
            1 => self.report("1 more change is left out here: bookline watch shows all"),
            many => {
                let many = thousands(many);
                self.report(&format!("{many} more changes are left out here: bookline watch shows all"))
            }
        }
    }

    /// Prints a text of the client's own, and a line feed.
    pub fn print_text(&mut self, text: &str) -> Result<(), Error> {
        self.write(format!("{text}\n").as_bytes())
    }

    /// Prints the text of a topic of help. If the topic has commands, the next reply is that to HELP, of
    /// which only these are shown.
    pub fn print_topic(&mut self, it: HelpTopic) -> Result<(), Error> {
        self.topic = it.has_commands().then_some(it);
        self.print_text(&topic(it, &Page::of(self.screen)))
    }

    /// Writes a message of the client to standard error, behind what is printed so far.
    pub fn report(&mut self, message: &str) -> Result<(), Error> {
        if self.out.is_in_pager() {
            return self.print_text(&format!("bookline: {}", printable(message)));
        }
        self.out.release().map_err(|source| Error::Output { source })?;
        report(message);
        Ok(())
    }

    /// Prints what there is of a reply that will not be completed.
    pub fn abandon_reply(&mut self, partial_line: &[u8]) -> Result<(), Error> {
        self.print_rows()?;
        self.printed_rows = None;
        self.topic = None;
        match self.layout {
            Layout::Raw if !self.screen.is_terminal => self.write(partial_line),
            Layout::Plain | Layout::Csv => self.records.abandon_reply(&mut self.out),
            Layout::Json => Ok(()),
            _ if partial_line.is_empty() => Ok(()),
            _ => self.print_text(&printable_bytes(partial_line)),
        }
    }

    pub fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(|source| Error::Output { source })
    }

    fn print_table(&mut self, line: &[u8]) -> Result<(), Error> {
        let line = String::from_utf8_lossy(line);
        match ReplyLine::parse(&line) {
            Ok(ReplyLine::Row(body)) if self.topic.is_some_and(|topic| !topic.lists(body)) => Ok(()),
            Ok(ReplyLine::Row(body)) => self.keep_row(body),
            Ok(ReplyLine::Ok(body)) => {
                self.print_rows()?;
                (self.request, self.topic) = (None, None);
                let rows = self.printed_rows.take();
                let deadline = Instant::now() + TITLES_WAIT_MAX;
                let title = |id: &str| self.event_title(id, deadline);
                let text = reply::ok(body, rows, &title, &Page::of(self.screen));
                if text.is_empty() { Ok(()) } else { self.print_text(&text) }
            }
            Ok(ReplyLine::Err { code, body }) => {
                self.print_rows()?;
                self.topic = None;
                let request = self.request.take();
                let context =
                    Context { request: request.as_deref(), has_rows: self.printed_rows.take().is_some() };
                self.print_text(&refusal(code, body, context, &Page::of(self.screen)))
            }
            // A line of a later version of the protocol. Changes are printed before.
            Ok(ReplyLine::Change { .. } | ReplyLine::Unknown) => Ok(()),
            Err(_) => self.print_text(&printable(&line)),
        }
    }

    fn keep_row(&mut self, body: &str) -> Result<(), Error> {
        self.rows.push(body.to_owned());
        self.rows_bytes += body.len();
        let is_full = self.rows.len() == TABLE_ROWS_MAX || self.rows_bytes >= ROWS_BYTES_MAX;
        if is_full { self.print_rows() } else { Ok(()) }
    }

    fn print_rows(&mut self) -> Result<(), Error> {
        self.rows_bytes = 0;
        if self.rows.is_empty() {
            return Ok(());
        }
        let (table, kind) = reply::rows(&std::mem::take(&mut self.rows), &Page::of(self.screen));
        self.printed_rows = Some(kind);
        self.print_text(&table)
    }

    fn event_title(&self, id: &str, deadline: Instant) -> Option<EventTitle> {
        let event = self.directory.as_ref()?.event_by(id, deadline)?;
        Some(EventTitle { name: event.name, date: event.date })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(|source| Error::Output { source })
    }
}
