//! A connection, served by one task: read the bytes that have arrived, execute every complete line in order,
//! wait until the commit that the replies depend on is durable, and send the replies with one write.

use std::future::{pending, poll_fn};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::refuse_binary;
use bookline_protocol::{ParsedLine, Refusal, Request, expects_reply, parse, parse_first};
use bytes::BufMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::commands::buffers::{LINE_SHARE_BYTES, Share};
use crate::commands::turn_budget::Cost;
use crate::commands::{
    CHUNK_BYTES_MAX, ChunkStatus, ChunkedReply, ExecutionStatus, Service, Turn, cost, execute, snapshot,
};
use crate::net::framing::{Framer, FramingEvent, LineRange};
use crate::net::socket::{self, SEND_BUFFER_BYTES, WRITE_STALL_MAX};
use crate::storage::log::LogExt;

/// The reply buffer that a connection has without a share.
const OWN_REPLY_BYTES: usize = 64 << 10;

const _: () = assert!(SEND_BUFFER_BYTES == OWN_REPLY_BYTES);

/// Reply bytes after which a turn ends. One more chunk fits into the connection's own buffer.
const TURN_REPLY_BYTES_TARGET: usize = OWN_REPLY_BYTES - CHUNK_BYTES_MAX;

/// How long a chunked reply pauses between two turns while others are served. An unthrottled listing keeps
/// one processor busy and its reader another, which delays bookings by some milliseconds.
const CHUNK_THROTTLE: Duration = Duration::from_millis(1);

/// The request buffer that a connection has without a share. It is also the most that one read takes, so that
/// never more than this follows the end of a long line, and every long line waits for a share of its own.
const OWN_REQUEST_BYTES: usize = 16 << 10;

/// A longer line counts as expensive, whatever it contains.
const SHORT_LINE_BYTES_MAX: usize = 256;

/// The longest line with the longest line end.
const LONG_LINE_BYTES_MAX: usize = LINE_BYTES_MAX + 2;

// A share covers the part of a line that exceeds the connection's own buffer, and a reply of the length of a
// line.
const _: () = assert!(LONG_LINE_BYTES_MAX - OWN_REQUEST_BYTES + LINE_BYTES_MAX <= LINE_SHARE_BYTES);

/// The initial capacity of each of the two buffers, which an idle connection keeps: idle connections are
/// many.
const IDLE_BUFFER_BYTES: usize = 4 << 10;

// Doubling the initial capacity ends at the size of the connection's own buffer, and does not exceed it.
const _: () = assert!((OWN_REPLY_BYTES / IDLE_BUFFER_BYTES).is_power_of_two());
const _: () = assert!(IDLE_BUFFER_BYTES <= OWN_REQUEST_BYTES);

/// How long a line or a large reply waits for a share, and how long an incomplete line may keep one.
const SHARE_WAIT_MAX: Duration = Duration::from_secs(60);

/// How long a closing connection waits for its peer to read the last reply. If it closed while bytes of the
/// peer are unread, the system would reset the connection and discard that reply.
const LINGER_MAX: Duration = Duration::from_secs(1);

/// How long a connection drains during a graceful shutdown, even if its peer keeps sending.
const DRAIN_MAX: Duration = Duration::from_millis(200);

/// A connection is drained when nothing arrives for so long.
const DRAIN_QUIET: Duration = Duration::from_millis(30);

const _: () = assert!(DRAIN_QUIET.as_millis() < DRAIN_MAX.as_millis());

/// What a connection does after a turn.
enum NextStep {
    /// Lets others run: more lines or chunks are left for the next turn.
    Yield,
    /// Makes a snapshot.
    Snapshot,
    /// Waits for the journal's capacity.
    Backpressure,
    /// Waits for a share of so many bytes for a reply.
    ReplyShare(usize),
    /// Waits for a share for a line that is longer than the connection's own buffer.
    LineShare,
    /// Reads: no complete line is left.
    Read,
    Close,
}

enum ReadOutcome {
    Bytes,
    /// The peer sends no more.
    EndOfStream,
    /// The connection is drained during a graceful shutdown.
    Drained,
    /// A long line was not completed in time.
    LineTimeout,
    /// No complete line arrived for as long as a connection may be idle.
    IdleTimeout(Duration),
}

/// A line that is longer than the connection's own buffer.
struct LongLine {
    _share: Share,
    /// When it has to be complete.
    deadline: Instant,
}

struct Connection {
    stream: TcpStream,
    service: Arc<Service>,
    stop: CancellationToken,
    /// Set during a graceful shutdown.
    drain_deadline: Option<Instant>,
    framer: Framer,
    /// Whether the peer speaks this protocol: its first line that is neither blank nor a comment was text,
    /// and not the opening of another protocol.
    is_established: bool,
    long_line: Option<LongLine>,
    idle_timeout: Option<Duration>,
    /// Set while the connection has nothing to do.
    idle_deadline: Option<Instant>,
    turn: Turn,
    chunked_reply: Option<Box<dyn ChunkedReply>>,
    /// Whether others could run since the last turn began.
    has_yielded: bool,
    /// Whether a turn has exhausted its budget, and there was always more to do since.
    has_backlog: bool,
    /// The commands of all connections when [`Connection::others_were_served`] was last called.
    commands_before: u64,
    scratch: Vec<u8>,
    /// Whether the last read filled the buffer, so that more is probably waiting.
    filled_buffer: bool,
}

/// Serves a connection until the peer closes it, sends QUIT, or the server stops.
pub async fn serve(
    stream: TcpStream,
    service: Arc<Service>,
    idle_timeout: Option<Duration>,
    stop: CancellationToken,
) -> io::Result<()> {
    socket::prepare(&stream)?;
    let connection = Connection {
        stream,
        service,
        stop,
        drain_deadline: None,
        framer: Framer::default(),
        is_established: false,
        long_line: None,
        idle_timeout,
        idle_deadline: None,
        turn: Turn::default(),
        chunked_reply: None,
        has_yielded: true,
        has_backlog: false,
        commands_before: 0,
        scratch: Vec::new(),
        filled_buffer: false,
    };
    connection.run().await
}

/// Sends a refusal to a client and waits, for a bounded time, until it has read it.
pub async fn refuse(mut stream: TcpStream, refusal: &Refusal) -> io::Result<()> {
    let mut out = Vec::new();
    refusal.write(&mut out);
    timeout(LINGER_MAX, stream.write_all(&out)).await??;
    linger(&mut stream).await
}

/// Sends a refusal to a client and closes without waiting. It reads what the client has sent so far, because
/// unread bytes would make the system reset the connection.
pub fn refuse_at_once(stream: TcpStream, refusal: &Refusal) {
    let mut out = Vec::new();
    refusal.write(&mut out);
    // The stream does not block. An error means that the client is gone.
    let _ = stream.into_std().and_then(|mut stream| {
        stream.write_all(&out)?;
        stream.shutdown(Shutdown::Write)?;
        stream.read(&mut [0; OWN_REQUEST_BYTES])
    });
}

impl Connection {
    async fn run(mut self) -> io::Result<()> {
        // Polled by every read that finds no bytes. It registers with the token only once, as a task's waker
        // does not change.
        let stop = self.stop.clone();
        let mut cancelled = pin!(stop.cancelled());
        let mut registered = false;
        let mut stopped = poll_fn(|context| {
            if registered && !stop.is_cancelled() {
                return Poll::Pending;
            }
            registered = true;
            cancelled.as_mut().poll(context)
        });
        loop {
            let next = if self.has_backlog {
                let service = self.service.clone();
                let _permit = service.backlogged_turns.acquire().await;
                self.turn()
            } else {
                self.turn()
            };
            self.has_backlog |= matches!(next, NextStep::Yield);
            if self.turn.budget.commands > 0 || !matches!(next, NextStep::Read) {
                self.idle_deadline = None;
            }
            self.send_replies().await?;
            self.has_yielded = !matches!(next, NextStep::Read);
            match next {
                NextStep::Yield if self.chunked_reply.is_some() && self.others_were_served() => {
                    sleep(CHUNK_THROTTLE).await
                }
                NextStep::Yield => tokio::task::yield_now().await,
                NextStep::Snapshot => self.snapshot().await?,
                NextStep::Backpressure => self.service.store.log().capacity().await,
                NextStep::Close => return linger(&mut self.stream).await,
                NextStep::ReplyShare(bytes) => {
                    let share = self.service.buffers.reply(bytes);
                    match wait_for_share(share, &mut stopped).await {
                        Ok(share) => self.turn.share = Some(share),
                        Err(refusal) => return self.close(&refusal).await,
                    }
                }
                NextStep::LineShare => {
                    match wait_for_share(self.service.buffers.line(), &mut stopped).await {
                        Ok(_share) => {
                            self.long_line =
                                Some(LongLine { _share, deadline: Instant::now() + SHARE_WAIT_MAX });
                        }
                        Err(refusal) => return self.close(&refusal).await,
                    }
                }
                NextStep::Read => match self.read(&mut stopped).await? {
                    ReadOutcome::Bytes => {}
                    ReadOutcome::EndOfStream => return self.finish().await,
                    ReadOutcome::Drained => return linger(&mut self.stream).await,
                    ReadOutcome::LineTimeout => {
                        return self.close(&Refusal::line_stalled(SHARE_WAIT_MAX.as_secs())).await;
                    }
                    ReadOutcome::IdleTimeout(timeout) => {
                        let timeout = humantime::format_duration(timeout).to_string();
                        return self.close(&Refusal::idle(&timeout)).await;
                    }
                },
            }
        }
    }

    /// Sends a refusal and closes the connection.
    async fn close(&mut self, refusal: &Refusal) -> io::Result<()> {
        refusal.write(&mut self.turn.replies);
        self.send_replies().await?;
        linger(&mut self.stream).await
    }

    /// Whether any connection executed commands since the last call.
    fn others_were_served(&mut self) -> bool {
        let commands = self.service.counters.commands.load(Relaxed);
        std::mem::replace(&mut self.commands_before, commands) != commands
    }

    /// Executes complete lines in order, within the budget of a turn.
    fn turn(&mut self) -> NextStep {
        self.turn.budget.begin(self.service.clock.now(), self.has_yielded);
        if self.turn.replies.capacity() == 0 {
            self.turn.replies.reserve_exact(IDLE_BUFFER_BYTES);
        }
        let next = loop {
            if self.turn.budget.is_exhausted() || self.turn.replies.len() >= TURN_REPLY_BYTES_TARGET {
                break NextStep::Yield;
            }
            if let Some(reply) = &mut self.chunked_reply {
                match reply.write(&mut self.turn, &self.service, TURN_REPLY_BYTES_TARGET) {
                    ChunkStatus::Complete => self.chunked_reply = None,
                    ChunkStatus::Partial => break NextStep::Yield,
                    ChunkStatus::NeedsShare(bytes) => break NextStep::ReplyShare(bytes),
                }
                continue;
            }
            match self.framer.next_event() {
                FramingEvent::Incomplete => break self.wait_for_line(),
                FramingEvent::Telnet(response) => {
                    self.turn.replies.extend_from_slice(&response);
                    self.turn.budget.charge(Cost::Low, &self.service.clock);
                }
                FramingEvent::TooLong => {
                    self.turn.budget.commands += 1;
                    Refusal::line_too_long().write(&mut self.turn.replies);
                    if !self.is_established {
                        break NextStep::Close;
                    }
                }
                FramingEvent::Line(range) => {
                    let status = self.execute_line(range);
                    match status {
                        ExecutionStatus::Backpressure => break NextStep::Backpressure,
                        ExecutionStatus::NeedsShare(bytes) => break NextStep::ReplyShare(bytes),
                        _ => {}
                    }
                    self.framer.consume(range);
                    self.turn.budget.commands += 1;
                    match status {
                        ExecutionStatus::Chunked(reply) => self.chunked_reply = Some(reply),
                        ExecutionStatus::Snapshot => break NextStep::Snapshot,
                        ExecutionStatus::Close => break NextStep::Close,
                        ExecutionStatus::Complete
                        | ExecutionStatus::Backpressure
                        | ExecutionStatus::NeedsShare(_) => {}
                    }
                }
            }
        };
        // A reply has taken the share, or needs it no more.
        self.turn.share = None;
        if self.turn.budget.commands > 0 {
            self.service.counters.commands.fetch_add(self.turn.budget.commands, Relaxed);
        }
        next
    }

    /// What to do when no complete line is left: the incomplete one may be another protocol, or a long line.
    fn wait_for_line(&mut self) -> NextStep {
        let refusal = if self.is_established { None } else { refuse_binary(self.framer.incomplete_line()) };
        if let Some(refusal) = refusal {
            tracing::debug!("another protocol refused");
            refusal.write(&mut self.turn.replies);
            return NextStep::Close;
        }
        let is_long = self.framer.len() >= OWN_REQUEST_BYTES;
        if is_long && self.long_line.is_none() { NextStep::LineShare } else { NextStep::Read }
    }

    fn execute_line(&mut self, range: LineRange) -> ExecutionStatus {
        let turn = &mut self.turn;
        let (line, scratch) = (self.framer.line(range), &mut self.scratch);
        let is_short = line.len() <= SHORT_LINE_BYTES_MAX;
        let line = if self.is_established {
            parse(line, scratch)
        } else {
            let first = parse_first(line, scratch);
            self.is_established = !matches!(first, ParsedLine::Blank);
            first
        };
        let (status, cost) = match line {
            ParsedLine::Blank => (ExecutionStatus::Complete, Cost::Low),
            ParsedLine::Request(request) => {
                log(&request);
                (execute(turn, &self.service, &request), cost(&request))
            }
            ParsedLine::Refused(refusal) => {
                tracing::debug!(code = refusal.code.as_str(), "line refused");
                refusal.write(&mut turn.replies);
                (ExecutionStatus::Complete, Cost::High)
            }
            ParsedLine::Foreign(refusal) => {
                tracing::debug!("another protocol refused");
                refusal.write(&mut turn.replies);
                (ExecutionStatus::Close, Cost::High)
            }
        };
        turn.budget.charge(if is_short { cost } else { Cost::High }, &self.service.clock);
        status
    }

    /// Sends the replies when the commit that they depend on is durable.
    async fn send_replies(&mut self) -> io::Result<()> {
        let turn = &mut self.turn;
        if !turn.replies.is_empty() {
            self.service.store.log().wait_durable(turn.context.depends_on.0).await;
            write_all(&self.stream, &turn.replies).await?;
            turn.replies.clear();
            if turn.large_reply_share.take().is_some() {
                turn.replies = Vec::new();
            }
        }
        if self.long_line.is_some() && self.framer.len() < OWN_REQUEST_BYTES {
            // The long line is executed: its share and its memory are returned.
            turn.replies.shrink_to(OWN_REPLY_BYTES);
            self.framer.buffer().shrink_to(OWN_REQUEST_BYTES);
            self.scratch = Vec::new();
            self.long_line = None;
        }
        Ok(())
    }

    /// Makes a snapshot and writes the reply. Meanwhile the connection is not read, but a reset cancels the
    /// request. The end of the peer's stream does not: the peer may wait for the reply.
    async fn snapshot(&mut self) -> io::Result<()> {
        tokio::select! {
            () = snapshot(&self.service, &mut self.turn) => Ok(()),
            reset = self.stream.ready(Interest::ERROR) => {
                reset?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
    }

    async fn read(&mut self, stopped: &mut (impl Future<Output = ()> + Unpin)) -> io::Result<ReadOutcome> {
        if self.drain_deadline.is_none() && self.stop.is_cancelled() {
            self.drain_deadline = Some(Instant::now() + DRAIN_MAX);
        }
        if self.drain_deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(ReadOutcome::Drained);
        }
        loop {
            if let Some(outcome) = self.try_read()? {
                return Ok(outcome);
            }
            (self.has_yielded, self.has_backlog) = (true, false);
            self.shrink();
            let deadline = self.read_deadline();
            let expired = async {
                match deadline {
                    Some((deadline, outcome)) => {
                        sleep_until(deadline).await;
                        outcome
                    }
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                ready = self.stream.readable() => ready?,
                () = &mut *stopped, if self.drain_deadline.is_none() => {
                    self.drain_deadline = Some(Instant::now() + DRAIN_MAX);
                }
                outcome = expired => return Ok(outcome),
            }
        }
    }

    /// When a read gives up, if ever, and its outcome then.
    fn read_deadline(&mut self) -> Option<(Instant, ReadOutcome)> {
        if let Some(deadline) = self.drain_deadline {
            return Some((deadline.min(Instant::now() + DRAIN_QUIET), ReadOutcome::Drained));
        }
        let line = self.long_line.as_ref().map(|line| (line.deadline, ReadOutcome::LineTimeout));
        let idle = self.idle_timeout.map(|timeout| {
            // Bytes of an incomplete line do not restart the timeout.
            (
                *self.idle_deadline.get_or_insert_with(|| Instant::now() + timeout),
                ReadOutcome::IdleTimeout(timeout),
            )
        });
        [line, idle].into_iter().flatten().min_by_key(|(deadline, _)| *deadline)
    }

    /// Reads without waiting. The buffer always has free capacity: when it is full, it contains a complete
    /// line, or the connection waits for a share first.
    fn try_read(&mut self) -> io::Result<Option<ReadOutcome>> {
        let buffer = self.framer.buffer();
        let length = buffer.len();
        let capacity = match &self.long_line {
            Some(_) => LONG_LINE_BYTES_MAX,
            None if self.filled_buffer || length >= IDLE_BUFFER_BYTES => OWN_REQUEST_BYTES,
            None => IDLE_BUFFER_BYTES,
        };
        if buffer.capacity() < capacity {
            buffer.reserve_exact(capacity - length);
        }
        let free = (capacity - length).min(OWN_REQUEST_BYTES);
        match self.stream.try_read_buf(&mut buffer.limit(free)) {
            Ok(0) => Ok(Some(ReadOutcome::EndOfStream)),
            Ok(bytes) => {
                self.filled_buffer = bytes == free;
                Ok(Some(ReadOutcome::Bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Frees memory that an idle connection does not need. It frees a buffer as a whole, because the rest of
    /// a shrunk one would keep the allocator from returning the memory around it.
    fn shrink(&mut self) {
        self.filled_buffer = false;
        let requests = self.framer.buffer();
        if requests.is_empty() && requests.capacity() > IDLE_BUFFER_BYTES {
            *requests = Vec::new();
        }
        if self.turn.replies.capacity() > IDLE_BUFFER_BYTES {
            self.turn.replies = Vec::new();
        }
        self.scratch = Vec::new();
    }

    /// Ends the connection after the end of the peer's stream. An incomplete line is refused, not executed.
    async fn finish(&mut self) -> io::Result<()> {
        if expects_reply(self.framer.incomplete_line()) {
            Refusal::incomplete().write(&mut self.turn.replies);
        }
        self.send_replies().await
    }
}

fn log(request: &Request<'_>) {
    tracing::debug!(command = request.verb().as_str(), "request");
}

/// Writes all bytes, unless the peer needs longer than [`WRITE_STALL_MAX`] to accept them.
async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    let mut deadline = None;
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + WRITE_STALL_MAX);
                timeout_at(deadline, stream.writable()).await??;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits for a share, for a bounded time and while the server does not stop.
async fn wait_for_share(
    share: impl Future<Output = Share>,
    stopped: &mut (impl Future<Output = ()> + Unpin),
) -> Result<Share, Refusal> {
    tokio::select! {
        biased;
        share = timeout(SHARE_WAIT_MAX, share) => share.map_err(|_| Refusal::no_buffers()),
        () = stopped => Err(Refusal::shutting_down()),
    }
}

/// Shuts down this side of the connection and waits, for a bounded time, until the peer closes its side.
async fn linger(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    let drained = timeout(LINGER_MAX, async {
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    })
    .await;
    drained.unwrap_or(Ok(()))
}
