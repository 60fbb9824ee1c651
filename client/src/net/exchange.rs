//! Sends a script and prints replies at the same time. A server replies while it receives: a client that only
//! wrote would soon wait for a server that waits for the client to read.

use bookline_protocol::reply::ReplyLine;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, split};
use tokio::time::Instant;

use crate::advice::Advice;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::net::connection::Connection;
use crate::net::input::Input;
use crate::net::outcome::Outcome;
use crate::net::outgoing::Outgoing;
use crate::net::request_tracker::{Pace, RequestTracker};
use crate::net::script_report::ScriptReport;
use crate::net::unsent::Unsent;
use crate::printer::Printer;
use crate::transport::line_buffer::reply_line;

/// Sends `input` byte for byte, with a line feed for a last line that has none, and prints the replies. After
/// the last command it closes the client's sending side, and waits until the server has closed.
///
/// # Errors
///
/// Whatever keeps a command from being sent or answered. What arrived before is printed.
pub async fn exchange(
    connection: &mut Connection,
    input: &mut Input<impl AsyncRead + Unpin>,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    printer.begin_exchange();
    printer.use_time_of(&connection.hello);
    let mut exchange = Exchange::new(interrupt, input.pace());
    let result = exchange.run(connection, input, printer).await;
    match &result {
        Ok(_) => {}
        // A partial line is of no use here.
        Err(Error::Interrupted { .. } | Error::ReplyTooLong { .. }) => printer.abandon_reply(b"")?,
        Err(_) => printer.abandon_reply(connection.received.partial_line())?,
    }
    printer.flush()?;
    result.map_err(|error| exchange.advised(error))
}

#[derive(Debug)]
struct Exchange<'a> {
    interrupt: &'a Interrupt,
    requests: RequestTracker,
    outgoing: Outgoing,
    /// The sending side is closed.
    is_half_closed: bool,
    /// How the last refusal would end a single command.
    refusal: Option<Exit>,
    /// Rows of the current reply.
    rows: u64,
    /// When something arrived, or, with no reply outstanding, when the server took something.
    last_progress: Instant,
}

impl<'a> Exchange<'a> {
    fn new(interrupt: &'a Interrupt, pace: Pace) -> Self {
        Self {
            interrupt,
            requests: RequestTracker::new(pace),
            outgoing: Outgoing::default(),
            is_half_closed: false,
            refusal: None,
            rows: 0,
            last_progress: Instant::now(),
        }
    }

    async fn run(
        &mut self,
        connection: &mut Connection,
        input: &mut Input<impl AsyncRead + Unpin>,
        printer: &mut Printer,
    ) -> Result<Outcome, Error> {
        loop {
            if let Some(end) = input.end(self.requests.has_quit()) {
                let unsent = Unsent::count(input, self.requests.lines_taken(), end).await;
                return Ok(Outcome { unsent, ..self.outcome() });
            }
            // After a QUIT that was refused, the commands after it are sent.
            self.take_input(input);
            if self.interrupt.is_raised() {
                return Err(self.interrupted());
            }
            if self.is_sent(input) && !self.is_half_closed {
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
            let wants_input = self.wants_input(input);
            let (mut reader, mut writer) = split(&mut connection.stream);
            tokio::select! {
                read = reader.read_buf(connection.received.read_target()) => match read {
                    Ok(count) if count > 0 => self.print_replies(connection, input, printer)?,
                    _ => return self.on_closed(connection, input),
                },
                written = writer.write(self.outgoing.rest()), if !self.outgoing.is_empty() => {
                    if written.is_ok() && self.requests.outstanding() == 0 {
                        self.last_progress = Instant::now();
                    }
                    self.outgoing.on_written(written);
                }
                read = input.read(), if wants_input => read?,
                () = interrupt.wait() => {}
                () = tokio::time::sleep(remaining), if self.awaits_server() => {
                    return self.on_timeout(connection, input);
                }
                () = Connection::wait_for(deadline) => return Err(self.max_time_exceeded(connection)),
            }
        }
    }

    /// Whether all input has been sent.
    fn is_sent<R>(&self, input: &Input<R>) -> bool {
        input.has_ended && input.bytes.is_empty() && self.outgoing.is_empty()
    }

    fn is_answered<R>(&self, input: &Input<R>) -> bool {
        self.is_sent(input) && !self.outgoing.has_failed() && self.requests.outstanding() == 0
    }

    fn awaits_server(&self) -> bool {
        self.requests.outstanding() > 0 || !self.outgoing.is_empty() || self.is_half_closed
    }

    fn wants_input<R>(&self, input: &Input<R>) -> bool {
        let can_send = !self.outgoing.has_failed() && self.requests.takes_more();
        self.outgoing.is_empty() && !input.has_ended && can_send
    }

    fn outcome(&self) -> Outcome {
        let has_quit = self.requests.has_quit();
        Outcome { refusal: self.refusal, has_quit, unsent: Unsent::default() }
    }

    /// Takes what was read, as far as it may be sent now.
    fn take_input<R>(&mut self, input: &mut Input<R>) {
        if !self.outgoing.is_empty() || !self.requests.takes_more() || self.outgoing.has_failed() {
            return;
        }
        if self.requests.outstanding() == 0 && !input.bytes.is_empty() {
            self.last_progress = Instant::now();
        }
        let end = self.requests.track(&input.bytes);
        let rest = input.bytes.split_off(end);
        *self.outgoing.bytes_mut() = std::mem::replace(&mut input.bytes, rest);
        if input.has_ended && input.bytes.is_empty() && self.requests.has_partial_line() {
            self.outgoing.bytes_mut().push(b'\n');
            self.requests.track(b"\n");
        }
    }

    fn print_replies<R>(
        &mut self,
        connection: &mut Connection,
        input: &mut Input<R>,
        printer: &mut Printer,
    ) -> Result<(), Error> {
        while let Some(line) = connection.received.next_line() {
            printer.expect(self.requests.listing());
            printer.print_line(line)?;
            match reply_line(line) {
                Some(ReplyLine::Ok(_)) => self.on_granted(input),
                Some(ReplyLine::Err { code, body }) => self.on_refused(code, body, input, printer)?,
                Some(ReplyLine::Row(_)) => self.rows += 1,
                // A script that loses its connection ends: nothing is watched again.
                Some(ReplyLine::Change { .. } | ReplyLine::Unknown) | None => {}
            }
            if input.end(self.requests.has_quit()).is_some() || self.interrupt.is_raised() {
                break;
            }
        }
        printer.flush()?;
        input.report.iter_mut().try_for_each(|report| report.write(printer))?;
        // This follows the flush: a slow reader of standard output is not a slow server.
        self.last_progress = Instant::now();
        Ok(())
    }

    fn on_granted<R>(&mut self, input: &mut Input<R>) {
        self.rows = 0;
        self.requests.on_reply(true);
        input.report.iter_mut().for_each(ScriptReport::on_granted);
    }

    fn on_refused<R>(
        &mut self,
        code: &str,
        body: &str,
        input: &mut Input<R>,
        printer: &mut Printer,
    ) -> Result<(), Error> {
        self.rows = 0;
        self.refusal = Some(Exit::of_refusal(code));
        let line = self.requests.on_reply(false);
        let Some((report, line)) = input.report.as_mut().zip(line) else { return Ok(()) };
        report.on_refused(line, code, body);
        report.write_due(printer)
    }

    fn interrupted(&self) -> Error {
        Error::Interrupted { rows: self.rows, changes: self.requests.changes_outstanding() }
    }

    fn on_closed<R>(&self, connection: &Connection, input: &Input<R>) -> Result<Outcome, Error> {
        if self.is_answered(input) {
            return Ok(self.outcome());
        }
        Err(connection.lost(self.requests.outstanding()))
    }

    fn on_timeout<R>(&self, connection: &Connection, input: &Input<R>) -> Result<Outcome, Error> {
        if self.is_answered(input) {
            return Ok(self.outcome());
        }
        Err(Error::ReplyTimeout {
            address: connection.target.address.clone(),
            waited: connection.target.timeout,
            unanswered: self.requests.outstanding(),
        })
    }

    /// Adds what to do about changes in doubt.
    fn advised(&self, error: Error) -> Error {
        if !error.is_loss() || self.requests.changes_outstanding() == 0 {
            return error;
        }
        Error::InDoubt { cause: Box::new(error), advice: Advice::LookAndUseRetry }
    }

    fn max_time_exceeded(&self, connection: &Connection) -> Error {
        Error::MaxTime {
            address: connection.target.address.clone(),
            allowed: connection.target.max_time.unwrap_or_default(),
            unanswered: self.requests.outstanding(),
        }
    }
}
