//! One thread that waits for all connections at once and does some work over them.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::connection::{Arrival, Connection};
use super::failure::Failure;
use super::work::{Nanos, Work};
use crate::address::Address;
use crate::error::Error;

/// The work is told the time at least so often.
const TICK: Duration = Duration::from_millis(50);

/// Connections that one look at the system tells of.
const EVENTS: usize = 1024;

/// Bytes that are read at once: all replies to some thousand requests.
const BUFFER: usize = 256 * 1024;

/// Files that are open beside the connections, with room to spare.
const OTHER_FILES: u64 = 64;

/// The connections.
#[derive(Debug)]
pub struct Driver {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buffer: Box<[u8]>,
    start: Instant,
    address: Address,
    patience: Duration,
}

impl Driver {
    /// Opens so many connections. It waits for each one, as later for replies, for `patience` at most.
    pub fn connect(address: &Address, conns: usize, patience: Duration) -> Result<Self, Error> {
        allow_files(conns as u64 + OTHER_FILES);
        let poll = Poll::new().map_err(|source| Error::Start { source })?;
        let mut driver = Self {
            poll,
            events: Events::with_capacity(EVENTS),
            connections: Vec::with_capacity(conns),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: Instant::now(),
            address: address.clone(),
            patience,
        };
        let mut places = driver.resolve()?;
        for number in 0..conns {
            let stream = driver.open(&mut places)?;
            let mut connection = Connection::new(stream, number);
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registered = driver.poll.registry().register(connection.stream(), Token(number), interest);
            registered.map_err(|source| Error::Start { source })?;
            driver.connections.push(connection);
        }
        Ok(driver)
    }

    /// The time on the clock that the work is told.
    pub fn now(&self) -> Nanos {
        self.start.elapsed().as_nanos() as Nanos
    }

    /// Asks, with up to `depth` requests under way over each connection, until there is nothing more to ask and
    /// everything is answered.
    pub fn run(&mut self, work: &mut impl Work, depth: u64) -> Result<(), Failure> {
        let now = self.now();
        work.now(now);
        for connection in &mut self.connections {
            connection.ask(work, now, depth);
        }
        let mut left = self.outstanding();
        let mut quiet_since = None;
        while left > 0 {
            match self.poll.poll(&mut self.events, Some(TICK)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(Error::Start { source }.into()),
            }
            if self.events.is_empty() {
                let now = self.now();
                work.now(now);
                let since: Nanos = *quiet_since.get_or_insert(now.saturating_sub(TICK.as_nanos() as Nanos));
                if Duration::from_nanos(now - since) > self.patience {
                    return Err(self.silent());
                }
                continue;
            }
            quiet_since = None;
            match self.turn(work)? {
                Arrival::Open => {}
                Arrival::Answered => left = self.outstanding(),
                Arrival::Ended => return Err(self.lost()),
            }
        }
        Ok(())
    }

    /// Does what can be done now, for each connection of which there is news.
    #[inline]
    fn turn(&mut self, work: &mut impl Work) -> Result<Arrival, Failure> {
        let mut arrival = Arrival::Open;
        for event in &self.events {
            let Some(connection) = self.connections.get_mut(event.token().0) else { continue };
            if event.is_writable() {
                connection.write();
            }
            let closing = event.is_read_closed() || event.is_error();
            if event.is_readable() || closing {
                match connection.read(work, &mut self.buffer, self.start, closing)? {
                    Arrival::Open => {}
                    Arrival::Answered => arrival = Arrival::Answered,
                    Arrival::Ended => return Ok(Arrival::Ended),
                }
            }
        }
        Ok(arrival)
    }

    fn outstanding(&self) -> u64 {
        self.connections.iter().map(Connection::outstanding).sum()
    }

    fn lost(&self) -> Failure {
        Error::Lost { address: self.address.clone(), unanswered: self.outstanding() }.into()
    }

    fn silent(&self) -> Failure {
        let (address, waited) = (self.address.clone(), self.patience);
        Error::Silent { address, waited, unanswered: self.outstanding() }.into()
    }

    /// Where the server can be.
    fn resolve(&self) -> Result<Vec<SocketAddr>, Error> {
        let found = self.address.as_str().to_socket_addrs();
        found.map(Iterator::collect).map_err(|source| self.unreachable(source))
    }

    /// Connects to the first place that takes it; the others are not asked again.
    fn open(&self, places: &mut Vec<SocketAddr>) -> Result<TcpStream, Error> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for (index, place) in places.iter().enumerate() {
            match std::net::TcpStream::connect_timeout(place, self.patience) {
                Ok(stream) => {
                    places.drain(..index);
                    places.truncate(1);
                    // Without it a small request would wait for the reply to the one before it.
                    let ready = stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true));
                    ready.map_err(|source| Error::Start { source })?;
                    return Ok(TcpStream::from_std(stream));
                }
                Err(error) => last = error,
            }
        }
        Err(self.unreachable(last))
    }

    fn unreachable(&self, source: io::Error) -> Error {
        let address = self.address.clone();
        match source.kind() {
            io::ErrorKind::TimedOut => Error::ConnectTimeout { address, waited: self.patience },
            _ => Error::Connect { address, source },
        }
    }
}

/// Raises the soft limit of open files where it is below `files`. Where it cannot be raised, connecting says so.
fn allow_files(files: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < files) {
        let current = Some(maximum.map_or(files, |maximum| maximum.min(files)));
        _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
    }
}
