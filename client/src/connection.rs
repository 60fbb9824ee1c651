//! A connection to a server.

use std::io;
use std::time::Duration;

use bookline_loadgen::Handshake;
use rustix::net::RecvFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::address::Address;
use crate::error::Error;
use crate::inbox::{Inbox, MAX_REPLY};
use crate::interrupt::Interrupt;
use crate::printer::Printer;

/// Bytes in which a server says who it is: some ten times what is needed.
const MAX_HELLO: usize = 4 * 1024;

/// Where the server is, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it is.
    pub address: Address,
    /// How long to wait for a connection, and for an answer while nothing arrives.
    pub patience: Duration,
    /// How long a command may take in all.
    pub max_time: Option<Duration>,
}

/// A connection to a Bookline server, with what has arrived over it and was not looked at yet.
#[derive(Debug)]
pub struct Connection {
    /// Who is at the other end.
    pub target: Target,
    /// When what is done now is to be given up, whatever has arrived.
    pub deadline: Option<Instant>,
    /// The socket.
    pub stream: TcpStream,
    /// What has arrived.
    pub inbox: Inbox,
}

/// What a look at the socket found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing: the connection is idle.
    Idle,
    /// Something has arrived.
    Arrived,
    /// The connection has ended.
    Ended,
}

impl Connection {
    /// Connects, trying every address of the host in turn, and says HELLO: whoever is no Bookline server is sent
    /// nothing else. Returns the object that it answers with.
    pub async fn open(
        target: &Target,
        interrupt: &Interrupt,
        printer: &mut Printer,
    ) -> Result<(Self, String), Error> {
        let deadline = target.max_time.map(|time| Instant::now() + time);
        let greet = async {
            let mut connection = Self::connect(target, deadline).await?;
            let line = connection.ask_who_it_is().await?;
            Ok((connection, line))
        };
        let (connection, line) = tokio::select! {
            greeted = greet => greeted?,
            () = interrupt.wait() => return Err(Error::Interrupted { rows: 0, changes: 0 }),
        };
        let address = target.address.clone();
        match Handshake::parse(&line) {
            Handshake::Accepted { hello, .. } => Ok((connection, hello.to_owned())),
            Handshake::Rejected => {
                printer.line(line.as_bytes())?;
                printer.flush()?;
                Err(Error::TurnedAway { address })
            }
            Handshake::NotBookline => Err(Error::Stranger { address, said: line }),
        }
    }

    async fn connect(target: &Target, deadline: Option<Instant>) -> Result<Self, Error> {
        let address = target.address.clone();
        let wait = target.max_time.map_or(target.patience, |time| time.min(target.patience));
        let stream = match tokio::time::timeout(wait, TcpStream::connect(address.as_str())).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(Error::Connect { address, source }),
            Err(_) => return Err(Error::ConnectTimeout { address, waited: wait }),
        };
        // Without it a small command would wait for the answer to the one before it. Where it cannot be set the
        // client is slower, and just as right.
        _ = stream.set_nodelay(true);
        Ok(Self { target: target.clone(), deadline, stream, inbox: Inbox::default() })
    }

    /// Sends HELLO and returns the line that comes back. One who sends bytes and no line is answered for by them: that
    /// is how a stranger may speak, drop by drop.
    async fn ask_who_it_is(&mut self) -> Result<String, Error> {
        let Target { patience, max_time, .. } = self.target;
        let wait = max_time.map_or(patience, |time| time.min(patience));
        let until = Instant::now() + wait;
        // What stops a write, a server that turned us away and closed, is told by what can be read.
        _ = self.stream.write_all(b"HELLO\n").await;
        loop {
            if let Some(line) = self.inbox.line() {
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            if self.inbox.rest().len() > MAX_HELLO {
                return Err(self.stranger());
            }
            let address = self.target.address.clone();
            match timeout_at(until, self.stream.read_buf(self.inbox.room())).await {
                Ok(Ok(count)) if count > 0 => {}
                _ if !self.inbox.rest().is_empty() => return Err(self.stranger()),
                Ok(_) => return Err(Error::Lost { address, unanswered: 0 }),
                Err(_) => return Err(Error::Silent { address, waited: wait, unanswered: 0 }),
            }
        }
    }

    fn stranger(&self) -> Error {
        let said = String::from_utf8_lossy(self.inbox.rest()).into_owned();
        Error::Stranger { address: self.target.address.clone(), said }
    }

    /// The next command begins, and with it the time that it may take.
    pub fn begin(&mut self) {
        self.deadline = self.target.max_time.map(|time| Instant::now() + time);
    }

    /// Waits for the moment at which to give up; for ever, if there is none.
    pub async fn overdue(deadline: Option<Instant>) {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// Whether the server sends a line that has no end.
    pub fn is_flooded(&self) -> bool {
        self.inbox.rest().len() > MAX_REPLY
    }

    /// Takes what has arrived in the meantime, without waiting. It asks the system itself: the runtime only learns
    /// what happened to a socket while something runs on it.
    pub fn look(&mut self) -> Look {
        let mut chunk = [0; 4096];
        match rustix::net::recv(&self.stream, &mut chunk, RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Look::Ended,
            Ok((_, count)) => {
                self.inbox.room().extend_from_slice(&chunk[..count]);
                Look::Arrived
            }
            Err(errno) if io::Error::from(errno).kind() == io::ErrorKind::WouldBlock => Look::Idle,
            Err(rustix::io::Errno::INTR) => Look::Idle,
            Err(_) => Look::Ended,
        }
    }
}
