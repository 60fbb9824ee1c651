//! One connection of a run. It batches requests into one write, and matches replies to requests by order.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Instant;

use bookline_protocol::limits::BOOKING_TICKETS_MAX;
use bookline_protocol::ticket::TICKET_ID_CHARS;
use mio::net::TcpStream;

use crate::error::{Error, excerpt};
use crate::phase::{Nanos, Pending, Phase};

/// The longest reply. Ten thousand tickets take below 1 MB; a peer that sends more than this without a
/// line feed sends no lines.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

// A ticket takes two quotes and a comma beside its id.
const _: () = assert!(BOOKING_TICKETS_MAX as usize * (TICKET_ID_CHARS + 3) < REPLY_BYTES_MAX / 2);

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    number: usize,
    /// Requests without a reply, oldest first.
    pending: VecDeque<Pending>,
    /// The same requests in the batches in which they were sent.
    batches: VecDeque<Batch>,
    /// Requests to send; the first `written` bytes are sent.
    out: Vec<u8>,
    written: usize,
    /// The beginning of a line whose end has not arrived.
    partial_line: Vec<u8>,
    /// A write failed: the peer has closed. Its last replies may still be read.
    write_failed: bool,
}

/// Requests that were sent with one write.
#[derive(Clone, Copy, Debug)]
struct Batch {
    sent: Nanos,
    requests: u64,
}

/// The state of a connection after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadState {
    /// Replies are outstanding.
    Pending,
    /// Every request has its reply.
    Idle,
    /// The peer has closed.
    Closed,
}

impl Connection {
    /// `stream` must be nonblocking.
    pub fn new(stream: TcpStream, number: usize) -> Self {
        Self {
            stream,
            number,
            pending: VecDeque::new(),
            batches: VecDeque::new(),
            out: Vec::new(),
            written: 0,
            partial_line: Vec::new(),
            write_failed: false,
        }
    }

    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Requests without a reply.
    pub fn outstanding(&self) -> u64 {
        self.pending.len() as u64
    }

    /// Sends up to `count` requests with one write.
    #[inline]
    pub fn send(&mut self, phase: &mut impl Phase, now: Nanos, count: u64) {
        let mut requests = 0;
        while requests < count
            && let Some(pending) = phase.next_request(self.number, &mut self.out)
        {
            self.pending.push_back(pending);
            requests += 1;
        }
        if requests > 0 {
            self.batches.push_back(Batch { sent: now, requests });
            self.flush();
        }
    }

    /// Writes as much as the socket takes.
    pub fn flush(&mut self) {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.write_failed = true;
                    break;
                }
            }
        }
        self.out.clear();
        self.written = 0;
    }

    /// Reads what has arrived, through `buffer`, and sends a request for each reply. `closing` says that
    /// the peer has closed its side: then the end of the stream follows the last bytes.
    #[inline]
    pub fn read(
        &mut self,
        phase: &mut impl Phase,
        buffer: &mut [u8],
        start: Instant,
        closing: bool,
    ) -> Result<ReadState, Error> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Ok(ReadState::Closed),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(self.state()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(ReadState::Closed),
            };
            let now = start.elapsed().as_nanos() as Nanos;
            phase.on_time(now);
            let replies = self.take_replies(phase, &buffer[..count])?;
            self.record_latency(phase, now, replies);
            if !self.write_failed {
                self.send(phase, now, replies);
            }
            // A read that does not fill the buffer has emptied the socket: the next arrival is a new event.
            if count < buffer.len() && !closing {
                return Ok(self.state());
            }
        }
    }

    fn state(&self) -> ReadState {
        if self.pending.is_empty() { ReadState::Idle } else { ReadState::Pending }
    }

    /// Returns how many replies ended in what arrived.
    #[inline]
    fn take_replies(&mut self, phase: &mut impl Phase, arrived: &[u8]) -> Result<u64, Error> {
        if self.partial_line.is_empty() {
            let (replies, end) = take_lines(&mut self.pending, phase, arrived)?;
            self.partial_line.extend_from_slice(&arrived[end..]);
            return Ok(replies);
        }
        self.partial_line.extend_from_slice(arrived);
        let (replies, end) = take_lines(&mut self.pending, phase, &self.partial_line)?;
        self.partial_line.drain(..end);
        if self.partial_line.len() > REPLY_BYTES_MAX {
            return Err(Error::Malformed { line: excerpt(&self.partial_line) });
        }
        Ok(replies)
    }

    #[inline]
    fn record_latency(&mut self, phase: &mut impl Phase, now: Nanos, replies: u64) {
        let mut left = replies;
        while left > 0
            && let Some(batch) = self.batches.front_mut()
        {
            let answered = left.min(batch.requests);
            phase.on_latency(batch.sent, now, answered);
            left -= answered;
            batch.requests -= answered;
            if batch.requests == 0 {
                self.batches.pop_front();
            }
        }
    }
}

/// Passes every whole line of `bytes` on. Returns how many there were, and where the last one ends.
///
/// Every request of a run has a reply of one line, and no connection subscribes to anything: another
/// line is an error here, though other clients skip lines that they do not know.
#[inline]
fn take_lines(
    pending: &mut VecDeque<Pending>,
    phase: &mut impl Phase,
    bytes: &[u8],
) -> Result<(u64, usize), Error> {
    let (mut replies, mut start) = (0, 0);
    while let Some(length) = memchr::memchr(b'\n', &bytes[start..]) {
        let line = &bytes[start..start + length];
        let Some(request) = pending.pop_front() else {
            return Err(Error::Unsolicited { line: excerpt(line) });
        };
        phase.on_reply(request, line)?;
        replies += 1;
        start += length + 1;
    }
    Ok((replies, start))
}
