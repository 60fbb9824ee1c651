//! One connection of a measurement: requests out with one write a turn, replies in, in the same order.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Instant;

use mio::net::TcpStream;

use super::failure::{Failure, shown};
use super::work::{Asked, Nanos, Work};
use crate::inbox::MAX_REPLY;

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    number: usize,
    /// What is not answered, oldest first.
    asked: VecDeque<Asked>,
    /// The same in the batches in which it was written.
    batches: VecDeque<Batch>,
    /// What is to be written; the first `written` bytes are.
    out: Vec<u8>,
    written: usize,
    /// The beginning of a line whose end has not arrived.
    rest: Vec<u8>,
    /// The peer takes nothing more. Why can be read.
    cut: bool,
}

/// Requests that were written together.
#[derive(Clone, Copy, Debug)]
struct Batch {
    sent: Nanos,
    requests: u64,
}

/// What became of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The peer is there, and owes replies.
    Open,
    /// The peer is there, and everything is answered.
    Answered,
    /// It will send nothing more.
    Ended,
}

impl Connection {
    /// The connection of this number over a socket that does not block.
    pub fn new(stream: TcpStream, number: usize) -> Self {
        Self {
            stream,
            number,
            asked: VecDeque::new(),
            batches: VecDeque::new(),
            out: Vec::new(),
            written: 0,
            rest: Vec::new(),
            cut: false,
        }
    }

    /// The socket, to be registered.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Requests that are not answered.
    pub fn outstanding(&self) -> u64 {
        self.asked.len() as u64
    }

    /// Asks up to `count` times, with one write.
    #[inline]
    pub fn ask(&mut self, work: &mut impl Work, now: Nanos, count: u64) {
        let mut requests = 0;
        while requests < count
            && let Some(asked) = work.ask(self.number, &mut self.out)
        {
            self.asked.push_back(asked);
            requests += 1;
        }
        if requests > 0 {
            self.batches.push_back(Batch { sent: now, requests });
            self.write();
        }
    }

    /// Writes what the socket takes.
    pub fn write(&mut self) {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.cut = true;
                    break;
                }
            }
        }
        self.out.clear();
        self.written = 0;
    }

    /// Reads what has arrived, through `buffer`, and asks once for each reply. `closing` says that the peer has closed
    /// its half: then there is an end to be read behind the last bytes.
    #[inline]
    pub fn read(
        &mut self,
        work: &mut impl Work,
        buffer: &mut [u8],
        start: Instant,
        closing: bool,
    ) -> Result<Arrival, Failure> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Ok(Arrival::Ended),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(self.owed()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(Arrival::Ended),
            };
            let now = start.elapsed().as_nanos() as Nanos;
            work.now(now);
            let replies = self.hear(work, &buffer[..count])?;
            self.time(work, now, replies);
            if !self.cut {
                self.ask(work, now, replies);
            }
            // A read that leaves room has taken everything: the next arrival is told anew.
            if count < buffer.len() && !closing {
                return Ok(self.owed());
            }
        }
    }

    fn owed(&self) -> Arrival {
        if self.asked.is_empty() { Arrival::Answered } else { Arrival::Open }
    }

    /// Hears every whole line. Returns how many replies they were.
    #[inline]
    fn hear(&mut self, work: &mut impl Work, arrived: &[u8]) -> Result<u64, Failure> {
        if self.rest.is_empty() {
            let (replies, heard) = lines(&mut self.asked, work, arrived)?;
            self.rest.extend_from_slice(&arrived[heard..]);
            return Ok(replies);
        }
        self.rest.extend_from_slice(arrived);
        let (replies, heard) = lines(&mut self.asked, work, &self.rest)?;
        self.rest.drain(..heard);
        if self.rest.len() > MAX_REPLY {
            return Err(Failure::Malformed { line: shown(&self.rest) });
        }
        Ok(replies)
    }

    /// Tells the times of so many replies: batch by batch, as their requests were written.
    #[inline]
    fn time(&mut self, work: &mut impl Work, now: Nanos, replies: u64) {
        let mut left = replies;
        while left > 0
            && let Some(batch) = self.batches.front_mut()
        {
            let answered = left.min(batch.requests);
            work.time(batch.sent, now, answered);
            left -= answered;
            batch.requests -= answered;
            if batch.requests == 0 {
                self.batches.pop_front();
            }
        }
    }
}

/// Hears every whole line of `bytes`. Returns how many there were, and where the last one ends.
#[inline]
fn lines(asked: &mut VecDeque<Asked>, work: &mut impl Work, bytes: &[u8]) -> Result<(u64, usize), Failure> {
    let (mut replies, mut start) = (0, 0);
    while let Some(length) = memchr::memchr(b'\n', &bytes[start..]) {
        let line = &bytes[start..start + length];
        let Some(asked) = asked.pop_front() else {
            return Err(Failure::Unasked { line: shown(line) });
        };
        work.hear(asked, line)?;
        replies += 1;
        start += length + 1;
    }
    Ok((replies, start))
}
