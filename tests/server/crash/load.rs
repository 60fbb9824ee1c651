//! Clients that pipeline requests, and a kill after a given number of replies.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use bookline_protocol::{ParsedLine, parse};
use bookline_testkit::{Conn, Reply, Rng};
use rustix::process::{Pid, Signal, kill_process};

/// Kills the server as soon as its clients have read a given number of replies.
pub struct Killer {
    pid: Pid,
    left: AtomicUsize,
}

impl Killer {
    /// Kills the process `pid` after `replies` replies.
    pub fn new(pid: u32, replies: usize) -> Self {
        Self { pid: Pid::from_raw(pid.try_into().unwrap()).unwrap(), left: AtomicUsize::new(replies) }
    }

    fn count_reply(&self) {
        // The counter wraps below zero, so that it kills once.
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            kill_process(self.pid, Signal::KILL).unwrap();
        }
    }
}

/// A client that records its outstanding requests and the acknowledged changes.
pub trait Client {
    /// The line of the next request, without its LF. The request is outstanding from now on.
    fn next(&mut self, rng: &mut Rng) -> Vec<u8>;
    /// Handles the reply to the oldest outstanding request.
    fn on_reply(&mut self, reply: Reply);
}

/// A line that was sent.
enum Sent {
    /// A request of the client, with its line if it has a key.
    Request(Option<Vec<u8>>),
    /// A repeat of a request with a key, whose reply is known.
    Repeat(usize),
}

/// The requests with keys that were granted, and their replies.
#[derive(Default)]
pub struct KeyedRequests {
    granted: Vec<(Vec<u8>, String)>,
}

impl KeyedRequests {
    /// Half of the changes get a key.
    fn add_key(line: &mut Vec<u8>, rng: &mut Rng) -> bool {
        let mut scratch = Vec::new();
        let is_change =
            matches!(&parse(line, &mut scratch), ParsedLine::Request(request) if request.changes());
        let keyed = is_change && rng.one_in(2) && !takes_many_tickets(line);
        if keyed {
            line.extend(format!(" key=crash-{:016x}", rng.next()).into_bytes());
        }
        keyed
    }

    /// Sends all requests again, and expects the same replies: they were acknowledged.
    pub fn check(&self, conn: &mut Conn) {
        let lines: Vec<u8> = self.granted.iter().flat_map(|(line, _)| [&line[..], b"\n"].concat()).collect();
        conn.strips_telnet_answers = true;
        let replies = conn.pipeline(lines, self.granted.len());
        for (reply, (line, granted)) in replies.iter().zip(&self.granted) {
            assert_eq!(reply, granted, "the stored reply to {}", String::from_utf8_lossy(line));
        }
    }
}

/// Whether a line books more tickets than one with a key may.
fn takes_many_tickets(line: &[u8]) -> bool {
    let many =
        |word: &[u8]| str::from_utf8(word).is_ok_and(|word| word.parse().is_ok_and(|n: u64| n > 1_000));
    line.starts_with(b"BOOK") && line.split(|byte| *byte == b' ').any(many)
}

/// Sends requests in bursts, with some replies outstanding, until the connection ends.
/// Half of the changes have a key, and some of those that were granted are sent again.
pub fn drive(
    client: &mut impl Client,
    keyed: &mut KeyedRequests,
    conn: &mut Conn,
    rng: &mut Rng,
    killer: &Killer,
) {
    // Lines have telnet commands in them.
    conn.strips_telnet_answers = true;
    let mut waiting = VecDeque::new();
    let mut sending = true;
    loop {
        if sending {
            let burst = rng.range(1, 40);
            let mut lines = Vec::new();
            for _ in 0..burst {
                if rng.one_in(10) && !keyed.granted.is_empty() {
                    let nth = rng.below(keyed.granted.len());
                    lines.extend_from_slice(&keyed.granted[nth].0);
                    waiting.push_back(Sent::Repeat(nth));
                } else {
                    let mut line = client.next(rng);
                    let has_key = KeyedRequests::add_key(&mut line, rng);
                    lines.extend_from_slice(&line);
                    waiting.push_back(Sent::Request(has_key.then_some(line)));
                }
                lines.push(b'\n');
            }
            sending = conn.try_send_bytes(&lines).is_ok();
        }
        // After sending has failed, the replies that arrived before are read.
        let keep = if sending { rng.below(20) } else { 0 };
        while waiting.len() > keep {
            let Ok(reply) = conn.try_reply() else { return };
            match waiting.pop_front().expect("a line that waits") {
                Sent::Request(line) => {
                    let granted = line.filter(|_| reply.is_ok()).map(|line| (line, reply.line.clone()));
                    keyed.granted.extend(granted);
                    client.on_reply(reply);
                }
                Sent::Repeat(nth) => assert_eq!(reply.line, keyed.granted[nth].1, "a stored reply"),
            }
            killer.count_reply();
        }
        if !sending {
            return;
        }
    }
}
