//! Requests go out, answers come in, at the same time: a server answers while it is written to, and a client that did
//! not read meanwhile would soon wait for a server that waits for it.

use std::io;
use std::time::Duration;

use bookline_protocol::reply::Reply;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use crate::connection::{Connection, Look};
use crate::error::Error;
use crate::inbox::CHUNK;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::render::thousands;
use crate::requests::Requests;

/// What some editors put at the start of a text: a byte order mark, which is no part of the first line.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// How long what stands behind a QUIT is read in all, only to be counted, and how long the next of it is waited for.
const LOOK_BEHIND: Duration = Duration::from_secs(1);
const PAUSE_BEHIND: Duration = Duration::from_millis(100);

/// When an exchange is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// When everything that was sent is answered; the connection stays open.
    WhenAnswered,
    /// When the server, told that nothing more comes, has closed.
    WhenClosed,
}

/// How an exchange ended in which everything was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether a command was refused.
    pub refused: bool,
    /// Whether a QUIT was granted: the server closes the connection.
    pub parted: bool,
    /// What stood behind that QUIT.
    pub unsent: Unsent,
}

/// Lines that were not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// How many of them would have had an answer.
    pub lines: u64,
    /// Whether there may be more.
    pub and_more: bool,
}

impl Unsent {
    /// What a user must know of them.
    pub fn note(self) -> Option<String> {
        let lines = match self.lines {
            0 => return None,
            1 => "1 line".to_owned(),
            many => format!("{} lines", thousands(many)),
        };
        let more = if self.and_more { " or more" } else { "" };
        let were = if self.lines == 1 { "was" } else { "were" };
        Some(format!("{lines}{more} behind QUIT {were} not sent"))
    }
}

/// Sends all of `input`, byte by byte as it is, with an end for a last line that has none, and prints the answers.
///
/// Errors: whatever keeps a request from being sent and answered; what arrived before is printed.
pub async fn exchange(
    connection: &mut Connection,
    input: &mut (impl AsyncRead + Unpin),
    ending: Ending,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    let mut exchange = Exchange::new(ending, interrupt);
    let result = exchange.run(connection, input, printer).await;
    match &result {
        Ok(_) => {}
        // Whoever would not wait does not want half a line either, and nobody a line without an end.
        Err(Error::Interrupted { .. } | Error::Endless { .. }) => printer.end_early(b"")?,
        Err(_) => printer.end_early(connection.inbox.rest())?,
    }
    printer.flush()?;
    result
}

/// Prints what the server said without being asked. Returns whether the connection is still there.
pub fn overhear(connection: &mut Connection, printer: &mut Printer) -> Result<bool, Error> {
    loop {
        let look = connection.look();
        while let Some(line) = connection.inbox.line() {
            printer.line(line)?;
        }
        match look {
            Look::Arrived if connection.is_flooded() => {
                let address = connection.target.address.clone();
                return Err(Error::Endless { address, unanswered: 0 });
            }
            Look::Arrived => {}
            Look::Idle => break,
            Look::Ended => {
                printer.end_early(connection.inbox.rest())?;
                printer.flush()?;
                return Ok(false);
            }
        }
    }
    printer.flush()?;
    Ok(true)
}

#[derive(Debug)]
struct Exchange<'a> {
    ending: Ending,
    interrupt: &'a Interrupt,
    requests: Requests,
    /// Room for what is read from the input.
    incoming: Vec<u8>,
    /// Read from the input, and not yet all of it taken by the socket: the first `written` bytes are.
    outgoing: Vec<u8>,
    written: usize,
    /// Read from the input, behind a QUIT that is not answered.
    held: Vec<u8>,
    /// Whether something of the input was sent.
    begun: bool,
    /// Nothing more comes from the input.
    input_ended: bool,
    /// The socket takes nothing more: the server has gone, but what it said may still be there to read.
    cut: bool,
    /// The server was told that nothing more comes.
    half_closed: bool,
    refused: bool,
    /// Rows of the answer that has not ended.
    rows: u64,
    /// When something arrived, or, with no answer owed, when something was taken from us.
    last_sign: Instant,
}

impl<'a> Exchange<'a> {
    fn new(ending: Ending, interrupt: &'a Interrupt) -> Self {
        Self {
            ending,
            interrupt,
            requests: Requests::default(),
            incoming: Vec::with_capacity(CHUNK),
            outgoing: Vec::with_capacity(CHUNK),
            written: 0,
            held: Vec::new(),
            begun: false,
            input_ended: false,
            cut: false,
            half_closed: false,
            refused: false,
            rows: 0,
            last_sign: Instant::now(),
        }
    }

    async fn run(
        &mut self,
        connection: &mut Connection,
        input: &mut (impl AsyncRead + Unpin),
        printer: &mut Printer,
    ) -> Result<Outcome, Error> {
        loop {
            if self.requests.parted() {
                let unsent = self.count_unsent(input).await;
                return Ok(Outcome { unsent, ..self.outcome() });
            }
            if !self.held.is_empty() && !self.requests.is_parting() {
                // The QUIT was refused: the script goes on.
                self.outgoing.append(&mut self.held);
                self.take_outgoing();
            }
            if self.ending == Ending::WhenAnswered && self.is_answered() {
                return Ok(self.outcome());
            }
            if self.interrupt.came() {
                return Err(self.interrupted());
            }
            if self.ending == Ending::WhenClosed && self.is_sent() && !self.half_closed {
                // A server that has gone cannot be told; reading finds that out.
                _ = connection.stream.shutdown().await;
                self.half_closed = true;
                self.last_sign = Instant::now();
            }
            if connection.is_flooded() {
                let address = connection.target.address.clone();
                return Err(Error::Endless { address, unanswered: self.requests.owed() });
            }

            let waited = self.last_sign.elapsed();
            let (patience, deadline) = (connection.target.patience, connection.deadline);
            let interrupt = self.interrupt;
            let (mut reader, mut writer) = connection.stream.split();
            tokio::select! {
                read = reader.read_buf(connection.inbox.room()) => match read {
                    Ok(count) if count > 0 => self.hear(connection, printer)?,
                    _ => return self.at_end(connection),
                },
                wrote = writer.write(&self.outgoing[self.written..]), if !self.outgoing.is_empty() => {
                    self.note_written(wrote);
                }
                taken = input.read_buf(&mut self.incoming), if self.wants_input() => self.note_taken(taken)?,
                () = interrupt.wait() => {}
                () = tokio::time::sleep(patience.saturating_sub(waited)), if self.is_waiting() => {
                    return self.at_timeout(connection);
                }
                () = Connection::overdue(deadline) => return Err(self.overdue(connection)),
            }
        }
    }

    /// Whether all of the input has gone out.
    fn is_sent(&self) -> bool {
        self.input_ended && self.outgoing.is_empty() && self.held.is_empty()
    }

    fn is_answered(&self) -> bool {
        self.is_sent() && !self.cut && self.requests.owed() == 0
    }

    fn is_waiting(&self) -> bool {
        self.requests.owed() > 0 || !self.outgoing.is_empty() || self.half_closed
    }

    fn wants_input(&self) -> bool {
        self.outgoing.is_empty() && !self.input_ended && !self.cut && !self.requests.is_parting()
    }

    fn outcome(&self) -> Outcome {
        Outcome { refused: self.refused, parted: self.requests.parted(), unsent: Unsent::default() }
    }

    /// Takes a piece of the input, or its end.
    fn note_taken(&mut self, taken: io::Result<usize>) -> Result<(), Error> {
        let count = taken.map_err(|source| Error::Input { source })?;
        if !self.begun && self.ending == Ending::WhenClosed {
            if count > 0 && self.incoming.len() < MARK.len() && MARK.starts_with(&self.incoming) {
                return Ok(());
            }
            if self.incoming.starts_with(MARK) {
                self.incoming.drain(..MARK.len());
            }
        }
        self.begun = true;
        std::mem::swap(&mut self.outgoing, &mut self.incoming);
        if self.requests.owed() == 0 {
            self.last_sign = Instant::now();
        }
        self.take_outgoing();
        if count == 0 {
            self.input_ended = true;
            if self.requests.in_mid_line() {
                self.outgoing.push(b'\n');
                self.requests.send(b"\n");
            }
        }
        Ok(())
    }

    /// Follows what is to go out, and holds back what is behind a QUIT.
    fn take_outgoing(&mut self) {
        let sent = self.requests.send(&self.outgoing);
        self.held = self.outgoing.split_off(sent);
    }

    /// Counts what stands behind a QUIT, as far as it comes without being waited for.
    async fn count_unsent(&mut self, input: &mut (impl AsyncRead + Unpin)) -> Unsent {
        let mut behind = Requests::default();
        let mut lines = behind.count(&self.held);
        let until = Instant::now() + LOOK_BEHIND;
        while !self.input_ended && Instant::now() < until {
            self.incoming.clear();
            match timeout(PAUSE_BEHIND, input.read_buf(&mut self.incoming)).await {
                Ok(Ok(count)) if count > 0 => lines = behind.count(&self.incoming),
                Ok(_) => self.input_ended = true,
                // Whoever types is not waited for.
                Err(_) => return Unsent { lines, and_more: false },
            }
        }
        if behind.in_mid_line() {
            lines = behind.count(b"\n");
        }
        Unsent { lines, and_more: !self.input_ended }
    }

    fn note_written(&mut self, wrote: io::Result<usize>) {
        match wrote {
            Ok(count) => {
                self.written += count;
                if self.requests.owed() == 0 {
                    self.last_sign = Instant::now();
                }
            }
            Err(_) => {
                self.cut = true;
                self.written = self.outgoing.len();
            }
        }
        if self.written == self.outgoing.len() {
            self.outgoing.clear();
            self.written = 0;
        }
    }

    /// Prints the lines that have arrived.
    fn hear(&mut self, connection: &mut Connection, printer: &mut Printer) -> Result<(), Error> {
        while let Some(line) = connection.inbox.line() {
            printer.line(line)?;
            let reply = std::str::from_utf8(line).ok().and_then(|line| Reply::parse(line).ok());
            match reply {
                Some(Reply::Ok(_)) => self.note_answer(true),
                Some(Reply::Err { .. }) => self.note_answer(false),
                Some(Reply::Row(_)) => self.rows += 1,
                None => {}
            }
            if self.requests.parted() || self.interrupt.came() {
                break;
            }
        }
        printer.flush()?;
        // After printing: a reader of our output that takes its time is not a server that does.
        self.last_sign = Instant::now();
        Ok(())
    }

    fn note_answer(&mut self, granted: bool) {
        self.refused |= !granted;
        self.rows = 0;
        self.requests.answer(granted);
    }

    fn interrupted(&self) -> Error {
        Error::Interrupted { rows: self.rows, changes: self.requests.changes_owed() }
    }

    /// The server has closed.
    fn at_end(&self, connection: &Connection) -> Result<Outcome, Error> {
        if self.is_answered() && self.ending == Ending::WhenClosed {
            return Ok(self.outcome());
        }
        Err(Error::Lost { address: connection.target.address.clone(), unanswered: self.requests.owed() })
    }

    /// Nothing has arrived for too long.
    fn at_timeout(&self, connection: &Connection) -> Result<Outcome, Error> {
        if self.is_answered() {
            return Ok(self.outcome());
        }
        Err(Error::Silent {
            address: connection.target.address.clone(),
            waited: connection.target.patience,
            unanswered: self.requests.owed(),
        })
    }

    fn overdue(&self, connection: &Connection) -> Error {
        Error::Overdue {
            address: connection.target.address.clone(),
            allowed: connection.target.max_time.unwrap_or_default(),
            unanswered: self.requests.owed(),
        }
    }
}
