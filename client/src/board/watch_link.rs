//! A connection on which changes come between the lines of replies.

use std::time::Duration;

use bookline_protocol::reply::{ErrBody, ReplyLine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::board::kept_change::KeptChange;
use crate::change_line::ChangeHead;
use crate::error::Error;
use crate::net::connection::Connection;
use crate::render::refusal;

/// The server sends at least a `progress` line in this time.
const PROGRESS: Duration = Duration::from_secs(30);

/// Bytes of changes that are kept while a reply or the end of a commit is awaited. A server that sends more
/// does not wait for anybody: what there is, is asked for again.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of a reply: those of ten thousand events with the longest names.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a connection is of no use any more.
#[derive(Debug)]
pub enum Broken {
    /// Another one may be better.
    Lost(Error),
    /// The server has left changes out: they are in no later line.
    Gap(Error),
    /// No connection helps.
    Useless(Error),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        if error.is_loss() { Self::Lost(error) } else { Self::Useless(error) }
    }
}

/// A complete reply.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Granted {
        /// The objects of its rows.
        rows: Vec<String>,
        /// The object of its `OK`.
        last: String,
    },
    Refused {
        code: String,
        sentence: String,
        /// Whether the same request may be granted later.
        is_retryable: bool,
    },
}

/// A line of a reply.
enum Line {
    Row(String),
    Ok(String),
    Err { code: String, body: String },
}

/// A connection that watches.
#[derive(Debug)]
pub struct WatchLink {
    connection: Connection,
    /// Lines of complete commits, which were not taken.
    commits: Vec<KeptChange>,
    /// Lines of a commit whose last one has not come.
    begun: Vec<KeptChange>,
    kept_bytes: usize,
    /// The sequence number up to which all changes have come.
    pub position: u64,
}

impl WatchLink {
    pub fn new(connection: Connection) -> Self {
        Self { connection, commits: Vec::new(), begun: Vec::new(), kept_bytes: 0, position: 0 }
    }

    /// What the server calls itself since its start.
    pub fn instance(&self) -> Option<&str> {
        self.connection.instance.as_deref()
    }

    /// Sends requests, given with their line feeds.
    ///
    /// # Errors
    ///
    /// The connection is lost.
    pub async fn send(&mut self, lines: &str) -> Result<(), Broken> {
        let waited = self.connection.target.timeout;
        match timeout(waited, self.connection.stream.write_all(lines.as_bytes())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.lost()),
            Err(_) => Err(self.timed_out(waited)),
        }
    }

    /// The next reply. Changes that come before its end are kept.
    ///
    /// # Errors
    ///
    /// The connection is lost, or nothing comes for too long.
    pub async fn reply(&mut self) -> Result<Reply, Broken> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        loop {
            while let Some(line) = self.next_line()? {
                match line {
                    Line::Row(body) => {
                        bytes += body.len();
                        if bytes > REPLY_BYTES_MAX {
                            return Err(Broken::Useless(self.connection.reply_too_long(0)));
                        }
                        rows.push(body);
                    }
                    Line::Ok(last) => return Ok(Reply::Granted { rows, last }),
                    Line::Err { code, body } => {
                        self.connection.target.is_redirected(&code, &body);
                        let err = serde_json::from_str::<ErrBody>(&body);
                        let is_retryable = err.is_ok_and(|err| err.retry);
                        let sentence = refusal::sentence(&code, &body);
                        return Ok(Reply::Refused { code, sentence, is_retryable });
                    }
                }
            }
            self.read(self.connection.target.timeout).await?;
        }
    }

    /// Takes the lines of the commits that have come, and waits for at least one line. Canceling this loses
    /// nothing.
    ///
    /// # Errors
    ///
    /// The connection is lost, or has sent nothing for so long that it must be.
    pub async fn changes(&mut self) -> Result<Vec<KeptChange>, Broken> {
        loop {
            // A server that stops sends the last changes, and an ERR that belongs to no request.
            while self.next_line()?.is_some() {}
            if !self.commits.is_empty() {
                return Ok(self.take_changes());
            }
            self.read(PROGRESS + self.connection.target.timeout).await?;
        }
    }

    /// Takes the lines of the commits that have come.
    pub fn take_changes(&mut self) -> Vec<KeptChange> {
        let taken = std::mem::take(&mut self.commits);
        self.kept_bytes = self.begun.iter().map(|line| line.json.len()).sum();
        taken
    }

    async fn read(&mut self, waited: Duration) -> Result<(), Broken> {
        if self.connection.is_reply_too_long() {
            return Err(Broken::Useless(self.connection.reply_too_long(0)));
        }
        let read = self.connection.stream.read_buf(self.connection.received.read_target());
        match timeout(waited, read).await {
            Ok(Ok(count)) if count > 0 => Ok(()),
            Ok(_) => Err(self.lost()),
            Err(_) => Err(self.timed_out(waited)),
        }
    }

    /// The next line of a reply that has come. Changes before it are kept.
    fn next_line(&mut self) -> Result<Option<Line>, Broken> {
        while let Some(line) = self.connection.received.next_line() {
            let Ok(line) = std::str::from_utf8(line) else { continue };
            match ReplyLine::parse(line) {
                Ok(ReplyLine::Row(body)) => return Ok(Some(Line::Row(body.to_owned()))),
                Ok(ReplyLine::Ok(body)) => return Ok(Some(Line::Ok(body.to_owned()))),
                Ok(ReplyLine::Err { code, body }) => {
                    let (code, body) = (code.to_owned(), body.to_owned());
                    return Ok(Some(Line::Err { code, body }));
                }
                Ok(ReplyLine::Change { sequence, body }) => {
                    let change = KeptChange { sequence, json: body.to_owned() };
                    self.keep(change)?;
                }
                // A line of a later version.
                Ok(ReplyLine::Unknown) | Err(_) => {}
            }
        }
        Ok(None)
    }

    fn keep(&mut self, change: KeptChange) -> Result<(), Broken> {
        let Some(head) = ChangeHead::parse(&change.json) else { return Ok(()) };
        let (ends, is_gap) = (head.end, head.is_gap());
        self.kept_bytes += change.json.len();
        if is_gap || self.kept_bytes > KEPT_BYTES_MAX {
            let address = self.connection.target.address.clone();
            return Err(Broken::Gap(Error::Lost { address, unanswered: 0 }));
        }
        let sequence = change.sequence;
        self.begun.push(change);
        if ends {
            self.commits.append(&mut self.begun);
            self.position = sequence;
        }
        Ok(())
    }

    fn lost(&self) -> Broken {
        Broken::from(self.connection.lost(0))
    }

    fn timed_out(&self, waited: Duration) -> Broken {
        let address = self.connection.target.address.clone();
        Broken::Lost(Error::ReplyTimeout { address, waited, unanswered: 0 })
    }
}
