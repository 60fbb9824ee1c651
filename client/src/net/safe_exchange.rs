//! Sends requests and prints their replies, over as many connections as that takes. Changes get keys, so that
//! a request without a reply can be sent again and is still executed once.

use std::io::{self, IsTerminal};
use std::time::Duration;

use bookline_protocol::Code;
use bookline_protocol::limits::KEYED_TICKETS_MAX;
use bookline_protocol::reply::{ErrBody, ReplyLine};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, split};
use tokio::time::{Instant, sleep};

use crate::advice::Advice;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::login::Login;
use crate::net::connection::{Connection, Target};
use crate::net::held_reply::HeldReply;
use crate::net::input::Input;
use crate::net::keys::{self, KeyedVerbs};
use crate::net::line_splitter::LineSplitter;
use crate::net::link::Link;
use crate::net::outcome::Outcome;
use crate::net::outgoing::Outgoing;
use crate::net::pending::{NextLine, PendingRequest, PendingRequests};
use crate::net::request_tracker::Pace;
use crate::net::retry::{self, PROMPT_TRIES, Retry, SILENT_TRIES};
use crate::net::unsent::Unsent;
use crate::printer::Printer;
use crate::render::repeated;
use crate::render::request::shown_request;
use crate::transport::line_buffer::reply_line;

/// Sends the lines of `input`, and prints the replies in the order of the lines. Opens a connection if there
/// is none; afterwards there is none if it was lost. What is sent is what was typed, with ` key=…` behind a
/// change without one, and a line feed for a last line that has none. Changes that the link has in doubt are
/// asked for first.
///
/// # Errors
///
/// Whatever keeps a command from being sent or answered, after all tries. What arrived before is printed.
pub async fn exchange_safely(
    link: &mut Link,
    input: &mut Input<impl AsyncRead + Unpin>,
    target: &Target,
    retry: Retry,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    printer.begin_exchange();
    let mut exchange = SafeExchange::new(target, retry, interrupt, input.pace(), link.take_in_doubt());
    exchange.login = link.login(target).cloned();
    let result = exchange.run(link, input, printer).await;
    let result = result.map_err(|error| {
        let printed = exchange.abandon_reply(link, &error, printer);
        link.close_after(&error);
        let error = exchange.advised(error, link);
        // A pager that the user has left is not what the command fails with.
        printed.err().filter(|_| !error.is_interrupt()).unwrap_or(error)
    });
    link.keep_login(exchange.login);
    match result {
        Ok(outcome) => printer.flush().map(|()| outcome),
        Err(error) => Err(error),
    }
}

/// What happens to the first request, which was refused for now, and to those that were sent behind it. All
/// of them are sent again, in their order, when the replies that are still to come have been dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rewind {
    AtOnce,
    AfterPause,
    /// Over another connection, to the leader.
    ToLeader,
}

struct SafeExchange<'a> {
    target: &'a Target,
    retry: Retry,
    interrupt: &'a Interrupt,
    /// The account whose connections are opened.
    login: Option<Login>,
    /// When everything together has taken `max_time`.
    deadline: Option<Instant>,
    lines: LineSplitter,
    requests: PendingRequests,
    /// The reply to the first request.
    reply: HeldReply,
    rewind: Option<Rewind>,
    /// How often the first request was tried again.
    tries: u32,
    /// When the leader was lost, while the first request waits for another one.
    leaderless_since: Option<Instant>,
    outgoing: Outgoing,
    /// How the last refusal would end a single command.
    refusal: Option<Exit>,
    has_quit: bool,
    /// Whether the user knows that there is a new connection.
    has_reconnected: bool,
    /// When something arrived, or, with no reply due, when the server took something.
    last_progress: Instant,
}

impl<'a> SafeExchange<'a> {
    fn new(
        target: &'a Target,
        retry: Retry,
        interrupt: &'a Interrupt,
        pace: Pace,
        in_doubt: Vec<PendingRequest>,
    ) -> Self {
        let now = Instant::now();
        Self {
            target,
            retry,
            interrupt,
            login: None,
            deadline: target.max_time.map(|time| now + time),
            lines: LineSplitter::default(),
            requests: PendingRequests::after_doubt(in_doubt, pace),
            reply: HeldReply::new(retry.held_rows_bytes_max()),
            rewind: None,
            tries: 0,
            leaderless_since: None,
            outgoing: Outgoing::default(),
            refusal: None,
            has_quit: false,
            has_reconnected: false,
            last_progress: now,
        }
    }

    /// Tries until every request has its reply, or there are no more tries.
    async fn run(
        &mut self,
        link: &mut Link,
        input: &mut Input<impl AsyncRead + Unpin>,
        printer: &mut Printer,
    ) -> Result<Outcome, Error> {
        loop {
            let error = match self.attempt(link, input, printer).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let may_repeat = self.requests.may_repeat() && !self.reply.is_partly_printed();
            if !error.is_loss() || !may_repeat || !self.goes_on_after(&error) {
                return Err(self.recounted(error));
            }
            if let Error::ReplyTimeout { .. } = error {
                self.target.cluster.on_silent();
            }
            link.close_after(&error);
            self.reply.clear();
            match self.rewind.take() {
                None => self.requests.rewind_after_loss(),
                Some(_) => self.requests.rewind_after_refusal(),
            }
            // A connection that waits for input may be closed any number of times.
            if self.has_work(input) {
                self.report_tries(&error.to_string(), printer)?;
                self.pause().await?;
            }
        }
    }

    /// Whether there is another try after this loss.
    fn goes_on_after(&mut self, error: &Error) -> bool {
        if let Error::NoLeader { .. } = error {
            // The search has taken about as long as that many tries.
            self.tries = self.tries.saturating_add(PROMPT_TRIES);
        }
        if self.tries < self.retry.tries_max() {
            return true;
        }
        let seeks_leader = self.target.cluster.seeks_leader() || self.leaderless_since.is_some();
        let is_searched = matches!(error, Error::NoLeader { .. });
        seeks_leader && !is_searched && may_wait(&mut self.leaderless_since, self.target.timeout)
    }

    /// Uses the connection until every request has its reply or the connection is lost.
    async fn attempt(
        &mut self,
        link: &mut Link,
        input: &mut Input<impl AsyncRead + Unpin>,
        printer: &mut Printer,
    ) -> Result<Outcome, Error> {
        if !link.is_open() {
            self.wait_for_input(input).await?;
            let note = link.reopen(self.open().await?);
            if let Some(note) = note.filter(|_| self.retry.is_at_prompt() && !self.has_reconnected) {
                printer.report(&note)?;
                self.has_reconnected = true;
            }
            if let Some(note) = link.take_unwatched() {
                printer.report(&note)?;
            }
        }
        let Some(connection) = link.connection() else { return Err(self.lost()) };
        printer.use_time_of(&connection.hello);
        self.outgoing = Outgoing::default();
        self.last_progress = Instant::now();
        loop {
            if let Some(end) = input.end(self.has_quit) {
                let unsent = Unsent::count(input, self.lines.ended(), end).await;
                return Ok(Outcome { unsent, ..self.outcome() });
            }
            self.take_input(input);
            self.send_lines(connection, printer).await?;
            if input.has_ended && self.requests.is_empty() && self.outgoing.is_empty() {
                return Ok(self.outcome());
            }
            if self.interrupt.is_raised() {
                return Err(self.interrupted());
            }
            if connection.is_reply_too_long() {
                return Err(connection.reply_too_long(self.unanswered()));
            }
            if self.requests.replies_due() == 0
                && let Some(rewind) = self.rewind.take()
            {
                self.requests.rewind_after_refusal();
                if rewind == Rewind::ToLeader {
                    return Err(Error::Rejected { address: self.target.cluster.last(), refusal: None });
                }
                if rewind == Rewind::AfterPause {
                    printer.flush()?;
                    let reason = format!("{} refuses the command for now", self.target.cluster.last());
                    self.report_tries(&reason, printer)?;
                    self.pause().await?;
                }
                continue;
            }
            self.transfer(connection, input, printer).await?;
        }
    }

    /// Waits for the next bytes in any direction.
    async fn transfer(
        &mut self,
        connection: &mut Connection,
        input: &mut Input<impl AsyncRead + Unpin>,
        printer: &mut Printer,
    ) -> Result<(), Error> {
        let remaining = self.target.timeout.saturating_sub(self.last_progress.elapsed());
        let awaits_server = self.requests.replies_due() > 0 || !self.outgoing.is_empty();
        let wants_input = input.bytes.is_empty() && !input.has_ended && self.requests.has_room();
        let (deadline, interrupt) = (self.deadline, self.interrupt);
        let (mut reader, mut writer) = split(&mut connection.stream);
        tokio::select! {
            read = reader.read_buf(connection.received.read_target()) => match read {
                Ok(count) if count > 0 => self.take_replies(connection, input, printer),
                _ => Err(connection.lost(0)),
            },
            written = writer.write(self.outgoing.rest()), if !self.outgoing.is_empty() => {
                self.outgoing.on_written(written);
                Ok(())
            }
            read = input.read(), if wants_input => read,
            () = interrupt.wait() => Err(self.interrupted()),
            () = sleep(remaining), if awaits_server => Err(self.reply_timeout()),
            () = Connection::wait_for(deadline) => Err(self.max_time_exceeded()),
        }
    }

    /// Opens a connection within the time that is left.
    async fn open(&self) -> Result<Connection, Error> {
        let max_time = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if max_time.is_some_and(|time| time.is_zero()) {
            return Err(self.max_time_exceeded());
        }
        // A user whose account is refused can still name another one.
        let begins_with_auth = self.requests.first().is_some_and(|first| first.login().is_some());
        let login = self.login.clone().filter(|_| !begins_with_auth);
        let target = Target { max_time, login, ..self.target.clone() };
        match Connection::open(&target, self.interrupt).await {
            Ok((connection, _)) => Ok(connection),
            Err(Error::Interrupted { .. }) => Err(self.interrupted()),
            Err(error) => Err(error),
        }
    }

    /// Tells a user at a terminal what the client waits for.
    fn report_tries(&self, reason: &str, printer: &mut Printer) -> Result<(), Error> {
        if self.tries == SILENT_TRIES && io::stderr().is_terminal() {
            printer.report(&format!("{reason}; trying again"))?;
        }
        Ok(())
    }

    /// Waits before the next try.
    async fn pause(&mut self) -> Result<(), Error> {
        let pause = retry::pause(self.tries);
        self.tries += 1;
        tokio::select! {
            () = sleep(pause) => Ok(()),
            () = self.interrupt.wait() => Err(self.interrupted()),
            () = Connection::wait_for(self.deadline) => Err(self.max_time_exceeded()),
        }
    }

    fn has_work<R>(&self, input: &Input<R>) -> bool {
        !self.requests.is_empty() || !input.bytes.is_empty() || input.has_ended
    }

    async fn wait_for_input(&mut self, input: &mut Input<impl AsyncRead + Unpin>) -> Result<(), Error> {
        if self.has_work(input) {
            return Ok(());
        }
        tokio::select! {
            read = input.read() => read,
            () = self.interrupt.wait() => Err(self.interrupted()),
            () = Connection::wait_for(self.deadline) => Err(self.max_time_exceeded()),
        }
    }

    /// Takes the lines that were read, as many as there is room for.
    fn take_input<R>(&mut self, input: &mut Input<R>) {
        let mut rest = &input.bytes[..];
        while !rest.is_empty() && self.requests.has_room() {
            if let Some(line) = self.lines.take(&mut rest) {
                self.requests.push(&line, self.retry);
            }
        }
        let taken = input.bytes.len() - rest.len();
        input.bytes.drain(..taken);
        if input.has_ended && input.bytes.is_empty() && self.lines.has_partial_line() {
            let line = self.lines.take(&mut &b"\n"[..]);
            line.into_iter().for_each(|line| self.requests.push(&line, self.retry));
        }
    }

    /// Moves lines to what is sent. Asks the server for the verbs with which it takes keys where that is not
    /// known.
    async fn send_lines(&mut self, connection: &mut Connection, printer: &mut Printer) -> Result<(), Error> {
        if !self.outgoing.is_empty() || self.rewind.is_some() || self.outgoing.has_failed() {
            return Ok(());
        }
        let was_idle = self.requests.replies_due() == 0;
        loop {
            let verbs = connection.keyed_verbs.as_ref();
            match self.requests.send_next(self.outgoing.bytes_mut(), self.tries > 0, verbs) {
                NextLine::Appended => {}
                NextLine::Wait => break,
                NextLine::AskForVerbs => {
                    let (deadline, interrupt) = (self.deadline, self.interrupt);
                    tokio::select! {
                        asked = connection.ask_for_keyed_verbs(printer) => asked?,
                        () = interrupt.wait() => return Err(self.interrupted()),
                        () = Connection::wait_for(deadline) => return Err(self.max_time_exceeded()),
                    }
                }
            }
        }
        if was_idle {
            self.last_progress = Instant::now();
        }
        Ok(())
    }

    fn take_replies<R>(
        &mut self,
        connection: &mut Connection,
        input: &mut Input<R>,
        printer: &mut Printer,
    ) -> Result<(), Error> {
        while let Some(line) = connection.received.next_line() {
            match reply_line(line) {
                Some(ReplyLine::Row(_)) if self.rewind.is_some() => {}
                Some(ReplyLine::Row(_)) => {
                    printer.expect(self.requests.first().and_then(PendingRequest::listing));
                    self.reply.add(line, printer)?;
                }
                Some(ReplyLine::Change { .. }) => {
                    connection.watching.on_line(line);
                    printer.print_line(line)?;
                }
                Some(ReplyLine::Unknown) | None => printer.print_line(line)?,
                Some(reply) => {
                    if let ReplyLine::Ok(body) = reply {
                        connection.watching.on_granted(body);
                        self.on_login(&mut connection.target.login, &mut connection.keyed_verbs);
                    }
                    self.on_final_line(line, reply, input, printer)?;
                }
            }
            // What follows the last reply is not asked for: the prompt bounds it.
            let is_answered = self.retry.is_at_prompt() && self.requests.is_empty();
            if input.end(self.has_quit).is_some() || is_answered || self.interrupt.is_raised() {
                break;
            }
        }
        printer.flush()?;
        input.report.iter_mut().try_for_each(|report| report.write(printer))?;
        // This follows the flush: a slow reader of standard output is not a slow server.
        self.last_progress = Instant::now();
        Ok(())
    }

    /// After an AUTH that was granted, later connections are those of its account. Its HELP is another one.
    fn on_login(&mut self, login: &mut Option<Login>, keyed_verbs: &mut Option<KeyedVerbs>) {
        if let Some(granted) = self.requests.first().and_then(PendingRequest::login) {
            self.login = Some(granted);
            (*login, *keyed_verbs) = (self.login.clone(), None);
        }
    }

    fn on_final_line<R>(
        &mut self,
        line: &[u8],
        reply: ReplyLine<'_>,
        input: &mut Input<R>,
        printer: &mut Printer,
    ) -> Result<(), Error> {
        if self.rewind.is_some() {
            self.requests.on_dropped();
            return Ok(());
        }
        if let ReplyLine::Err { code, body } = reply
            && self.is_refused_for_now(code, body)?
        {
            self.reply.clear();
            self.requests.on_dropped();
            return Ok(());
        }
        let first = self.requests.first();
        if let Some(first) = first.filter(|first| self.retry.is_at_prompt() && first.is_in_doubt()) {
            let answer = match reply {
                ReplyLine::Ok(body) => repeated::granted(first.line(), body),
                ReplyLine::Err { code, .. } if keys::denies_change(code) => repeated::denied(first.line()),
                _ => repeated::ASKED_AGAIN.to_owned(),
            };
            match first.earlier_line() {
                Some(typed) => printer.report(&format!("{}: {answer}", shown_request(typed, false)))?,
                None => printer.report(&answer)?,
            }
        }
        let is_granted = matches!(reply, ReplyLine::Ok(_));
        self.has_quit = is_granted && first.is_some_and(|first| first.is_quit());
        printer.expect(first.and_then(PendingRequest::listing));
        if let Some(first) = first {
            printer.expect_reply_to(first.typed_line());
        }
        self.reply.print(printer)?;
        printer.print_line(line)?;
        if let ReplyLine::Err { code, .. } = reply {
            self.refusal = Some(Exit::of_refusal(code));
        }
        if let Some((report, first)) = input.report.as_mut().zip(first) {
            match reply {
                ReplyLine::Err { code, body } => report.on_refused(first.sent_line(), code, body),
                _ => report.on_granted(),
            }
            report.write_due(printer)?;
        }
        self.reply.clear();
        self.requests.on_printed();
        (self.tries, self.leaderless_since) = (0, None);
        Ok(())
    }

    /// Whether the first request is sent again after this refusal.
    fn is_refused_for_now(&mut self, code: &str, body: &str) -> Result<bool, Error> {
        let is_redirected = self.target.is_redirected(code, body);
        let body = serde_json::from_str::<ErrBody>(body).unwrap_or_default();
        let Some(first) = self.requests.first() else {
            // The server closes a connection that waits for input.
            return Ok(body.retry && self.retry.repeats_refused());
        };
        if self.reply.is_partly_printed() || !self.requests.may_repeat_behind_first() {
            return Ok(false);
        }
        if is_redirected && may_wait(&mut self.leaderless_since, self.target.timeout) {
            self.rewind = Some(Rewind::ToLeader);
            return Ok(true);
        }
        // Only the server knows how many tickets a CONFIRM buys.
        if code == Code::Limit.as_str() && body.limit == Some(KEYED_TICKETS_MAX.into()) && first.has_own_key()
        {
            self.requests.remove_own_key();
            self.rewind = Some(Rewind::AtOnce);
            return Ok(true);
        }
        let stays_in_doubt = first.is_in_doubt() && !keys::denies_change(code);
        if !body.retry || !(self.retry.repeats_refused() || stays_in_doubt) {
            return Ok(false);
        }
        if self.tries < self.retry.tries_max() {
            self.rewind = Some(Rewind::AfterPause);
            return Ok(true);
        }
        if stays_in_doubt { Err(self.lost()) } else { Ok(false) }
    }

    fn outcome(&self) -> Outcome {
        Outcome { refusal: self.refusal, has_quit: self.has_quit, unsent: Unsent::default() }
    }

    fn unanswered(&self) -> u64 {
        self.requests.unanswered().count() as u64
    }

    fn lost(&self) -> Error {
        Error::Lost { address: self.target.cluster.last(), unanswered: self.unanswered() }
    }

    fn reply_timeout(&self) -> Error {
        let (address, waited) = (self.target.cluster.last(), self.target.timeout);
        Error::ReplyTimeout { address, waited, unanswered: self.unanswered() }
    }

    fn interrupted(&self) -> Error {
        let changes = self.requests.changes_unanswered().count() as u64;
        Error::Interrupted { rows: self.reply.rows(), changes }
    }

    fn max_time_exceeded(&self) -> Error {
        let (address, allowed) = (self.target.cluster.last(), self.target.max_time.unwrap_or_default());
        Error::MaxTime { address, allowed, unanswered: self.unanswered() }
    }

    /// The error of the last try, as that of all tries.
    fn recounted(&mut self, error: Error) -> Error {
        if self.rewind.take().is_some() {
            self.requests.rewind_after_refusal();
        }
        match error {
            Error::ReplyTimeout { .. } => self.reply_timeout(),
            Error::Lost { .. } => self.lost(),
            Error::NoLeader { waited, said, .. } => {
                Error::NoLeader { waited, said, unanswered: self.unanswered() }
            }
            Error::Tls { address, problem, .. } if problem.is_loss() || self.is_sent() => {
                Error::Tls { address, problem, unanswered: self.unanswered() }
            }
            // Changes of earlier commands are in doubt whether or not there is a connection.
            error if error.is_loss() && self.is_sent() => self.lost(),
            error => error,
        }
    }

    /// Whether requests of this exchange were sent and have no reply.
    fn is_sent(&self) -> bool {
        self.requests.unanswered().any(|request| !request.is_earlier())
    }

    /// Prints what there is of the reply that will not be completed.
    fn abandon_reply(&mut self, link: &mut Link, error: &Error, printer: &mut Printer) -> Result<(), Error> {
        self.reply.print(printer)?;
        let partial_line = match link.connection() {
            Some(connection) if error.is_loss() => connection.received.partial_line(),
            _ => b"",
        };
        printer.abandon_reply(partial_line)?;
        printer.flush()
    }

    /// Adds what to do about requests in doubt. At the prompt the link keeps them, unless the user has given
    /// them up.
    fn advised(&mut self, error: Error, link: &mut Link) -> Error {
        let keyed: Vec<_> = self.requests.keyed_unanswered().map(PendingRequest::shown_line).collect();
        let advice = if !keyed.is_empty() && self.retry.is_at_prompt() && !error.is_interrupt() {
            link.keep_in_doubt(self.requests.take_in_doubt());
            Advice::AskedWithNextCommand { changes: keyed.len() }
        } else if !keyed.is_empty() {
            Advice::SendAgain { lines: keyed }
        } else if !error.is_loss() || self.requests.changes_unanswered().next().is_none() {
            return error;
        } else if self.retry == Retry::Never {
            Advice::LookAndUseRetry
        } else {
            Advice::Look
        };
        Error::InDoubt { cause: Box::new(error), advice }
    }
}

/// Whether a wait for a leader, which begins now unless it has begun, is not over.
fn may_wait(leaderless_since: &mut Option<Instant>, time: Duration) -> bool {
    let now = Instant::now();
    now - *leaderless_since.get_or_insert(now) < time
}
