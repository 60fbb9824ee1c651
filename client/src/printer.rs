//! Prints replies, to standard output or into memory.

use std::io::Write;

use bookline_protocol::reply::ReplyLine;

use crate::diagnostics::report;
use crate::directory::Directory;
use crate::error::Error;
use crate::help::HelpTopic;
use crate::output::Output;
use crate::render::csv::{CsvTable, End, NotCsv};
use crate::render::listing::Listing;
use crate::render::page::Page;
use crate::render::refusal::{self, Context, refusal};
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The server's own lines.
    Raw,
    /// Tables and sentences for people.
    Table,
    /// Comma-separated values of this listing. What is not in it goes to standard error.
    Csv(Listing),
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
    /// Objects of rows that are not printed yet.
    rows: Vec<String>,
    /// The kind of the rows of this reply, once some were printed.
    printed_rows: Option<RowKind>,
    /// The topic whose commands alone are shown of the next HELP.
    topic: Option<HelpTopic>,
    /// Where the ids of replies are kept, if they are of use later.
    session_ids: Option<SessionIds>,
}

impl Printer {
    pub fn new(layout: Layout, screen: Screen) -> Self {
        Self::to(Output::stdout(), layout, screen)
    }

    /// A printer of the server's own lines into memory, for the client itself.
    pub fn in_memory() -> Self {
        Self::to(Output::memory(), Layout::Raw, Screen::PLAIN)
    }

    fn to(out: Output, layout: Layout, screen: Screen) -> Self {
        let (directory, request, rows, printed_rows, topic, session_ids) = Default::default();
        Self { out, layout, screen, directory, request, rows, printed_rows, topic, session_ids }
    }

    /// Shows bookings with the names and dates of their events, which are looked up there. It is asked only
    /// where a booking is printed.
    pub fn with_directory(self, directory: Directory) -> Self {
        Self { directory: Some(directory), ..self }
    }

    /// The next reply is to this line. So a refusal can come with what to type instead.
    pub fn expect_reply_to(&mut self, line: &str) {
        self.request = Some(line.to_owned());
    }

    /// Whether replies are laid out for people.
    pub fn is_for_people(&self) -> bool {
        self.layout == Layout::Table
    }

    /// What the replies are printed on.
    pub const fn screen(&self) -> Screen {
        self.screen
    }

    /// Keeps the ids of the replies from now on.
    pub fn remember_ids(&mut self, session_ids: SessionIds) {
        self.session_ids = Some(session_ids);
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
        match self.layout {
            Layout::Raw if self.screen.is_terminal => {
                self.write(format!("{}\n", printable_bytes(line)).as_bytes())
            }
            Layout::Raw => {
                self.write(line)?;
                self.write(b"\n")
            }
            Layout::Table => self.print_table(line),
            Layout::Csv(listing) => self.print_csv(line, listing),
        }
    }

    /// Prints a text of the client's own, and a line feed.
    pub fn print_text(&mut self, text: &str) -> Result<(), Error> {
        self.write(format!("{text}\n").as_bytes())
    }

    /// Prints the text of a topic of help. If the topic has commands, the next reply is that to HELP, of which
    /// only these are shown.
    pub fn print_topic(&mut self, it: HelpTopic) -> Result<(), Error> {
        self.topic = it.has_commands().then_some(it);
        self.print_text(&topic(it, &Page::of(self.screen)))
    }

    /// Prints what there is of a reply that will not be completed.
    pub fn abandon_reply(&mut self, partial_line: &[u8]) -> Result<(), Error> {
        self.print_rows()?;
        self.printed_rows = None;
        self.topic = None;
        match self.layout {
            Layout::Raw if !self.screen.is_terminal => self.write(partial_line),
            Layout::Csv(_) => Ok(()),
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
                let text = reply::ok(body, rows, &|id| self.event_title(id), &Page::of(self.screen));
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
            // A line of a later version of the protocol.
            Ok(ReplyLine::Unknown) => Ok(()),
            Err(_) => self.print_text(&printable(&line)),
        }
    }

    fn print_csv(&mut self, line: &[u8], listing: Listing) -> Result<(), Error> {
        let line = String::from_utf8_lossy(line);
        match ReplyLine::parse(&line) {
            Ok(ReplyLine::Row(body)) => self.keep_row(body),
            Ok(ReplyLine::Ok(body)) => match End::parse(body) {
                Ok(End::Table(table)) => self.write_csv(&table, true),
                Ok(End::Listing { next }) => {
                    // A listing without rows has the names of its columns.
                    self.print_csv_rows(listing)?;
                    self.printed_rows = None;
                    if let Some(next) = next {
                        report(&format!("there are more rows: they come with after={next}"));
                    }
                    Ok(())
                }
                Err(NotCsv(body)) => Err(Error::NotCsv { reply: body.to_owned() }),
            },
            Ok(ReplyLine::Err { code, body }) => {
                self.print_rows()?;
                let note = if self.printed_rows.take().is_some() { refusal::INCOMPLETE_ROWS } else { "" };
                report(&(refusal::sentence(code, body) + note));
                Ok(())
            }
            Ok(ReplyLine::Unknown) => Ok(()),
            Err(_) => Err(Error::NotCsv { reply: line.into_owned() }),
        }
    }

    fn keep_row(&mut self, body: &str) -> Result<(), Error> {
        self.rows.push(body.to_owned());
        if self.rows.len() == TABLE_ROWS_MAX { self.print_rows() } else { Ok(()) }
    }

    fn print_rows(&mut self) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        if let Layout::Csv(listing) = self.layout {
            return self.print_csv_rows(listing);
        }
        let (table, kind) = reply::rows(&std::mem::take(&mut self.rows), &Page::of(self.screen));
        self.printed_rows = Some(kind);
        self.print_text(&table)
    }

    fn event_title(&self, id: &str) -> Option<EventTitle> {
        let event = self.directory.as_ref()?.event(id)?;
        Some(EventTitle { name: event.name, date: event.date })
    }

    /// Prints rows, and before the first of them the names of the columns.
    fn print_csv_rows(&mut self, listing: Listing) -> Result<(), Error> {
        let rows = std::mem::take(&mut self.rows);
        let table =
            CsvTable::of(listing, &rows).map_err(|NotCsv(body)| Error::NotCsv { reply: body.to_owned() })?;
        let is_first = self.printed_rows.replace(RowKind::Of(listing)).is_none();
        self.write_csv(&table, is_first)
    }

    fn write_csv(&mut self, table: &CsvTable, with_columns: bool) -> Result<(), Error> {
        let written = table.write(&mut self.out, with_columns, self.screen.is_terminal);
        written.map_err(|source| Error::Output { source })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(|source| Error::Output { source })
    }
}
