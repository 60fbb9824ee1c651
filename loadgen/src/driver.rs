//! The event loop: one thread that waits for all connections at once and drives a phase over them.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::connection::{Connection, ReadState};
use crate::error::Error;
use crate::phase::{Nanos, Phase};

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
    buffer: Box<[u8]>,
    start: Instant,
    timeout: Duration,
}

impl Driver {
    /// Opens `connections` connections to `address`, which is `host:port`. `timeout` bounds each of them, and
    /// later the wait for a reply.
    pub fn connect(address: &str, connections: usize, timeout: Duration) -> Result<Self, Error> {
        raise_file_limit(connections as u64 + OTHER_FILES);
        let mut driver = Self {
            poll: Poll::new().map_err(Error::Start)?,
            events: Events::with_capacity(POLL_EVENTS_MAX),
            connections: Vec::with_capacity(connections),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            start: Instant::now(),
            timeout,
        };
        let mut addresses: Vec<_> = address.to_socket_addrs().map_err(Error::Connect)?.collect();
        for number in 0..connections {
            let stream = driver.open(&mut addresses)?;
            let mut connection = Connection::new(stream, number);
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registry = driver.poll.registry();
            registry.register(connection.stream(), Token(number), interest).map_err(Error::Start)?;
            driver.connections.push(connection);
        }
        Ok(driver)
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
                    return Err(Error::Timeout { unanswered: self.outstanding() });
                }
                continue;
            }
            silent_since = None;
            match self.handle_events(phase)? {
                ReadState::Pending => {}
                ReadState::Idle => outstanding = self.outstanding(),
                ReadState::Closed => return Err(Error::Lost { unanswered: self.outstanding() }),
            }
        }
        Ok(())
    }

    #[inline]
    fn handle_events(&mut self, phase: &mut impl Phase) -> Result<ReadState, Error> {
        let mut state = ReadState::Pending;
        for event in &self.events {
            let Some(connection) = self.connections.get_mut(event.token().0) else { continue };
            if event.is_writable() {
                connection.flush();
            }
            let closing = event.is_read_closed() || event.is_error();
            if event.is_readable() || closing {
                match connection.read(phase, &mut self.buffer, self.start, closing)? {
                    ReadState::Pending => {}
                    ReadState::Idle => state = ReadState::Idle,
                    ReadState::Closed => return Ok(ReadState::Closed),
                }
            }
        }
        Ok(state)
    }

    fn outstanding(&self) -> u64 {
        self.connections.iter().map(Connection::outstanding).sum()
    }

    /// Connects to the first address that accepts, and removes the others from the list.
    fn open(&self, addresses: &mut Vec<SocketAddr>) -> Result<TcpStream, Error> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for (index, address) in addresses.iter().enumerate() {
            match std::net::TcpStream::connect_timeout(address, self.timeout) {
                Ok(stream) => {
                    addresses.drain(..index);
                    addresses.truncate(1);
                    // Nagle's algorithm would delay a small request until the reply to the one before it.
                    let ready = stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true));
                    ready.map_err(Error::Start)?;
                    return Ok(TcpStream::from_std(stream));
                }
                Err(error) => last = error,
            }
        }
        Err(Error::Connect(last))
    }
}

/// Raises the soft limit of open files to `files` or the hard limit. If that is too low, connecting fails.
fn raise_file_limit(files: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < files) {
        let current = Some(maximum.map_or(files, |maximum| maximum.min(files)));
        let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
    }
}
