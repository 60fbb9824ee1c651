//! The event loop: one thread that waits for all connections at once and drives a phase over them. With
//! retries it opens lost connections again.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::connection::{Connection, ReadState};
use crate::error::Error;
use crate::phase::{Nanos, Phase};
use crate::retry::Retries;

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
    address: SocketAddr,
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
    /// Opens `connections` connections to `address`, which is `host:port`. `timeout` bounds each of them, and
    /// later the wait for a reply.
    pub fn connect(address: &str, connections: usize, timeout: Duration) -> Result<Self, Error> {
        raise_file_limit(connections as u64 + OTHER_FILES);
        let (mut first, address) = connect_first(address, timeout)?;
        let mut driver = Self {
            poll: Poll::new().map_err(Error::Start)?,
            events: Events::with_capacity(POLL_EVENTS_MAX),
            connections: Vec::with_capacity(connections),
            lost: Vec::new(),
            address,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            start: Instant::now(),
            timeout,
        };
        register(&driver.poll, &mut first, 0)?;
        driver.connections.push(Connection::new(first, 0));
        for number in 1..connections {
            let mut stream = connect(address, timeout)?;
            register(&driver.poll, &mut stream, number)?;
            driver.connections.push(Connection::new(stream, number));
        }
        Ok(driver)
    }

    /// From now on changes have keys, and lost connections are opened again, for up to
    /// [`RETRY_TIME_MAX`](crate::retry::RETRY_TIME_MAX) without a reply. Every request must have its reply.
    pub fn retry_requests(&mut self) {
        self.connections.iter_mut().for_each(Connection::retry_requests);
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
            let Ok(mut stream) = begin_connecting(self.address) else {
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

/// Connects to the first address of `host:port` that accepts. Returns that address as well.
fn connect_first(address: &str, timeout: Duration) -> Result<(TcpStream, SocketAddr), Error> {
    let mut last = Error::Connect(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for address in address.to_socket_addrs().map_err(Error::Connect)? {
        match connect(address, timeout) {
            Ok(stream) => return Ok((stream, address)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect(address: SocketAddr, timeout: Duration) -> Result<TcpStream, Error> {
    let stream = std::net::TcpStream::connect_timeout(&address, timeout).map_err(Error::Connect)?;
    stream.set_nonblocking(true).map_err(Error::Start)?;
    without_delay(TcpStream::from_std(stream)).map_err(Error::Start)
}

fn begin_connecting(address: SocketAddr) -> io::Result<TcpStream> {
    without_delay(TcpStream::connect(address)?)
}

/// Nagle's algorithm would delay a small request until the reply to the one before it.
fn without_delay(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn register(poll: &Poll, stream: &mut TcpStream, number: usize) -> Result<(), Error> {
    let interest = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(stream, Token(number), interest).map_err(Error::Start)
}

/// Raises the soft limit of open files to `files` or the hard limit. If that is too low, connecting fails.
fn raise_file_limit(files: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < files) {
        let current = Some(maximum.map_or(files, |maximum| maximum.min(files)));
        let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
    }
}
