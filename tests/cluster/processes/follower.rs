//! A client that finds the leader and follows it: what is refused by a standby or remains without a reply is
//! sent to another server.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bookline_testkit::{Conn, HANG_TIMEOUT, Reply};

use super::clock::{Clock, Moment};

/// How long a server has for a reply: at first, and later, as it is twice as long after each late reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);
const REPLY_TIMEOUT_MAX: Duration = Duration::from_secs(4);

/// Before the next attempt after a refusal or a lost connection. An election takes seconds.
const PAUSE: Duration = Duration::from_millis(20);

/// For so long a server that did not reply in time is not asked again while there are others, even if they
/// say that it leads.
const AVOIDED: Duration = Duration::from_secs(5);

/// What clients share.
#[derive(Debug, Default)]
pub struct Shared {
    pub clock: Clock,
    /// Nobody waits for replies any more: the test has failed.
    pub is_aborted: AtomicBool,
    /// When an attempt got no reply in time, the last time.
    pub last_timeout: Mutex<Option<Instant>>,
}

/// A reply, and the times of its request.
#[derive(Debug)]
pub struct Asked {
    pub reply: Reply,
    /// When the attempt was sent that got the reply.
    pub sent: Moment,
    pub received: Moment,
    /// When the first attempt was sent that got no reply.
    pub in_doubt_since: Option<Moment>,
}

/// No server has replied.
#[derive(Debug)]
pub struct NoReply {
    /// When the first attempt was sent that got no reply.
    pub in_doubt_since: Option<Moment>,
}

pub struct Follower {
    addresses: Vec<SocketAddr>,
    /// The server to ask.
    target: usize,
    conn: Option<Conn>,
    /// The server that did not reply in time.
    silent: Option<Silent>,
    shared: Arc<Shared>,
    /// Attempts whose replies come too late.
    late: Vec<Late>,
}

/// A server that did not reply in time.
struct Silent {
    server: usize,
    since: Instant,
    /// It has replied late, or has closed the connection.
    is_over: Arc<AtomicBool>,
}

/// An attempt whose reply was not waited for.
struct Late {
    line: String,
    sent: Moment,
    reply: JoinHandle<Result<Option<(Moment, Reply)>, String>>,
}

/// A reply that came too late.
#[derive(Debug)]
pub struct LateReply {
    /// The request.
    pub line: String,
    pub sent: Moment,
    pub received: Moment,
    pub reply: Reply,
}

/// What became of an attempt.
enum Attempt {
    Replied(Moment, Reply),
    /// It was not sent.
    NotSent,
    Lost,
    /// There was no reply in time.
    TimedOut,
}

impl Follower {
    /// Asks these servers, first this one.
    pub fn new(addresses: Vec<SocketAddr>, first: usize, shared: Arc<Shared>) -> Self {
        let target = first % addresses.len();
        Self { addresses, target, conn: None, silent: None, shared, late: Vec::new() }
    }

    /// Asks until a leader replies.
    ///
    /// # Errors
    ///
    /// [`NoReply`] if none has replied within a minute.
    pub fn ask(&mut self, line: &str) -> Result<Asked, NoReply> {
        let deadline = Instant::now() + HANG_TIMEOUT;
        let mut timeout = REPLY_TIMEOUT;
        let mut in_doubt_since: Option<Moment> = None;
        while Instant::now() < deadline && !self.shared.is_aborted.load(Ordering::Relaxed) {
            let sent = self.shared.clock.now();
            match self.attempt(line, sent, timeout) {
                Attempt::Replied(received, reply) => match reply.code.as_deref() {
                    Some("NOT_LEADER") => self.follow(reply.body["leader"].as_str()),
                    Some("UNAVAILABLE") => {}
                    _ => return Ok(Asked { reply, sent, received, in_doubt_since }),
                },
                Attempt::NotSent => self.turn_to_the_next(),
                Attempt::Lost => {
                    in_doubt_since.get_or_insert(sent);
                    self.turn_to_the_next();
                }
                Attempt::TimedOut => {
                    in_doubt_since.get_or_insert(sent);
                    let now = Instant::now();
                    *self.shared.last_timeout.lock().expect("no panic under the lock") = Some(now);
                    self.turn_to_the_next();
                    timeout = (2 * timeout).min(REPLY_TIMEOUT_MAX);
                }
            }
            thread::sleep(PAUSE);
        }
        Err(NoReply { in_doubt_since })
    }

    /// Asks, and expects a reply.
    #[track_caller]
    pub fn must_ask(&mut self, line: &str) -> Asked {
        self.ask(line).unwrap_or_else(|_| panic!("no server has replied to {line} within {HANG_TIMEOUT:?}"))
    }

    fn attempt(&mut self, line: &str, sent: Moment, timeout: Duration) -> Attempt {
        if self.conn.is_none() {
            let stream = TcpStream::connect_timeout(&self.addresses[self.target], REPLY_TIMEOUT);
            self.conn = stream.and_then(Conn::over).ok();
        }
        let Some(conn) = &mut self.conn else { return Attempt::NotSent };
        conn.stream().set_read_timeout(Some(timeout)).expect("a timeout");
        let asked = conn.try_send_bytes(format!("{line}\n").as_bytes()).and_then(|()| conn.try_reply());
        match asked {
            Ok(reply) => Attempt::Replied(self.shared.clock.now(), reply),
            Err(error) if is_timeout(&error) => {
                let conn = self.conn.take().expect("it is connected");
                self.wait_aside(conn, line, sent);
                Attempt::TimedOut
            }
            Err(_) => {
                self.conn = None;
                Attempt::Lost
            }
        }
    }

    /// Turns to the server that a standby names.
    fn follow(&mut self, leader: Option<&str>) {
        let is_leader = |address: &SocketAddr| leader.is_some_and(|leader| leader == address.to_string());
        match self.addresses.iter().position(is_leader) {
            Some(named) if named != self.target && !self.is_avoided(named) => self.turn_to(named),
            _ => self.turn_to_the_next(),
        }
    }

    /// Turns to the next server, and leaves out one that was silent just now.
    fn turn_to_the_next(&mut self) {
        let next = |server: usize| (server + 1) % self.addresses.len();
        let first = next(self.target);
        self.turn_to(if self.is_avoided(first) { next(first) } else { first });
    }

    fn is_avoided(&self, server: usize) -> bool {
        self.silent.as_ref().is_some_and(|silent| {
            silent.server == server
                && silent.since.elapsed() < AVOIDED
                && !silent.is_over.load(Ordering::Relaxed)
        })
    }

    fn turn_to(&mut self, server: usize) {
        if server != self.target {
            self.conn = None;
        }
        self.target = server;
    }

    /// Waits on another thread for a reply that is late.
    fn wait_aside(&mut self, mut conn: Conn, line: &str, sent: Moment) {
        let (shared, is_over) = (Arc::clone(&self.shared), Arc::new(AtomicBool::new(false)));
        let (server, since) = (self.target, Instant::now());
        self.silent = Some(Silent { server, since, is_over: Arc::clone(&is_over) });
        let reply = thread::spawn(move || {
            conn.stream().set_read_timeout(Some(HANG_TIMEOUT)).expect("a timeout");
            let reply = conn.try_reply();
            is_over.store(true, Ordering::Relaxed);
            match reply {
                Ok(reply) => Ok(Some((shared.clock.now(), reply))),
                Err(error) if is_timeout(&error) => {
                    Err(format!("neither a reply nor the end of the connection within {HANG_TIMEOUT:?}"))
                }
                Err(_) => Ok(None),
            }
        });
        self.late.push(Late { line: line.to_owned(), sent, reply });
    }

    /// The replies that came too late. Every server has to answer, or to close the connection.
    pub fn late_replies(self) -> Vec<LateReply> {
        let mut replies = Vec::new();
        for Late { line, sent, reply } in self.late {
            match reply.join().expect("a thread that reads") {
                Ok(None) => {}
                Ok(Some((received, reply))) => replies.push(LateReply { line, sent, received, reply }),
                Err(what) => panic!("{line}: {what}"),
            }
        }
        replies
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
