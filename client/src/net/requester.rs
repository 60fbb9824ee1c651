//! Sends requests of the client's own, and returns their replies.

use bookline_protocol::reply::ReplyLine;

use crate::address::Address;
use crate::change_line::ChangeLine;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::Target;
use crate::net::input::Input;
use crate::net::link::Link;
use crate::net::retry::Retry;
use crate::net::safe_exchange::exchange_safely;
use crate::output::MEMORY_BYTES_MAX;
use crate::printer::Printer;
use crate::render::refusal;

/// Changes that are kept for the user until the requests are made: ten times as many as the prompt prints at
/// once.
const CHANGES_MAX: usize = 1_000;

/// A connection, on which the client makes requests one after the other. If it is lost, another one is opened
/// in its place.
pub struct Requester<'a> {
    target: &'a Target,
    retry: Retry,
    interrupt: &'a Interrupt,
    link: &'a mut Link,
    printer: Printer,
    /// Changes that arrived between the replies, which are for the user.
    changes: Vec<String>,
}

/// The complete reply to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The objects of its rows.
    pub rows: Vec<String>,
    pub last: FinalLine,
}

/// The last line of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinalLine {
    /// The object of an `OK`.
    Ok(String),
    Err {
        code: String,
        /// The refusal as a sentence.
        sentence: String,
    },
}

impl<'a> Requester<'a> {
    /// Makes requests on this connection, and on a new one if there is none.
    pub fn new(link: &'a mut Link, target: &'a Target, retry: Retry, interrupt: &'a Interrupt) -> Self {
        Self { target, retry, interrupt, link, printer: Printer::in_memory(), changes: Vec::new() }
    }

    /// That of the server.
    pub fn address(&self) -> &Address {
        &self.target.address
    }

    /// Sends a request, given without its line feed. A change gets a key.
    ///
    /// # Errors
    ///
    /// There is no complete reply after all tries, or the user has interrupted the client.
    pub async fn request(&mut self, line: &str) -> Result<Reply, Error> {
        let lines = self.exchange(line).await?;
        let lost = || Error::Lost { address: self.target.cluster.last(), unanswered: 0 };
        Reply::parse(&lines).ok_or_else(lost)
    }

    /// As [`Self::request`], and returns the lines of the reply.
    ///
    /// # Errors
    ///
    /// As for [`Self::request`].
    pub async fn exchange(&mut self, line: &str) -> Result<String, Error> {
        let mut input = Input::of(line.as_bytes());
        let (link, printer) = (&mut *self.link, &mut self.printer);
        let exchanged =
            exchange_safely(link, &mut input, self.target, self.retry, printer, self.interrupt).await;
        let printed = self.printer.take_printed();
        let changes = printed.lines().filter(|line| ChangeLine::parse(line.as_bytes()).is_some());
        self.changes.extend(changes.take(CHANGES_MAX - self.changes.len()).map(str::to_owned));
        match exchanged {
            Ok(_) => Ok(printed),
            // Into memory, nothing else goes wrong.
            Err(Error::Output { .. }) => {
                let address = self.target.cluster.last();
                Err(Error::ReplyTooLong { address, bytes_max: MEMORY_BYTES_MAX, unanswered: 0 })
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the changes that arrived between the replies: the connection may be one that watches.
    pub fn take_changes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.changes)
    }
}

impl Reply {
    /// The reply that has these lines, or `None` if its last line is missing.
    pub fn parse(lines: &str) -> Option<Self> {
        let mut rows = Vec::new();
        for line in lines.lines() {
            match ReplyLine::parse(line) {
                Ok(ReplyLine::Row(body)) => rows.push(body.to_owned()),
                Ok(ReplyLine::Ok(body)) => return Some(Self { rows, last: FinalLine::Ok(body.to_owned()) }),
                Ok(ReplyLine::Err { code, body }) => {
                    let (code, sentence) = (code.to_owned(), refusal::sentence(code, body));
                    return Some(Self { rows, last: FinalLine::Err { code, sentence } });
                }
                Ok(ReplyLine::Change { .. } | ReplyLine::Unknown) | Err(_) => {}
            }
        }
        None
    }
}
