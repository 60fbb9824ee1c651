//! Sends requests of the client's own, and returns their replies.

use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::reply::ReplyLine;

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, Target};
use crate::net::input::Input;
use crate::net::retry::Retry;
use crate::net::safe_exchange::exchange_safely;
use crate::printer::Printer;
use crate::render::refusal;

/// A connection for requests that the client makes one after the other.
pub struct Requester<'a> {
    target: &'a Target,
    retry: Retry,
    interrupt: &'a Interrupt,
    connection: Option<Connection>,
    printer: Printer,
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
    /// Connects. Returns the object of the reply to HELLO as well.
    ///
    /// # Errors
    ///
    /// There is no connection to a Bookline server.
    pub async fn open(
        target: &'a Target,
        retry: Retry,
        interrupt: &'a Interrupt,
    ) -> Result<(Self, String), Error> {
        let (connection, hello) = Connection::open(target, interrupt).await?;
        let printer = Printer::in_memory();
        Ok((Self { target, retry, interrupt, connection: Some(connection), printer }, hello))
    }

    /// Sends a request, given without its line feed. A change gets a key.
    ///
    /// # Errors
    ///
    /// There is no complete reply after all tries, or the user has interrupted the client.
    pub async fn request(&mut self, line: &str) -> Result<Reply, Error> {
        let mut input = Input::of(line.as_bytes());
        let (connection, printer) = (&mut self.connection, &mut self.printer);
        let exchanged =
            exchange_safely(connection, &mut input, self.target, self.retry, printer, self.interrupt).await;
        let printed = self.printer.take_printed();
        exchanged?;
        let lost = || Error::Lost { address: self.target.address.clone(), unanswered: 0 };
        let mut rows = Vec::new();
        for line in printed.lines() {
            match ReplyLine::parse(line) {
                Ok(ReplyLine::Row(body)) => rows.push(body.to_owned()),
                Ok(ReplyLine::Ok(body)) => return Ok(Reply { rows, last: FinalLine::Ok(body.to_owned()) }),
                Ok(ReplyLine::Err { code, body }) => {
                    let (code, sentence) = (code.to_owned(), refusal::sentence(code, body));
                    return Ok(Reply { rows, last: FinalLine::Err { code, sentence } });
                }
                Ok(ReplyLine::Unknown) | Err(_) => {}
            }
        }
        Err(lost())
    }
}

/// What the client reads of a reply to HELLO.
pub fn parse_hello(hello: &str) -> Option<HelloReply<'_>> {
    serde_json::from_str(hello).ok()
}
