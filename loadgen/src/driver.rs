//! The event loop: one thread that waits for all connections at once and drives a phase over them. With
//! retries it opens lost connections again.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{AuthLine, Config};
use crate::connection::{Connection, ReadState};
use crate::error::Error;
use crate::phase::{Nanos, Phase};
use crate::retry::{PAUSE_MAX, PAUSE_OF_SEVERAL_MAX, Retries};
use crate::servers::Servers;
use crate::stream::Stream;

/// The longest time between two calls of [`Phase::on_time`].
pub const TICK: Duration = Duration::from_millis(50);

/// Connections that one poll reports at most.
const POLL_EVENTS_MAX: usize = 1024;

/// The size of a read: the replies to some thousand requests.
const READ_BYTES: usize = 256 * 1024;

/// Files that are open beside the connections, with a margin.
const OTHER_FILES: u64 = 64;

#[derive(Debug)]
pub struct Driver {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    /// Connections to open again.
    lost: Vec<LostConnection>,
    servers: Servers,
    /// The server that each connection was opened to last.
    opened_to: Vec<usize>,
    /// The longest pause before a lost connection is opened again.
    pause_max: Duration,
    buffer: Box<[u8]>,
    start: Instant,
    timeout: Duration,
}

#[derive(Clone, Copy, Debug)]
struct LostConnection {
    number: usize,
    /// When to open it again.
    at: Nanos,
}

impl Driver {
    /// Opens the connections of a run to the server with this address, one after another: of those that are
    /// not yet an account's, a server takes only a part. The timeout bounds each of them, and later the wait
    /// for a reply.
    pub fn connect(config: &Config, address: &str) -> Result<Self, Error> {
        let Config { connections, timeout, .. } = *config;
        let connections = connections as usize;
        raise_file_limit(connections as u64 + OTHER_FILES);
        let (servers, first) = Servers::connect_first(config, address)?;
        let mut driver = Self {
            poll: Poll::new().map_err(Error::Start)?,
            events: Events::with_capacity(POLL_EVENTS_MAX),
            connections: Vec::with_capacity(connections),
            lost: Vec::new(),
            servers,
            opened_to: vec![0; connections],
            pause_max: if config.others.is_empty() { PAUSE_MAX } else { PAUSE_OF_SEVERAL_MAX },
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            start: Instant::now(),
            timeout,
        };
        driver.add(first, config.auth.clone())?;
        for _ in 1..connections {
            let stream = driver.servers.connect(timeout)?;
            driver.add(stream, config.auth.clone())?;
        }
        Ok(driver)
    }

    /// Adds a connection once it is the account's, if the run has one.
    fn add(&mut self, stream: Stream, auth: Option<AuthLine>) -> Result<(), Error> {
        let number = self.connections.len();
        let mut connection = Connection::new(stream, number, auth);
        self.authenticate(&mut connection)?;
        if let Some(stream) = connection.stream() {
            register(&self.poll, stream, number)?;
        }
        self.connections.push(connection);
        Ok(())
    }

    /// Waits until a connection is the account's. The others wait for their events meanwhile.
    fn authenticate(&mut self, connection: &mut Connection) -> Result<(), Error> {
        let deadline = Instant::now() + self.timeout;
        if connection.authenticate(&mut self.buffer)? {
            return Ok(());
        }
        let mut poll = Poll::new().map_err(Error::Start)?;
        if let Some(stream) = connection.stream() {
            register(&poll, stream, 0)?;
        }
        while !connection.authenticate(&mut self.buffer)? {
            let remaining = deadline.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                return Err(Error::Timeout { unanswered: 0 });
            }
            match poll.poll(&mut self.events, Some(remaining)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(Error::Start(error)),
                _ => {}
            }
        }
        connection.stream().map_or(Ok(()), |stream| stream.deregister(poll.registry())).map_err(Error::Start)
    }

    /// The address of the server that connections lead to.
    pub fn address(&self) -> &str {
        self.servers.address()
    }

    /// From now on changes have keys, and lost connections are opened again, for up to
    /// [`RETRY_TIME_MAX`](crate::retry::RETRY_TIME_MAX) without a reply. Every request must have its reply.
    pub fn retry_requests(&mut self) {
        self.connections.iter_mut().for_each(|connection| connection.retry_requests(self.pause_max));
    }

    /// What was sent again over all connections, or `None` without retries.
    pub fn retries(&self) -> Option<Retries> {
        self.connections.iter().map(Connection::retries).try_fold(Retries::default(), |mut sum, retries| {
            sum.add(retries?);
            Some(sum)
        })
    }

    /// The time that phases are given.
    pub fn now(&self) -> Nanos {
        self.start.elapsed().as_nanos() as Nanos
    }

    /// Runs a phase, with up to `depth` requests in flight over each connection, until it has no more
    /// requests and every request has its reply.
    pub fn run(&mut self, phase: &mut impl Phase, depth: u64) -> Result<(), Error> {
        let now = self.now();
        phase.on_time(now);
        for connection in &mut self.connections {
            connection.send(phase, now, depth);
        }
        let mut outstanding = self.outstanding();
        let mut silent_since = None;
        while outstanding > 0 {
            if !self.lost.is_empty() {
                self.reopen_lost()?;
            }
            match self.poll.poll(&mut self.events, Some(TICK)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::Start(error)),
            }
            if self.events.is_empty() {
                let now = self.now();
                phase.on_time(now);
                let since: Nanos = *silent_since.get_or_insert(now.saturating_sub(TICK.as_nanos() as Nanos));
                if Duration::from_nanos(now - since) > self.timeout {
                    self.lose_silent(now)?;
                    silent_since = None;
                }
                continue;
            }
            silent_since = None;
            match self.handle_events(phase)? {
                ReadState::Pending => {}
                ReadState::Idle => outstanding = self.outstanding(),
                ReadState::Lost => return Err(Error::Lost { unanswered: self.outstanding() }),
            }
        }
        Ok(())
    }

    #[inline]
    fn handle_events(&mut self, phase: &mut impl Phase) -> Result<ReadState, Error> {
        let mut state = ReadState::Pending;
        for event in &self.events {
            let number = event.token().0;
            let Some(connection) = self.connections.get_mut(number) else { continue };
            if event.is_writable() {
                connection.on_writable();
            }
            let closing = event.is_read_closed() || event.is_error();
            if event.is_readable() || closing {
                match connection.read(phase, &mut self.buffer, self.start, closing)? {
                    ReadState::Pending => {}
                    ReadState::Idle => state = ReadState::Idle,
                    ReadState::Lost => match connection.lose(self.start.elapsed().as_nanos() as Nanos) {
                        Some(at) => {
                            let leader = connection.take_leader();
                            self.servers.on_lost(self.opened_to[number], leader.as_deref());
                            self.lost.push(LostConnection { number, at });
                            // Its last reply may have come before the end of the stream.
                            state = ReadState::Idle;
                        }
                        None => return Ok(ReadState::Lost),
                    },
                }
            }
        }
        Ok(state)
    }

    /// Loses the connections that wait for replies, as none has arrived in time.
    #[cold]
    fn lose_silent(&mut self, now: Nanos) -> Result<(), Error> {
        let unanswered = self.outstanding();
        for (number, connection) in self.connections.iter_mut().enumerate() {
            if connection.outstanding() > 0 && connection.has_socket() {
                let at = connection.lose(now).ok_or(Error::Timeout { unanswered })?;
                self.servers.on_lost(self.opened_to[number], None);
                self.lost.push(LostConnection { number, at });
            }
        }
        Ok(())
    }

    /// Opens the lost connections whose time has come.
    #[cold]
    fn reopen_lost(&mut self) -> Result<(), Error> {
        let now = self.now();
        for lost in std::mem::take(&mut self.lost) {
            if lost.at > now {
                self.lost.push(lost);
                continue;
            }
            let connection = &mut self.connections[lost.number];
            // A connection over the loopback interface is refused at once.
            let server = self.servers.current();
            self.opened_to[lost.number] = server;
            let Ok(mut stream) = self.servers.begin_connecting() else {
                self.servers.on_lost(server, None);
                match connection.lose(now) {
                    Some(at) => self.lost.push(LostConnection { at, ..lost }),
                    None => return Err(Error::Lost { unanswered: self.outstanding() }),
                }
                continue;
            };
            register(&self.poll, &mut stream, lost.number)?;
            connection.reopen(stream);
        }
        Ok(())
    }

    fn outstanding(&self) -> u64 {
        self.connections.iter().map(Connection::outstanding).sum()
    }
}

fn register(poll: &Poll, stream: &mut Stream, number: usize) -> Result<(), Error> {
    stream.register(poll.registry(), Token(number)).map_err(Error::Start)
}

/// Raises the soft limit of open files to `files` or the hard limit. If that is too low, connecting fails.
fn raise_file_limit(files: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < files) {
        let current = Some(maximum.map_or(files, |maximum| maximum.min(files)));
        let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
    }
}
