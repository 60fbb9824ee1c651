//! The lines of `booklined audit`.

use std::io::{self, BufWriter, StdoutLock, Write};

use bookline_protocol::Timestamp;
use bookline_protocol::json::write_number;
use bookline_protocol::reply::ChangeKind;
use clap::ValueEnum;

use super::error::AuditError;
use super::sentence::{in_seconds, sentence};
use super::wanted::Wanted;
use crate::changes::commit::Commit;
use crate::changes::{EntryPeople, Line, Listener, TellError, write_by};
use crate::domain::account::Actor;

/// What stands for the actor of a commit that no account made.
const NOBODY: &str = "-";

/// The form of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: when, who, what
    #[default]
    Lines,
    /// A JSON object a line, for jq
    Json,
}

/// Prints the wanted lines of commits, without the ids of tickets and holds.
pub(super) struct Printer<'a> {
    out: BufWriter<StdoutLock<'static>>,
    wanted: &'a Wanted,
    format: Format,
    line: Line,
    bytes: Vec<u8>,
}

impl<'a> Printer<'a> {
    pub fn new(wanted: &'a Wanted, format: Format) -> Self {
        let out = BufWriter::new(io::stdout().lock());
        Self { out, wanted, format, line: Line::default(), bytes: Vec::new() }
    }

    pub fn print(&mut self, commit: &Commit<'_>) -> Result<(), AuditError> {
        if !self.wanted.may_have(commit) {
            return Ok(());
        }
        let Self { out, wanted, format, line, bytes } = self;
        bytes.clear();
        commit.tell(&mut CommitPrinter { wanted, format: *format, commit, line, bytes })?;
        out.write_all(bytes).map_err(AuditError::Output)
    }

    pub fn finish(mut self) -> Result<(), AuditError> {
        self.out.flush().map_err(AuditError::Output)
    }
}

/// Writes the wanted lines of a commit.
struct CommitPrinter<'a> {
    wanted: &'a Wanted,
    format: Format,
    commit: &'a Commit<'a>,
    line: &'a mut Line,
    bytes: &'a mut Vec<u8>,
}

impl CommitPrinter<'_> {
    fn by(&self) -> Option<&str> {
        self.commit.actor.map(|actor| actor.name)
    }

    fn add(&mut self, is_wanted: bool, write: &dyn Fn(&mut Line)) {
        if !is_wanted {
            return;
        }
        write(self.line);
        match self.format {
            Format::Lines => self.add_sentence(),
            Format::Json => self.add_object(),
        }
        self.bytes.push(b'\n');
    }

    fn add_sentence(&mut self) {
        let at = in_seconds(Timestamp(self.commit.micros));
        let by = self.by().unwrap_or(NOBODY);
        let what = sentence(&self.line.public);
        self.bytes.extend_from_slice(format!("{at}  {by}  {what}").as_bytes());
    }

    fn add_object(&mut self) {
        let out = &mut *self.bytes;
        out.extend_from_slice(b"{\"sequence\":");
        write_number(out, self.commit.sequence.0);
        out.push(b',');
        out.extend_from_slice(&self.line.public[b"{".len()..]);
        write_by(out, self.commit.actor.map_or(NOBODY, |actor| actor.name));
        if let Some(Actor { account, .. }) = self.commit.actor {
            out.extend_from_slice(b",\"by_number\":");
            write_number(out, account.0);
        }
        out.push(b'}');
    }
}

impl Listener for CommitPrinter<'_> {
    fn event(&mut self, id: &str, write: &dyn Fn(&mut Line)) {
        self.add(self.wanted.event(id, self.by()), write);
    }

    fn entry(&mut self, people: EntryPeople<'_>, write: &dyn Fn(&mut Line)) {
        self.add(self.wanted.entry(people, self.by()), write);
    }

    fn account(&mut self, name: &str, write: &dyn Fn(&mut Line)) {
        self.add(self.wanted.account(name, self.by()), write);
    }

    fn incomplete(&mut self, _kind: ChangeKind, write: &dyn Fn(&mut Line)) -> Result<(), TellError> {
        self.add(self.wanted.other(self.by()), write);
        Ok(())
    }
}
