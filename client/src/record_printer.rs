//! Prints replies as records: CSV and plain text.

use std::borrow::Cow;
use std::io::Write;

use bookline_protocol::reply::ReplyLine;

use crate::change_line::ChangeLine;
use crate::diagnostics::report;
use crate::error::Error;
use crate::output::Output;
use crate::render::listing::Listing;
use crate::render::page::Page;
use crate::render::records::{End, Records};
use crate::render::text::printable;
use crate::render::{csv, refusal, reply, tab_separated};
use crate::screen::Screen;

/// Rows that are written at once.
const ROWS_MAX: usize = 1_000;

/// Bytes of rows that are kept: those of 1,000 events with the longest names.
pub const ROWS_BYTES_MAX: usize = 1024 * 1024;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFormat {
    /// Tabs between cells. A reply that is no table is a sentence.
    Plain,
    /// A reply that is no table is a record of its fields.
    Csv { is_terminal: bool },
}

/// Prints replies as records. The names of columns stand before the first record that has them. Refusals go
/// to standard error.
#[derive(Debug)]
pub struct RecordPrinter {
    format: RecordFormat,
    /// What the request lists whose reply is printed.
    pub listing: Option<Listing>,
    /// Whether refusals are left to the messages about a script.
    pub is_script: bool,
    /// Records that are not written yet.
    kept: Option<Records>,
    /// The bytes of the objects of its rows.
    kept_bytes: usize,
    /// The columns of the last record that was written in this exchange.
    columns: Vec<Cow<'static, str>>,
    /// Whether this reply has rows.
    has_rows: bool,
}

impl RecordPrinter {
    pub fn new(format: RecordFormat) -> Self {
        let (listing, kept, columns) = Default::default();
        Self { format, listing, is_script: false, kept, kept_bytes: 0, columns, has_rows: false }
    }

    /// Forgets the columns: the next records have their names before them.
    pub fn begin_exchange(&mut self) {
        self.columns.clear();
    }

    /// Prints a line of a reply. Rows may be kept until the final line.
    pub fn print_line(&mut self, line: &[u8], out: &mut Output) -> Result<(), Error> {
        let line = String::from_utf8_lossy(line);
        match ReplyLine::parse(&line) {
            Ok(ReplyLine::Row(body)) => self.print_row(body, out),
            Ok(ReplyLine::Ok(body)) => self.print_ok(body, out),
            Ok(ReplyLine::Err { code, body }) => {
                self.print_kept(out)?;
                let has_rows = std::mem::take(&mut self.has_rows);
                if self.is_script {
                    return Ok(());
                }
                let note = if has_rows { refusal::INCOMPLETE_ROWS } else { "" };
                report_behind(out, &(refusal::sentence(code, body) + note))
            }
            // A line of a later version of the protocol. Changes are printed elsewhere.
            Ok(ReplyLine::Change { .. } | ReplyLine::Unknown) => Ok(()),
            Err(_) if self.format == RecordFormat::Plain => write_text(out, &printable(&line)),
            Err(_) => Err(Error::NotCsv { reply: line.into_owned() }),
        }
    }

    /// Prints a change as a record of its fields, the sequence number first.
    pub fn print_change(&mut self, change: ChangeLine<'_>, out: &mut Output) -> Result<(), Error> {
        let not_csv = || Error::NotCsv { reply: change.body.to_owned() };
        let mut records = Records::of_fields(change.body).ok_or_else(not_csv)?;
        records.columns.insert(0, "sequence".into());
        records.rows.iter_mut().for_each(|row| row.insert(0, change.sequence.to_string()));
        self.keep(records, out)?;
        self.print_kept(out)
    }

    /// Prints the rows of a reply that will not be completed.
    pub fn abandon_reply(&mut self, out: &mut Output) -> Result<(), Error> {
        self.has_rows = false;
        self.print_kept(out)
    }

    fn print_row(&mut self, body: &str, out: &mut Output) -> Result<(), Error> {
        self.has_rows = true;
        let records = match self.listing.and_then(|listing| Records::of_row(listing, body)) {
            Some(records) => records,
            None if self.format == RecordFormat::Plain => match Records::of_fields(body) {
                Some(records) => records,
                None => {
                    self.print_kept(out)?;
                    return write_text(out, &printable(body));
                }
            },
            None => self.other_record(body)?,
        };
        self.kept_bytes += body.len();
        self.keep(records, out)
    }

    fn print_ok(&mut self, body: &str, out: &mut Output) -> Result<(), Error> {
        let is_listing = self.listing.is_some() || self.has_rows;
        let mut note = None;
        match End::parse(body) {
            Some(End::Table(records)) => self.keep(records, out)?,
            Some(End::Listing { next }) if is_listing => {
                // A listing without rows has the names of its columns.
                if let Some(listing) = self.listing.filter(|_| !self.has_rows) {
                    self.keep(Records::empty(listing), out)?;
                }
                note = next.map(|next| format!("there are more rows: they come with after={next}"));
            }
            _ if self.format == RecordFormat::Plain => self.print_sentence(body, out)?,
            _ => {
                let record = self.other_record(body)?;
                if !record.columns.is_empty() {
                    self.keep(record, out)?;
                }
            }
        }
        self.has_rows = false;
        self.print_kept(out)?;
        note.map_or(Ok(()), |note| report_behind(out, &note))
    }

    /// The record of an object that is not one of the listing.
    fn other_record(&self, body: &str) -> Result<Records, Error> {
        let not_csv = || Error::NotCsv { reply: body.to_owned() };
        if self.listing.is_some() && self.format != RecordFormat::Plain {
            return Err(not_csv());
        }
        Records::of_fields(body).ok_or_else(not_csv)
    }

    fn print_sentence(&mut self, body: &str, out: &mut Output) -> Result<(), Error> {
        self.print_kept(out)?;
        self.columns.clear();
        match Records::of_fields(body).filter(|_| !reply::has_sentence(body)) {
            Some(Records { columns, rows }) => {
                let mut fields = columns.iter().map(Cow::as_ref).zip(rows.iter().flatten());
                let written =
                    fields.try_for_each(|(name, value)| tab_separated::write_row(out, &[name, value]));
                written.map_err(|source| Error::Output { source })
            }
            None => {
                let unwrapped = Page::with_width(Screen::PLAIN, None);
                write_text(out, &reply::ok(body, None, &|_| None, &unwrapped))
            }
        }
    }

    /// Takes records to write. Those that are kept have the same columns.
    fn keep(&mut self, records: Records, out: &mut Output) -> Result<(), Error> {
        match &mut self.kept {
            Some(kept) if kept.columns == records.columns => kept.rows.extend(records.rows),
            _ => {
                self.print_kept(out)?;
                self.kept = Some(records);
            }
        }
        let is_full = self.kept.as_ref().is_some_and(|kept| kept.rows.len() >= ROWS_MAX);
        if is_full || self.kept_bytes >= ROWS_BYTES_MAX { self.print_kept(out) } else { Ok(()) }
    }

    /// Writes what is kept, and the names of its columns if they differ from those before, behind an empty
    /// line if there are some before.
    fn print_kept(&mut self, out: &mut Output) -> Result<(), Error> {
        self.kept_bytes = 0;
        let Some(records) = self.kept.take() else { return Ok(()) };
        let with_columns = self.columns != records.columns;
        let written = if with_columns && !self.columns.is_empty() { out.write_all(b"\n") } else { Ok(()) };
        let written = written.and_then(|()| match self.format {
            RecordFormat::Plain => tab_separated::write(out, &records, with_columns),
            RecordFormat::Csv { is_terminal } => csv::write(out, &records, with_columns, is_terminal),
        });
        self.columns = records.columns;
        written.map_err(|source| Error::Output { source })
    }
}

fn write_text(out: &mut Output, text: &str) -> Result<(), Error> {
    writeln!(out, "{text}").map_err(|source| Error::Output { source })
}

/// Writes a message to standard error, behind what is printed.
fn report_behind(out: &mut Output, message: &str) -> Result<(), Error> {
    out.release().map_err(|source| Error::Output { source })?;
    report(message);
    Ok(())
}
