//! One connection of a run. It batches requests into one write, and matches replies to requests by order.
//! With retries it keeps its requests until they have their replies, so that they can be sent again.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use bookline_protocol::limits::BOOKING_TICKETS_MAX;
use bookline_protocol::ticket::TICKET_ID_CHARS;

use crate::auth::{Answer, Auth};
use crate::config::AuthLine;
use crate::error::{Error, excerpt};
use crate::phase::{Nanos, Pending, Phase};
use crate::reply::TemporaryRefusal;
use crate::retry::{Retries, Retry};
use crate::stream::Stream;

/// The longest reply. Ten thousand tickets take below 1 MB; a peer that sends more than this without a
/// line feed sends no lines.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

// A ticket takes two quotes and a comma beside its id.
const _: () = assert!(BOOKING_TICKETS_MAX as usize * (TICKET_ID_CHARS + 3) < REPLY_BYTES_MAX / 2);

#[derive(Debug)]
pub struct Connection {
    link: Link,
    number: usize,
    /// Requests without a reply, oldest first.
    pending: VecDeque<Pending>,
    /// The same requests in the batches in which they were sent.
    batches: VecDeque<Batch>,
    /// Requests to send, and with retries those that have no reply; the first `written` bytes are sent.
    out: Vec<u8>,
    written: usize,
    /// The beginning of a line whose end has not arrived.
    partial_line: Vec<u8>,
    /// Without retries: a write failed, as the peer has closed. Its last replies may still be read.
    write_failed: bool,
    /// `None` if a lost connection stays lost.
    retry: Option<Retry>,
    /// `None` if the run has no account.
    auth: Option<Auth>,
}

/// The socket of a connection.
#[derive(Debug)]
enum Link {
    Open(Stream),
    /// It connects.
    Opening(Stream),
    /// It is closed, and waits to be opened again.
    Lost,
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
    /// The peer has closed, or refused a request that is to be sent again.
    Lost,
}

/// The replies in what arrived.
#[derive(Clone, Copy, Debug)]
struct Replies {
    count: u64,
    /// Where the last one ends.
    end: usize,
    /// Whether a temporary refusal follows them.
    is_refusal_next: bool,
}

impl Connection {
    /// `stream` must be nonblocking.
    pub fn new(stream: Stream, number: usize, auth: Option<AuthLine>) -> Self {
        Self {
            link: Link::Open(stream),
            number,
            pending: VecDeque::new(),
            batches: VecDeque::new(),
            out: Vec::new(),
            written: 0,
            partial_line: Vec::new(),
            write_failed: false,
            retry: None,
            auth: auth.map(Auth::new),
        }
    }

    /// Gives every change a key from now on, and keeps requests until they have their replies. All earlier
    /// ones must have theirs.
    pub fn retry_requests(&mut self, pause_max: Duration) {
        self.retry = Some(Retry::new(pause_max));
    }

    /// Takes the leader that the server has named as it refused a request.
    #[cold]
    pub fn take_leader(&mut self) -> Option<String> {
        self.retry.as_mut()?.leader.take()
    }

    /// What was sent again so far.
    pub fn retries(&self) -> Option<&Retries> {
        self.retry.as_ref().map(|retry| &retry.counts)
    }

    /// Requests without a reply.
    pub fn outstanding(&self) -> u64 {
        self.pending.len() as u64
    }

    /// Sends HELLO and AUTH and takes the replies, as far as possible without waiting, before any request.
    /// Returns whether the account is granted, or none is needed.
    ///
    /// # Errors
    ///
    /// The peer is not a Bookline server, refuses the account, or the connection is lost.
    #[cold]
    pub fn authenticate(&mut self, buffer: &mut [u8]) -> Result<bool, Error> {
        self.flush();
        while self.auth.as_ref().is_some_and(Auth::is_due) {
            let Link::Open(stream) = &mut self.link else { return Err(Error::Lost { unanswered: 0 }) };
            let count = match stream.read(buffer) {
                Ok(count) if count > 0 => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                _ => return Err(Error::Lost { unanswered: 0 }),
            };
            if self.take_auth(&buffer[..count])? != Some(count) {
                // Nothing was asked for that comes behind it.
                return Err(Error::AuthReply);
            }
        }
        Ok(true)
    }

    /// The socket, to be registered.
    pub fn stream(&mut self) -> Option<&mut Stream> {
        match &mut self.link {
            Link::Open(stream) | Link::Opening(stream) => Some(stream),
            Link::Lost => None,
        }
    }

    /// Sends up to `count` requests with one write.
    #[inline]
    pub fn send(&mut self, phase: &mut impl Phase, now: Nanos, count: u64) {
        let mut requests = 0;
        while requests < count
            && let Some(pending) = phase.next_request(self.number, &mut self.out)
        {
            if let Some(retry) = &mut self.retry
                && pending.is_change()
            {
                retry.keys.add_to_last(&mut self.out);
            }
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
        let Link::Open(stream) = &mut self.link else { return };
        loop {
            let (auth, out) = (self.auth.as_ref().map_or(&[][..], Auth::unsent), &self.out[self.written..]);
            let (is_auth, unsent) = if auth.is_empty() { (false, out) } else { (true, auth) };
            if !is_auth && self.auth.as_ref().is_some_and(Auth::holds_requests) {
                let _ = stream.flush();
                return;
            }
            if unsent.is_empty() {
                break;
            }
            match stream.write(unsent) {
                Ok(count) if is_auth => self.auth.iter_mut().for_each(|auth| auth.on_written(count)),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.write_failed = self.retry.is_none();
                    break;
                }
            }
        }
        // What TLS still has to send. If the peer has closed, the next read finds out.
        let _ = stream.flush();
        if self.retry.is_none() {
            self.out.clear();
            self.written = 0;
        }
    }

    /// Writes after the socket has become writable, as it does when it is connected.
    #[inline]
    pub fn on_writable(&mut self) {
        if matches!(self.link, Link::Opening(_)) {
            self.complete_opening();
        }
        self.flush();
    }

    #[cold]
    fn complete_opening(&mut self) {
        let Link::Opening(stream) = &self.link else { return };
        // An event of the earlier socket comes before it is connected.
        if stream.is_connected()
            && let Link::Opening(stream) = std::mem::replace(&mut self.link, Link::Lost)
        {
            self.link = Link::Open(stream);
            self.retry.iter_mut().for_each(|retry| retry.counts.reconnections += 1);
        }
    }

    /// Closes the connection. Returns when to [reopen](Self::reopen) it, or `None` if it stays lost.
    #[cold]
    pub fn lose(&mut self, now: Nanos) -> Option<Nanos> {
        self.link = Link::Lost;
        self.partial_line.clear();
        self.auth.iter_mut().for_each(Auth::restart);
        let (begin, at) = self.retry.as_mut()?.lose(&self.out, self.written, now)?;
        self.written = begin;
        Some(at)
    }

    /// Opens it again over a socket that connects. Requests without a reply are sent again.
    pub fn reopen(&mut self, stream: Stream) {
        self.link = Link::Opening(stream);
    }

    /// Whether it has a socket, connected or not.
    pub const fn has_socket(&self) -> bool {
        !matches!(self.link, Link::Lost)
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
            let (Link::Open(stream) | Link::Opening(stream)) = &mut self.link else {
                return Ok(self.state());
            };
            let count = match stream.read(buffer) {
                Ok(0) => return Ok(ReadState::Lost),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(self.state()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(ReadState::Lost),
            };
            let has_emptied_socket = count < buffer.len() && stream.is_emptied_by_short_read();
            let now = start.elapsed().as_nanos() as Nanos;
            phase.on_time(now);
            let mut arrived = &buffer[..count];
            if self.auth.as_ref().is_some_and(Auth::is_due) {
                match self.take_auth(arrived)? {
                    Some(taken) => arrived = &arrived[taken..],
                    None => return Ok(ReadState::Lost),
                }
            }
            let Replies { count: replies, is_refusal_next, .. } = self.take_replies(phase, arrived)?;
            self.record_latency(phase, now, replies);
            self.remove_answered(replies);
            if is_refusal_next {
                // The next requests wait until it is open again.
                self.link = Link::Lost;
            }
            if !self.write_failed {
                self.send(phase, now, replies);
            }
            if is_refusal_next {
                return Ok(ReadState::Lost);
            }
            // The next arrival is a new event.
            if has_emptied_socket && !closing {
                return Ok(self.state());
            }
        }
    }

    /// Takes the replies to HELLO and AUTH out of what arrived, and sends AUTH after the first. Returns the
    /// bytes that are of it, or `None` if the connection is to be opened again.
    #[cold]
    fn take_auth(&mut self, arrived: &[u8]) -> Result<Option<usize>, Error> {
        let Some((answer, taken)) = self.auth.as_mut().map(|auth| auth.take(arrived)).transpose()?.flatten()
        else {
            self.flush();
            return Ok(Some(arrived.len()));
        };
        match (answer, &mut self.retry) {
            (Answer::NotNow { code, message }, Some(retry)) => {
                retry.counts.refused.add(&code, 1, || message);
                self.link = Link::Lost;
                Ok(None)
            }
            (answer, _) => answer.error().map_or(Ok(Some(taken)), Err),
        }
    }

    fn state(&self) -> ReadState {
        if self.pending.is_empty() { ReadState::Idle } else { ReadState::Pending }
    }

    /// Takes the replies that ended in what arrived.
    #[inline]
    fn take_replies(&mut self, phase: &mut impl Phase, arrived: &[u8]) -> Result<Replies, Error> {
        if self.partial_line.is_empty() {
            let replies = take_lines(&mut self.pending, self.retry.as_mut(), phase, arrived)?;
            self.partial_line.extend_from_slice(&arrived[replies.end..]);
            return Ok(replies);
        }
        self.partial_line.extend_from_slice(arrived);
        let replies = take_lines(&mut self.pending, self.retry.as_mut(), phase, &self.partial_line)?;
        self.partial_line.drain(..replies.end);
        if self.partial_line.len() > REPLY_BYTES_MAX {
            return Err(Error::Malformed { line: excerpt(&self.partial_line) });
        }
        Ok(replies)
    }

    /// With retries: removes the requests of the oldest `replies` replies.
    #[inline]
    fn remove_answered(&mut self, replies: u64) {
        if let Some(retry) = &mut self.retry {
            let removed = retry.answer(replies, &self.out);
            self.out.drain(..removed);
            // A faulty server may reply to a request that is not written yet.
            self.written = self.written.saturating_sub(removed);
        }
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

/// Passes every whole line of `bytes` on, with retries up to a temporary refusal. Its request stays the
/// oldest one without a reply: those after it may depend on it, so they are sent again, too.
///
/// Every request of a run has a reply of one line, and no connection subscribes to anything: another
/// line is an error here, though other clients skip lines that they do not know.
#[inline]
fn take_lines(
    pending: &mut VecDeque<Pending>,
    mut retry: Option<&mut Retry>,
    phase: &mut impl Phase,
    bytes: &[u8],
) -> Result<Replies, Error> {
    let (mut count, mut end) = (0, 0);
    while let Some(length) = memchr::memchr(b'\n', &bytes[end..]) {
        let line = &bytes[end..end + length];
        if let Some(retry) = &mut retry
            && let Some(refusal) = match pending.front() {
                _ if line.starts_with(b"ERR ") => TemporaryRefusal::parse(line),
                Some(Pending::Stats) => TemporaryRefusal::of_stats(line),
                _ => None,
            }
        {
            let TemporaryRefusal { code, message, leader } = refusal;
            retry.counts.refused.add(code, 1, || message);
            retry.leader = leader;
            return Ok(Replies { count, end, is_refusal_next: true });
        }
        let Some(request) = pending.pop_front() else {
            return Err(Error::Unsolicited { line: excerpt(line) });
        };
        phase.on_reply(request, line)?;
        count += 1;
        end += length + 1;
    }
    Ok(Replies { count, end, is_refusal_next: false })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::retry::PAUSE_MAX;

    /// GET and BOOK in turn. It counts the replies.
    #[derive(Default)]
    struct Requests {
        sent: u32,
        replies: u32,
    }

    impl Phase for Requests {
        fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
            self.sent += 1;
            let number = self.sent;
            let (verb, pending) =
                if number % 2 == 1 { ("GET", Pending::Event(0)) } else { ("BOOK", Pending::Book(0)) };
            out.extend_from_slice(format!("{verb} {number}\n").as_bytes());
            Some(pending)
        }

        fn on_reply(&mut self, _request: Pending, _line: &[u8]) -> Result<(), Error> {
            self.replies += 1;
            Ok(())
        }
    }

    fn open(listener: &TcpListener) -> (Stream, std::net::TcpStream) {
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        (Stream::Tcp(mio::net::TcpStream::from_std(stream)), listener.accept().unwrap().0)
    }

    /// Everything that a connection sends before it ends.
    fn read_to_end(mut peer: std::net::TcpStream) -> String {
        let mut text = String::new();
        peer.read_to_string(&mut text).unwrap();
        text
    }

    /// Answers HELLO, and waits until the connection goes on.
    fn greet(connection: &mut Connection, phase: &mut Requests, peer: &mut std::net::TcpStream) {
        peer.write_all(b"OK {\"server\":\"bookline\",\"protocol\":1,\"max_line\":4096}\n").unwrap();
        let (mut buffer, start) = ([0; 1024], Instant::now());
        while connection.auth.as_ref().is_some_and(Auth::holds_requests) {
            connection.read(phase, &mut buffer, start, false).unwrap();
        }
    }

    #[test]
    fn refused_request_and_those_after_it_are_sent_again_with_their_keys() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (stream, mut peer) = open(&listener);
        let mut phase = Requests::default();
        let mut connection = Connection::new(stream, 0, Some(AuthLine("AUTH anna correct\n".into())));
        connection.retry_requests(PAUSE_MAX);
        connection.send(&mut phase, 0, 4);
        greet(&mut connection, &mut phase, &mut peer);
        peer.write_all(b"OK {}\nOK {}\nERR BUSY {\"message\":\"\",\"retry\":true}\nOK {}\n").unwrap();
        let (mut buffer, start) = ([0; 1024], Instant::now());
        while connection.read(&mut phase, &mut buffer, start, false).unwrap() != ReadState::Lost {}
        assert!(connection.lose(0).is_some());
        // A request follows the reply, none the refusal.
        assert_eq!((phase.replies, phase.sent, connection.outstanding()), (1, 5, 4));
        let first = read_to_end(peer);
        let first = first.strip_prefix("HELLO\nAUTH anna correct\n").unwrap();
        let repeated = first.split_once('\n').unwrap().1;
        assert!(first.starts_with("GET 1\nBOOK 2 key=") && first.contains("\nBOOK 4 key="), "{first}");

        let (stream, mut peer) = open(&listener);
        connection.reopen(stream);
        connection.on_writable();
        greet(&mut connection, &mut phase, &mut peer);
        drop(connection);
        assert_eq!(read_to_end(peer), format!("HELLO\nAUTH anna correct\n{repeated}GET 5\n"));
    }
}
