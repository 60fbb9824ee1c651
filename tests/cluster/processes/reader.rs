//! A reader that asks one server all the time, leader or not, and does not wait for one reply before it sends
//! the next request: what is sent to a server that is stopped is answered, if at all, when it wakes.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::Rng;
use bookline_testkit::reply::PartialReply;

use super::clock::Moment;
use super::fixture::Fixture;
use super::progress::Progress;
use super::record::Record;
use super::request::Request;

/// A request is sent so often, at the least.
const PERIOD: Duration = Duration::from_millis(10);

/// A server that does not accept for so long is tried later.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

pub struct Reader<'a> {
    number: usize,
    fixture: &'a Fixture,
    progress: &'a Progress,
    address: SocketAddr,
    rng: Rng,
    /// How many requests were sent, and which of them were answered by a leader.
    sent: Vec<Instant>,
    records: Vec<Record>,
}

/// What a reader has seen.
pub struct ReaderLog {
    pub address: SocketAddr,
    /// When each request was sent.
    pub sent: Vec<Instant>,
    /// The requests that a leader has answered.
    pub records: Vec<Record>,
}

impl<'a> Reader<'a> {
    pub fn new(
        number: usize,
        fixture: &'a Fixture,
        progress: &'a Progress,
        address: SocketAddr,
        rng: Rng,
    ) -> Self {
        Self { number, fixture, progress, address, rng, sent: Vec::new(), records: Vec::new() }
    }

    /// Reads until the load is stopped.
    pub fn run(mut self) -> ReaderLog {
        while !self.progress.is_stopped() {
            match TcpStream::connect_timeout(&self.address, CONNECT_TIMEOUT) {
                Ok(stream) => self.read_until_the_end(stream),
                Err(_) => thread::sleep(PERIOD),
            }
        }
        ReaderLog { address: self.address, sent: self.sent, records: self.records }
    }

    /// Asks until the load is stopped, or the server closes the connection.
    fn read_until_the_end(&mut self, mut stream: TcpStream) {
        stream.set_nodelay(true).expect("an option of a socket");
        stream.set_read_timeout(Some(PERIOD)).expect("a timeout");
        stream.set_write_timeout(Some(CONNECT_TIMEOUT)).expect("a timeout");
        let mut asked: VecDeque<(Moment, Request)> = VecDeque::new();
        let (mut received, mut reply) = (Vec::new(), PartialReply::default());
        while !self.progress.is_stopped() {
            let request = Request::draw_read(&mut self.rng);
            let line = request.line(self.fixture);
            let sent = self.progress.shared.clock.now();
            asked.push_back((sent, request));
            self.sent.push(sent.at);
            if stream.write_all(format!("{line}\n").as_bytes()).is_err() {
                return;
            }
            // One reply at the least, if there is one, and then all that have arrived.
            let mut buffer = [0; 16 * 1024];
            match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => received.extend_from_slice(&buffer[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return,
            }
            let at = self.progress.shared.clock.now();
            while let Some(end) = received.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = received.drain(..=end).collect();
                let line = str::from_utf8(&line[..end]).expect("a reply is UTF-8");
                let Some(reply) = reply.add(line) else { continue };
                let (sent, request) = asked.pop_front().expect("as many replies as requests");
                if reply.is_ok() {
                    let answer = Some((at, reply));
                    self.records.push(Record { client: self.number, request, key: None, sent, answer });
                } else {
                    let code = reply.code.as_deref().unwrap_or_default();
                    assert!(matches!(code, "NOT_LEADER" | "UNAVAILABLE" | "SHUTTING_DOWN"), "{reply:?}");
                }
            }
            if asked.is_empty() {
                thread::sleep(PERIOD);
            }
        }
    }
}
