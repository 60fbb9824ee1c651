//! Sends requests and prints replies at the same time. A server replies while it receives: a client that only
//! wrote would soon wait for a server that waits for the client to read.

use std::io;
use std::time::Duration;

use bookline_protocol::reply::ReplyLine;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, SocketState};
use crate::net::outcome::{Outcome, Unsent};
use crate::net::request_tracker::RequestTracker;
use crate::printer::Printer;

/// Bytes of input that are read at once, so that a million commands need few system calls.
const INPUT_BYTES: usize = 64 * 1024;

/// The byte order mark that some editors put at the start of a file. It is not part of the first line.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How long to read the lines after a QUIT, which are only counted.
const COUNT_UNSENT_MAX: Duration = Duration::from_secs(1);

/// How long to wait for the next of them. A user who types them is not waited for.
const COUNT_UNSENT_PAUSE_MAX: Duration = Duration::from_millis(100);

const _: () = assert!(COUNT_UNSENT_PAUSE_MAX.as_nanos() < COUNT_UNSENT_MAX.as_nanos());

/// When an exchange is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When every command has its reply. The connection stays open.
    Answered,
    /// When the server has closed. The client closes its sending side after the last command.
    Closed,
}

/// Sends `input` byte for byte, with a line feed for a last line that has none, and prints the replies.
///
/// # Errors
///
/// Whatever keeps a command from being sent or answered. What arrived before is printed.
pub async fn exchange(
    connection: &mut Connection,
    input: &mut (impl AsyncRead + Unpin),
    until: Until,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    let mut exchange = Exchange::new(until, interrupt);
    let result = exchange.run(connection, input, printer).await;
    match &result {
        Ok(_) => {}
        // A partial line is of no use here.
        Err(Error::Interrupted { .. } | Error::ReplyTooLong { .. }) => printer.abandon_reply(b"")?,
        Err(_) => printer.abandon_reply(connection.received.partial_line())?,
    }
    printer.flush()?;
    result
}

/// Prints what the server has sent since the last reply. Returns whether the connection is still open.
pub fn print_unsolicited(connection: &mut Connection, printer: &mut Printer) -> Result<bool, Error> {
    loop {
        let state = connection.poll_socket();
        while let Some(line) = connection.received.next_line() {
            printer.print_line(line)?;
        }
        match state {
            SocketState::Received if connection.is_reply_too_long() => {
                return Err(connection.reply_too_long(0));
            }
            SocketState::Received => {}
            SocketState::Idle => break,
            SocketState::Closed => {
                printer.abandon_reply(connection.received.partial_line())?;
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
    until: Until,
    interrupt: &'a Interrupt,
    requests: RequestTracker,
    /// A buffer for the next read of the input.
    incoming: Vec<u8>,
    /// Input to send. The first `written` bytes are sent.
    outgoing: Vec<u8>,
    written: usize,
    /// Input after a QUIT that has no reply yet.
    held_back: Vec<u8>,
    /// Whether the first bytes of the input have been read.
    has_begun: bool,
    input_ended: bool,
    /// A write failed: the server has gone. What it sent before can still be read.
    write_failed: bool,
    /// The sending side is closed.
    is_half_closed: bool,
    is_refused: bool,
    /// Rows of the current reply.
    rows: u64,
    /// When something arrived, or, with no reply outstanding, when the server took something.
    last_progress: Instant,
}

impl<'a> Exchange<'a> {
    fn new(until: Until, interrupt: &'a Interrupt) -> Self {
        Self {
            until,
            interrupt,
            requests: RequestTracker::default(),
            incoming: Vec::with_capacity(INPUT_BYTES),
            outgoing: Vec::with_capacity(INPUT_BYTES),
            written: 0,
            held_back: Vec::new(),
            has_begun: false,
            input_ended: false,
            write_failed: false,
            is_half_closed: false,
            is_refused: false,
            rows: 0,
            last_progress: Instant::now(),
        }
    }

    async fn run(
        &mut self,
        connection: &mut Connection,
        input: &mut (impl AsyncRead + Unpin),
        printer: &mut Printer,
    ) -> Result<Outcome, Error> {
        loop {
            if self.requests.has_quit() {
                let unsent = self.count_unsent(input).await;
                return Ok(Outcome { unsent, ..self.outcome() });
            }
            if !self.held_back.is_empty() && !self.requests.is_quit_pending() {
                // The QUIT was refused: the commands after it are sent.
                self.outgoing.append(&mut self.held_back);
                self.track_outgoing();
            }
            if self.until == Until::Answered && self.is_answered() {
                return Ok(self.outcome());
            }
            if self.interrupt.is_raised() {
                return Err(self.interrupted());
            }
            if self.until == Until::Closed && self.is_sent() && !self.is_half_closed {
                // This fails if the server has gone; the next read reports that.
                let _ = connection.stream.shutdown().await;
                self.is_half_closed = true;
                self.last_progress = Instant::now();
            }
            if connection.is_reply_too_long() {
                return Err(connection.reply_too_long(self.requests.outstanding()));
            }

            let remaining = connection.target.timeout.saturating_sub(self.last_progress.elapsed());
            let deadline = connection.deadline;
            let interrupt = self.interrupt;
            let (mut reader, mut writer) = connection.stream.split();
            tokio::select! {
                read = reader.read_buf(connection.received.read_target()) => match read {
                    Ok(count) if count > 0 => self.print_replies(connection, printer)?,
                    _ => return self.on_closed(connection),
                },
                written = writer.write(&self.outgoing[self.written..]), if !self.outgoing.is_empty() => {
                    self.on_written(written);
                }
                read = input.read_buf(&mut self.incoming), if self.wants_input() => self.on_input(read)?,
                () = interrupt.wait() => {}
                () = tokio::time::sleep(remaining), if self.awaits_server() => {
                    return self.on_timeout(connection);
                }
                () = Connection::wait_for(deadline) => return Err(self.max_time_exceeded(connection)),
            }
        }
    }

    /// Whether all input has been sent.
    fn is_sent(&self) -> bool {
        self.input_ended && self.outgoing.is_empty() && self.held_back.is_empty()
    }

    fn is_answered(&self) -> bool {
        self.is_sent() && !self.write_failed && self.requests.outstanding() == 0
    }

    fn awaits_server(&self) -> bool {
        self.requests.outstanding() > 0 || !self.outgoing.is_empty() || self.is_half_closed
    }

    fn wants_input(&self) -> bool {
        let can_send = !self.write_failed && !self.requests.is_quit_pending();
        self.outgoing.is_empty() && !self.input_ended && can_send
    }

    fn outcome(&self) -> Outcome {
        let has_quit = self.requests.has_quit();
        Outcome { is_refused: self.is_refused, has_quit, unsent: Unsent::default() }
    }

    fn on_input(&mut self, read: io::Result<usize>) -> Result<(), Error> {
        let count = read.map_err(|source| Error::Input { source })?;
        if !self.has_begun && self.until == Until::Closed {
            let may_be_mark =
                self.incoming.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.incoming);
            if count > 0 && may_be_mark {
                return Ok(());
            }
            if self.incoming.starts_with(BYTE_ORDER_MARK) {
                self.incoming.drain(..BYTE_ORDER_MARK.len());
            }
        }
        self.has_begun = true;
        std::mem::swap(&mut self.outgoing, &mut self.incoming);
        if self.requests.outstanding() == 0 {
            self.last_progress = Instant::now();
        }
        self.track_outgoing();
        if count == 0 {
            self.input_ended = true;
            if self.requests.has_partial_line() {
                self.outgoing.push(b'\n');
                self.requests.track(b"\n");
            }
        }
        Ok(())
    }

    /// Counts the requests to send, and holds back what follows a QUIT.
    fn track_outgoing(&mut self) {
        let end = self.requests.track(&self.outgoing);
        self.held_back = self.outgoing.split_off(end);
    }

    /// Counts the lines after a QUIT, as far as they come without much waiting.
    async fn count_unsent(&mut self, input: &mut (impl AsyncRead + Unpin)) -> Unsent {
        let mut unsent = RequestTracker::default();
        let mut lines = unsent.count(&self.held_back);
        let deadline = Instant::now() + COUNT_UNSENT_MAX;
        while !self.input_ended && Instant::now() < deadline {
            self.incoming.clear();
            match timeout(COUNT_UNSENT_PAUSE_MAX, input.read_buf(&mut self.incoming)).await {
                Ok(Ok(count)) if count > 0 => lines = unsent.count(&self.incoming),
                Ok(_) => self.input_ended = true,
                Err(_) => return Unsent { lines, is_lower_bound: false },
            }
        }
        if unsent.has_partial_line() {
            lines = unsent.count(b"\n");
        }
        Unsent { lines, is_lower_bound: !self.input_ended }
    }

    fn on_written(&mut self, written: io::Result<usize>) {
        match written {
            Ok(count) => {
                self.written += count;
                if self.requests.outstanding() == 0 {
                    self.last_progress = Instant::now();
                }
            }
            Err(_) => {
                self.write_failed = true;
                self.written = self.outgoing.len();
            }
        }
        if self.written == self.outgoing.len() {
            self.outgoing.clear();
            self.written = 0;
        }
    }

    fn print_replies(&mut self, connection: &mut Connection, printer: &mut Printer) -> Result<(), Error> {
        while let Some(line) = connection.received.next_line() {
            printer.print_line(line)?;
            match std::str::from_utf8(line).ok().and_then(|line| ReplyLine::parse(line).ok()) {
                Some(ReplyLine::Ok(_)) => self.on_reply(true),
                Some(ReplyLine::Err { .. }) => self.on_reply(false),
                Some(ReplyLine::Row(_)) => self.rows += 1,
                Some(ReplyLine::Unknown) | None => {}
            }
            if self.requests.has_quit() || self.interrupt.is_raised() {
                break;
            }
        }
        printer.flush()?;
        // This follows the flush: a slow reader of standard output is not a slow server.
        self.last_progress = Instant::now();
        Ok(())
    }

    fn on_reply(&mut self, is_granted: bool) {
        self.is_refused |= !is_granted;
        self.rows = 0;
        self.requests.on_reply(is_granted);
    }

    fn interrupted(&self) -> Error {
        Error::Interrupted { rows: self.rows, changes: self.requests.changes_outstanding() }
    }

    fn on_closed(&self, connection: &Connection) -> Result<Outcome, Error> {
        if self.is_answered() && self.until == Until::Closed {
            return Ok(self.outcome());
        }
        let address = connection.target.address.clone();
        Err(Error::Lost { address, unanswered: self.requests.outstanding() })
    }

    fn on_timeout(&self, connection: &Connection) -> Result<Outcome, Error> {
        if self.is_answered() {
            return Ok(self.outcome());
        }
        Err(Error::ReplyTimeout {
            address: connection.target.address.clone(),
            waited: connection.target.timeout,
            unanswered: self.requests.outstanding(),
        })
    }

    fn max_time_exceeded(&self, connection: &Connection) -> Error {
        Error::MaxTime {
            address: connection.target.address.clone(),
            allowed: connection.target.max_time.unwrap_or_default(),
            unanswered: self.requests.outstanding(),
        }
    }
}
