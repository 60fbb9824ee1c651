//! A connection to a server.

use std::io;
use std::time::Duration;

use rustix::net::RecvFlags;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::address::Address;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::interrupt::Interrupt;

/// A connection, with what has arrived over it and was not looked at yet.
#[derive(Debug)]
pub struct Connection {
    /// Who is at the other end.
    pub address: Address,
    /// How long to wait for an answer while nothing arrives.
    pub patience: Duration,
    /// The socket.
    pub stream: TcpStream,
    /// What has arrived.
    pub inbox: Inbox,
    /// Whether a line was read already: only the first one can turn a newcomer away.
    pub heard: bool,
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
    /// Connects, trying every address of the host in turn, and waits for `patience` at most.
    pub async fn open(address: &Address, patience: Duration, interrupt: &Interrupt) -> Result<Self, Error> {
        let connected = tokio::select! {
            connected = tokio::time::timeout(patience, TcpStream::connect(address.as_str())) => connected,
            () = interrupt.wait() => return Err(Error::Interrupted { rows: 0, changes: 0 }),
        };
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(Error::Connect { address: address.clone(), source }),
            Err(_) => return Err(Error::ConnectTimeout { address: address.clone(), waited: patience }),
        };
        // Without it a small command would wait for the answer to the one before it. Where it cannot be set the
        // client is slower, and just as right.
        _ = stream.set_nodelay(true);
        Ok(Self { address: address.clone(), patience, stream, inbox: Inbox::default(), heard: false })
    }

    /// Sends one line and returns the first line that comes back.
    pub async fn ask(&mut self, line: &[u8], interrupt: &Interrupt) -> Result<String, Error> {
        // What stops a write, a server that turned us away and closed, is told by what can be read.
        _ = self.stream.write_all(line).await;
        loop {
            if let Some(line) = self.inbox.line() {
                self.heard = true;
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            let address = self.address.clone();
            let read = tokio::io::AsyncReadExt::read_buf(&mut self.stream, self.inbox.room());
            tokio::select! {
                read = tokio::time::timeout(self.patience, read) => match read {
                    Ok(Ok(count)) if count > 0 => {}
                    Ok(_) => return Err(Error::Lost { address, unanswered: 0 }),
                    Err(_) => return Err(Error::Silent { address, waited: self.patience, unanswered: 0 }),
                },
                () = interrupt.wait() => return Err(Error::Interrupted { rows: 0, changes: 0 }),
            }
        }
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
