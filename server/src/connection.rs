//! One connection, one task: read what has arrived, execute every complete line in order, wait until what was seen is
//! durable, answer with one write.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use bookline_protocol::opening::refuse_binary;
use bookline_protocol::{Line, Refusal, Request, expects_reply, parse, parse_first};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::execute::{Answer, Identity, Outcome, Rows, Service, execute, snapshot};
use crate::framing::{Extent, Found, Framer};

/// Commands in a turn, after which the others get theirs: some 200 µs of work.
const TURN_COMMANDS: u64 = 256;

/// Reply bytes in a turn, after which they are written. A turn exceeds it by at most one reply, so this and the longest
/// reply bound what a connection that does not read holds in memory.
const TURN_BYTES: usize = 64 << 10;

/// How long rows rest between two turns while others are served. A listing that never rests keeps a processor and
/// its reader another, and bookings get what is left of them, some milliseconds late.
const ROWS_REST: Duration = Duration::from_millis(1);

/// Bytes read at a time by a connection that sends little, and by one that sends a lot.
const READ_SMALL: usize = 4 << 10;
const READ_LARGE: usize = 64 << 10;

/// A buffer larger than this is given back when the connection has nothing to do: idle connections are many.
const KEPT_BUFFER: usize = 8 << 10;

/// A peer that takes nothing for so long is given up.
const WRITE_STALL: Duration = Duration::from_secs(60);

/// How long a closing connection waits for its peer to read the last word: without it, bytes that the peer sent
/// meanwhile would make the system reset the connection and eat the word.
const LINGER: Duration = Duration::from_secs(1);

/// When the server stops, what has arrived is answered. A peer that keeps on sending is cut off after this.
const LAST_CALL: Duration = Duration::from_millis(200);

/// When nothing comes for so long during the last call, everything has arrived.
const QUIET: Duration = Duration::from_millis(30);

/// What comes after a turn.
enum Next {
    /// More lines, or rows, wait for the next turn.
    Turn,
    /// A snapshot was asked for.
    Snapshot,
    /// A change waits for room in the journal.
    Room,
    /// Nothing complete is left: read.
    Read,
    /// Answer and close.
    Close,
}

/// What a read came to.
enum Arrived {
    Bytes,
    /// The peer will send no more.
    End,
    /// The server stops, and no more has arrived.
    Stop,
}

/// A connection's side of the way through.
struct Connection {
    stream: TcpStream,
    service: Arc<Service>,
    who: Identity,
    stop: CancellationToken,
    last_call: Option<Instant>,
    framer: Framer,
    /// Whether a line of this protocol has come: the first one that is neither blank nor a comment must be text, and not
    /// the opening of another protocol.
    opened: bool,
    answer: Answer,
    rows: Option<Rows>,
    /// Commands that all connections had answered when rows last asked.
    served: u64,
    scratch: Vec<u8>,
    read_size: usize,
}

/// Serves a peer until it leaves, is told to, or the server stops.
pub async fn serve(stream: TcpStream, service: Arc<Service>, stop: CancellationToken) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // Telnet sends the end of an interrupt as urgent data: out of line, a byte would be missing from its sequence.
    rustix::net::sockopt::set_socket_oobinline(&stream, true)?;
    let connection = Connection {
        stream,
        service,
        who: Identity,
        stop,
        last_call: None,
        framer: Framer::default(),
        opened: false,
        answer: Answer::default(),
        rows: None,
        served: 0,
        scratch: Vec::new(),
        read_size: READ_SMALL,
    };
    connection.run().await
}

/// Tells a newcomer why it cannot come in.
pub async fn refuse(mut stream: TcpStream, refusal: &Refusal) -> io::Result<()> {
    let mut out = Vec::new();
    refusal.write(&mut out);
    timeout(LINGER, stream.write_all(&out)).await??;
    linger(&mut stream).await
}

impl Connection {
    async fn run(mut self) -> io::Result<()> {
        // Asked at every read that finds nothing, and so it asks the token only once to be woken: a task's waker does
        // not change.
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
            let next = self.turn();
            self.release().await?;
            match next {
                Next::Turn if self.rows.is_some() && self.others_were_served() => sleep(ROWS_REST).await,
                Next::Turn => tokio::task::yield_now().await,
                Next::Snapshot => self.snapshot().await?,
                Next::Room => self.service.store.journal().room().await,
                Next::Close => return linger(&mut self.stream).await,
                Next::Read => match self.read(&mut stopped).await? {
                    Arrived::Bytes => {}
                    Arrived::End => return self.end().await,
                    Arrived::Stop => return linger(&mut self.stream).await,
                },
            }
        }
    }

    /// Whether any connection was answered since this was last asked.
    fn others_were_served(&mut self) -> bool {
        let commands = self.service.counters.commands.load(Relaxed);
        std::mem::replace(&mut self.served, commands) != commands
    }

    /// Executes complete lines in order, within the bounds of a turn.
    fn turn(&mut self) -> Next {
        self.answer.micros = clock::micros();
        self.answer.commands = 0;
        let mut negotiated = 0;
        let next = loop {
            if self.answer.commands + negotiated == TURN_COMMANDS || self.answer.out.len() >= TURN_BYTES {
                break Next::Turn;
            }
            if let Some(rows) = &mut self.rows {
                if !rows.write(&self.service, &mut self.answer, TURN_BYTES) {
                    break Next::Turn;
                }
                self.rows = None;
                continue;
            }
            match self.framer.find() {
                Found::Nothing => break self.begun(),
                Found::Telnet(answer) => {
                    self.answer.out.extend_from_slice(&answer);
                    negotiated += 1;
                }
                Found::TooLong => {
                    self.answer.commands += 1;
                    Refusal::line_too_long().write(&mut self.answer.out);
                    if !self.opened {
                        break Next::Close;
                    }
                }
                Found::Line(extent) => {
                    let outcome = self.line(extent);
                    if matches!(outcome, Outcome::Again) {
                        break Next::Room;
                    }
                    // However it goes on, the line is taken.
                    self.framer.consume(extent);
                    self.answer.commands += 1;
                    match outcome {
                        Outcome::Done | Outcome::Again => {}
                        Outcome::Rows(rows) => self.rows = Some(rows),
                        Outcome::Snapshot => break Next::Snapshot,
                        Outcome::Close => break Next::Close,
                    }
                }
            }
        };
        if self.answer.commands > 0 {
            self.service.counters.commands.fetch_add(self.answer.commands, Relaxed);
        }
        next
    }

    /// No whole line is left. What has begun may be no line at all.
    fn begun(&mut self) -> Next {
        if self.opened {
            return Next::Read;
        }
        let Some(refusal) = refuse_binary(self.framer.unfinished()) else { return Next::Read };
        tracing::debug!("another protocol refused");
        refusal.write(&mut self.answer.out);
        Next::Close
    }

    fn line(&mut self, extent: Extent) -> Outcome {
        let answer = &mut self.answer;
        let (line, scratch) = (self.framer.line(extent), &mut self.scratch);
        let line = if self.opened {
            parse(line, scratch)
        } else {
            let first = parse_first(line, scratch);
            self.opened = !matches!(first, Line::Blank);
            first
        };
        match line {
            Line::Blank => Outcome::Done,
            Line::Request(request) => {
                log(&request);
                execute(&self.service, self.who, &request, answer)
            }
            Line::Refused(refusal) => {
                tracing::debug!(code = refusal.code.as_str(), "line refused");
                refusal.write(&mut answer.out);
                Outcome::Done
            }
            Line::Foreign(refusal) => {
                tracing::debug!("another protocol refused");
                refusal.write(&mut answer.out);
                Outcome::Close
            }
        }
    }

    /// Sends the answer, once everything it depends on is durable.
    async fn release(&mut self) -> io::Result<()> {
        let answer = &mut self.answer;
        if answer.out.is_empty() {
            return Ok(());
        }
        self.service.store.journal().wait(answer.seen.0).await;
        let mut left = &answer.out[..];
        while !left.is_empty() {
            match self.stream.try_write(left) {
                Ok(written) => left = &left[written..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    timeout(WRITE_STALL, self.stream.writable()).await??;
                }
                Err(e) => return Err(e),
            }
        }
        answer.out.clear();
        if answer.out.capacity() > KEPT_BUFFER && self.rows.is_none() {
            answer.out = Vec::new();
        }
        Ok(())
    }

    /// Waits for a snapshot and tells of it. What the peer sends meanwhile stays unread, but that its connection was
    /// reset is noticed, and takes the request back. The end of what it sends says nothing: it may wait for the answer.
    async fn snapshot(&mut self) -> io::Result<()> {
        tokio::select! {
            () = snapshot(&self.service, &mut self.answer) => Ok(()),
            reset = self.stream.ready(Interest::ERROR) => {
                reset?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
    }

    async fn read(&mut self, stopped: &mut (impl Future<Output = ()> + Unpin)) -> io::Result<Arrived> {
        let buffer = self.framer.buffer();
        if buffer.is_empty() && buffer.capacity() > KEPT_BUFFER {
            *buffer = BytesMut::new();
        }
        buffer.reserve(self.read_size);
        if self.last_call.is_none() && !self.stop.is_cancelled() {
            tokio::select! {
                biased;
                read = self.stream.read_buf(buffer) => return Ok(self.arrived(read?)),
                () = stopped => {}
            }
        }
        let now = Instant::now();
        let end = *self.last_call.get_or_insert(now + LAST_CALL);
        if now >= end {
            return Ok(Arrived::Stop);
        }
        let until = end.min(now + QUIET);
        let read = timeout_at(until, self.stream.read_buf(self.framer.buffer())).await;
        read.map_or(Ok(Arrived::Stop), |read| Ok(self.arrived(read?)))
    }

    fn arrived(&mut self, bytes: usize) -> Arrived {
        self.read_size = if bytes >= READ_SMALL { READ_LARGE } else { READ_SMALL };
        if bytes == 0 { Arrived::End } else { Arrived::Bytes }
    }

    /// The peer sends no more: the half of a line that it left is not executed.
    async fn end(&mut self) -> io::Result<()> {
        if expects_reply(self.framer.unfinished()) {
            Refusal::incomplete().write(&mut self.answer.out);
        }
        self.release().await
    }
}

fn log(request: &Request<'_>) {
    tracing::debug!(command = request.verb().as_str(), "request");
}

/// Closes our half and waits for the peer's, a moment.
async fn linger(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    let drained = timeout(LINGER, async {
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    })
    .await;
    drained.unwrap_or(Ok(()))
}
