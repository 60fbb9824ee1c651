//! One connection, one task: read what has arrived, execute every complete line in order, wait until what was seen is
//! durable, answer with one write.

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

use crate::clock;
use crate::commands::buffers::Share;
use crate::commands::turn::Work;
use crate::commands::{
    AT_ONCE, Answer, Identity, Outcome, Pieces, Progress, Service, execute, snapshot, work,
};
use crate::net::framing::{Extent, Found, Framer};
use crate::net::socket::{self, SEND_BUFFER, WRITE_STALL};

/// Reply bytes of its own, for which a connection needs no share.
const OWN_REPLIES: usize = 64 << 10;

const _: () = assert!(SEND_BUFFER == OWN_REPLIES);

/// Reply bytes in a turn, after which they are written. What comes on top is written at once.
const TURN_BYTES: usize = OWN_REPLIES - AT_ONCE;

/// How long pieces rest between two turns while others are served. A listing that never rests keeps a processor and
/// its reader another, and bookings get what is left of them, some milliseconds late.
const PIECES_REST: Duration = Duration::from_millis(1);

/// Request bytes of its own. A line that is longer needs a share before it is read on. Nothing larger is read at a time:
/// behind the end of a long line there is never more than this, so that every long line waits for a share anew.
const OWN_REQUESTS: usize = 16 << 10;

/// A line that is longer takes its time whatever is in it.
const SHORT_LINE: usize = 256;

/// The longest line with the longest end.
const LONG_REQUESTS: usize = LINE_BYTES_MAX + 2;

/// What each of its two buffers has at first, and keeps when the connection has nothing to do: idle connections are many.
const KEPT_BUFFER: usize = 4 << 10;

/// How long a line or a large reply waits for a share, and how long a line may hold one until its end has come.
const SHARE_WITHIN: Duration = Duration::from_secs(60);

/// How long a closing connection waits for its peer to read the last word: without it, bytes that the peer sent
/// meanwhile would make the system reset the connection and eat the word.
const LINGER: Duration = Duration::from_secs(1);

/// When the server stops, what has arrived is answered. A peer that keeps on sending is cut off after this.
const LAST_CALL: Duration = Duration::from_millis(200);

/// When nothing comes for so long during the last call, everything has arrived.
const QUIET: Duration = Duration::from_millis(30);

/// What comes after a turn.
enum Next {
    /// More lines, or pieces, wait for the next turn.
    Turn,
    /// A snapshot was asked for.
    Snapshot,
    /// A change waits for room in the journal.
    Backpressure,
    /// A reply waits for so many bytes of the common buffers.
    Share(usize),
    /// A line is longer than the connection's own buffer, and waits for a share.
    LongLine,
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
    /// The end of a long line did not come in time.
    Late,
    /// No whole line came for as long as a connection may be idle.
    Idle(Duration),
}

/// A line that is longer than the connection's own buffer.
struct LongLine {
    _share: Share,
    /// When it has to be whole.
    until: Instant,
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
    long_line: Option<LongLine>,
    /// How long it may be idle.
    idle_timeout: Option<Duration>,
    /// When it has been that, if it has nothing to do.
    idle_until: Option<Instant>,
    answer: Answer,
    pieces: Option<Pieces>,
    /// Others were served since the last turn began.
    rested: bool,
    /// A turn was used up, and there was always more to do since.
    used_up: bool,
    /// Commands that all connections had answered when pieces last asked.
    served: u64,
    scratch: Vec<u8>,
    /// The last read filled the buffer: there is more where it came from.
    sends_much: bool,
}

/// Serves a peer until it leaves, is told to, or the server stops.
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
        who: Identity,
        stop,
        last_call: None,
        framer: Framer::default(),
        opened: false,
        long_line: None,
        idle_timeout,
        idle_until: None,
        answer: Answer::default(),
        pieces: None,
        rested: true,
        used_up: false,
        served: 0,
        scratch: Vec::new(),
        sends_much: false,
    };
    connection.run().await
}

/// Tells a client why it is refused, and waits a moment until it has read it.
pub async fn refuse(mut stream: TcpStream, refusal: &Refusal) -> io::Result<()> {
    let mut out = Vec::new();
    refusal.write(&mut out);
    timeout(LINGER, stream.write_all(&out)).await??;
    linger(&mut stream).await
}

/// Tells a client why it is refused, and does not wait for it. What it has sent so far is read, as bytes that are left
/// would make the system reset the connection.
pub fn refuse_at_once(stream: TcpStream, refusal: &Refusal) {
    let mut out = Vec::new();
    refusal.write(&mut out);
    // It does not block. A client that has gone need not be told.
    let _ = stream.into_std().and_then(|mut stream| {
        stream.write_all(&out)?;
        stream.shutdown(Shutdown::Write)?;
        stream.read(&mut [0; OWN_REQUESTS])
    });
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
            let next = if self.used_up {
                let turns = self.service.clone();
                let _permit = turns.heavy.acquire().await;
                self.turn()
            } else {
                self.turn()
            };
            self.used_up |= matches!(next, Next::Turn);
            if self.answer.turn.commands > 0 || !matches!(next, Next::Read) {
                self.idle_until = None;
            }
            self.release().await?;
            self.rested = !matches!(next, Next::Read);
            match next {
                Next::Turn if self.pieces.is_some() && self.others_were_served() => sleep(PIECES_REST).await,
                Next::Turn => tokio::task::yield_now().await,
                Next::Snapshot => self.snapshot().await?,
                Next::Backpressure => self.service.store.journal().capacity().await,
                Next::Close => return linger(&mut self.stream).await,
                Next::Share(bytes) => {
                    let share = self.service.buffers.reply(bytes);
                    match waited(share, &mut stopped).await {
                        Ok(share) => self.answer.share = Some(share),
                        Err(refusal) => return self.close(&refusal).await,
                    }
                }
                Next::LongLine => match waited(self.service.buffers.line(), &mut stopped).await {
                    Ok(_share) => {
                        self.long_line = Some(LongLine { _share, until: Instant::now() + SHARE_WITHIN });
                    }
                    Err(refusal) => return self.close(&refusal).await,
                },
                Next::Read => match self.read(&mut stopped).await? {
                    Arrived::Bytes => {}
                    Arrived::End => return self.end().await,
                    Arrived::Stop => return linger(&mut self.stream).await,
                    Arrived::Late => {
                        return self.close(&Refusal::line_stalled(SHARE_WITHIN.as_secs())).await;
                    }
                    Arrived::Idle(timeout) => {
                        let timeout = humantime::format_duration(timeout).to_string();
                        return self.close(&Refusal::idle(&timeout)).await;
                    }
                },
            }
        }
    }

    /// Has a last word.
    async fn close(&mut self, refusal: &Refusal) -> io::Result<()> {
        refusal.write(&mut self.answer.out);
        self.release().await?;
        linger(&mut self.stream).await
    }

    /// Whether any connection was answered since this was last asked.
    fn others_were_served(&mut self) -> bool {
        let commands = self.service.counters.commands.load(Relaxed);
        std::mem::replace(&mut self.served, commands) != commands
    }

    /// Executes complete lines in order, within the bounds of a turn.
    fn turn(&mut self) -> Next {
        self.answer.micros = clock::micros();
        self.answer.turn.begin(self.answer.micros, self.rested);
        if self.answer.out.capacity() == 0 {
            // It doubles from here, to its own share and no further.
            self.answer.out.reserve_exact(KEPT_BUFFER);
        }
        let next = loop {
            if self.answer.turn.is_over() || self.answer.out.len() >= TURN_BYTES {
                break Next::Turn;
            }
            if let Some(pieces) = &mut self.pieces {
                match pieces.write(&self.service, &mut self.answer, TURN_BYTES) {
                    Progress::Whole => self.pieces = None,
                    Progress::Part => break Next::Turn,
                    Progress::Share(bytes) => break Next::Share(bytes),
                }
                continue;
            }
            match self.framer.find() {
                Found::Nothing => break self.begun(),
                Found::Telnet(answer) => {
                    self.answer.out.extend_from_slice(&answer);
                    self.answer.turn.did(Work::Little);
                }
                Found::TooLong => {
                    self.answer.turn.commands += 1;
                    Refusal::line_too_long().write(&mut self.answer.out);
                    if !self.opened {
                        break Next::Close;
                    }
                }
                Found::Line(extent) => {
                    let outcome = self.line(extent);
                    match outcome {
                        Outcome::Backpressure => break Next::Backpressure,
                        Outcome::Share(bytes) => break Next::Share(bytes),
                        _ => {}
                    }
                    // However it goes on, the line is taken.
                    self.framer.consume(extent);
                    self.answer.turn.commands += 1;
                    match outcome {
                        Outcome::Pieces(pieces) => self.pieces = Some(pieces),
                        Outcome::Snapshot => break Next::Snapshot,
                        Outcome::Close => break Next::Close,
                        Outcome::Done | Outcome::Backpressure | Outcome::Share(_) => {}
                    }
                }
            }
        };
        // What was waited for was taken, or is not wanted any more.
        self.answer.share = None;
        if self.answer.turn.commands > 0 {
            self.service.counters.commands.fetch_add(self.answer.turn.commands, Relaxed);
        }
        next
    }

    /// No whole line is left. What has begun may be no line at all, or a long one.
    fn begun(&mut self) -> Next {
        let refusal = if self.opened { None } else { refuse_binary(self.framer.unfinished()) };
        if let Some(refusal) = refusal {
            tracing::debug!("another protocol refused");
            refusal.write(&mut self.answer.out);
            return Next::Close;
        }
        let is_long = self.framer.len() >= OWN_REQUESTS;
        if is_long && self.long_line.is_none() { Next::LongLine } else { Next::Read }
    }

    fn line(&mut self, extent: Extent) -> Outcome {
        let answer = &mut self.answer;
        let (line, scratch) = (self.framer.line(extent), &mut self.scratch);
        let is_short = line.len() <= SHORT_LINE;
        let line = if self.opened {
            parse(line, scratch)
        } else {
            let first = parse_first(line, scratch);
            self.opened = !matches!(first, ParsedLine::Blank);
            first
        };
        let (outcome, work) = match line {
            ParsedLine::Blank => (Outcome::Done, Work::Little),
            ParsedLine::Request(request) => {
                log(&request);
                (execute(&self.service, self.who, &request, answer), work(&request))
            }
            ParsedLine::Refused(refusal) => {
                tracing::debug!(code = refusal.code.as_str(), "line refused");
                refusal.write(&mut answer.out);
                (Outcome::Done, Work::Much)
            }
            ParsedLine::Foreign(refusal) => {
                tracing::debug!("another protocol refused");
                refusal.write(&mut answer.out);
                (Outcome::Close, Work::Much)
            }
        };
        answer.turn.did(if is_short { work } else { Work::Much });
        outcome
    }

    /// Sends the answer, once everything it depends on is durable.
    async fn release(&mut self) -> io::Result<()> {
        let answer = &mut self.answer;
        if !answer.out.is_empty() {
            self.service.store.journal().wait(answer.seen.0).await;
            write_all(&self.stream, &answer.out).await?;
            answer.out.clear();
            if answer.long.take().is_some() {
                answer.out = Vec::new();
            }
        }
        if self.long_line.is_some() && self.framer.len() < OWN_REQUESTS {
            // The line is done: what it took goes back.
            answer.out.shrink_to(OWN_REPLIES);
            self.framer.buffer().shrink_to(OWN_REQUESTS);
            self.scratch = Vec::new();
            self.long_line = None;
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
        if self.last_call.is_none() && self.stop.is_cancelled() {
            self.last_call = Some(Instant::now() + LAST_CALL);
        }
        if self.last_call.is_some_and(|end| Instant::now() >= end) {
            return Ok(Arrived::Stop);
        }
        loop {
            if let Some(arrived) = self.try_read()? {
                return Ok(arrived);
            }
            (self.rested, self.used_up) = (true, false);
            self.shrink();
            let until = self.wait_until();
            let late = async {
                match until {
                    Some((until, outcome)) => {
                        sleep_until(until).await;
                        outcome
                    }
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                ready = self.stream.readable() => ready?,
                () = &mut *stopped, if self.last_call.is_none() => {
                    self.last_call = Some(Instant::now() + LAST_CALL);
                }
                outcome = late => return Ok(outcome),
            }
        }
    }

    /// Until when to wait for bytes, if not for ever, and what it means when none have come by then.
    fn wait_until(&mut self) -> Option<(Instant, Arrived)> {
        if let Some(end) = self.last_call {
            return Some((end.min(Instant::now() + QUIET), Arrived::Stop));
        }
        let line = self.long_line.as_ref().map(|line| (line.until, Arrived::Late));
        let idle = self.idle_timeout.map(|timeout| {
            // Half a line that comes byte by byte does not begin it anew.
            (*self.idle_until.get_or_insert_with(|| Instant::now() + timeout), Arrived::Idle(timeout))
        });
        [line, idle].into_iter().flatten().min_by_key(|(until, _)| *until)
    }

    /// Reads what is there. There is always room: a full buffer is a whole line, or asks for a share first.
    fn try_read(&mut self) -> io::Result<Option<Arrived>> {
        let buffer = self.framer.buffer();
        let length = buffer.len();
        let capacity = match &self.long_line {
            Some(_) => LONG_REQUESTS,
            None if self.sends_much || length >= KEPT_BUFFER => OWN_REQUESTS,
            None => KEPT_BUFFER,
        };
        if buffer.capacity() < capacity {
            buffer.reserve_exact(capacity - length);
        }
        let room = (capacity - length).min(OWN_REQUESTS);
        match self.stream.try_read_buf(&mut buffer.limit(room)) {
            Ok(0) => Ok(Some(Arrived::End)),
            Ok(bytes) => {
                self.sends_much = bytes == room;
                Ok(Some(Arrived::Bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives back what a connection that has nothing to do does not need. All of a buffer at once: what is left of one
    /// would keep the allocator from giving back what is around it.
    fn shrink(&mut self) {
        self.sends_much = false;
        let requests = self.framer.buffer();
        if requests.is_empty() && requests.capacity() > KEPT_BUFFER {
            *requests = Vec::new();
        }
        if self.answer.out.capacity() > KEPT_BUFFER {
            self.answer.out = Vec::new();
        }
        self.scratch = Vec::new();
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

/// Writes all of it, unless the peer does not take it in time.
async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    let mut until = None;
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let until = *until.get_or_insert_with(|| Instant::now() + WRITE_STALL);
                timeout_at(until, stream.writable()).await??;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A share that was waited for, or why there is none.
async fn waited(
    share: impl Future<Output = Share>,
    stopped: &mut (impl Future<Output = ()> + Unpin),
) -> Result<Share, Refusal> {
    tokio::select! {
        biased;
        share = timeout(SHARE_WITHIN, share) => share.map_err(|_| Refusal::no_buffers()),
        () = stopped => Err(Refusal::shutting_down()),
    }
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
