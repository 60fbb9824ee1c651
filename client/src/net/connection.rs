//! A connection to a server.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use bookline_loadgen::Handshake;
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::reply::ReplyLine;
use rustix::net::RecvFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::keys::KeyedVerbs;
use crate::net::line_buffer::{LineBuffer, REPLY_BYTES_MAX, reply_line};
use crate::net::watching::Watching;
use crate::printer::Printer;
pub use crate::target::Target;

/// The longest reply to HELLO: some ten times what a server sends.
const HELLO_BYTES_MAX: usize = 4 * 1024;

/// The longest reply to HELP: some fifty times what a server sends.
const HELP_BYTES_MAX: usize = 256 * 1024;

const _: () = assert!(HELLO_BYTES_MAX < HELP_BYTES_MAX && HELP_BYTES_MAX < REPLY_BYTES_MAX);

#[derive(Debug)]
pub struct Connection {
    pub target: Target,
    /// When the current command has taken `max_time`.
    pub deadline: Option<Instant>,
    pub stream: TcpStream,
    pub received: LineBuffer,
    /// The verbs with which the server takes keys, once they were asked for.
    pub keyed_verbs: Option<KeyedVerbs>,
    /// What the server calls itself since its start, if it says so.
    pub instance: Option<String>,
    /// The object of its reply to HELLO.
    pub hello: String,
    /// What it watches.
    pub watching: Watching,
}

/// The state of a socket between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Nothing has arrived.
    Idle,
    /// So many bytes have arrived, and are in the buffer.
    Received { bytes: usize },
    /// The server has closed, or the connection is lost.
    Closed,
}

impl Connection {
    /// Connects, trying every address of the host in turn, and sends HELLO. Returns the object of its reply
    /// as well. A peer that is not a Bookline server is sent nothing else.
    pub async fn open(target: &Target, interrupt: &Interrupt) -> Result<(Self, String), Error> {
        let deadline = target.max_time.map(|time| Instant::now() + time);
        let greet = async {
            let mut connection = Self::connect(target, deadline).await?;
            let line = connection.hello().await?;
            Ok((connection, line))
        };
        let (mut connection, line) = tokio::select! {
            greeted = greet => greeted?,
            () = interrupt.wait() => return Err(Error::Interrupted { rows: 0, changes: 0 }),
        };
        let address = target.address.clone();
        match Handshake::parse(&line) {
            Handshake::Accepted { hello, .. } => {
                connection.instance = instance_of(hello);
                connection.hello = hello.to_owned();
                Ok((connection, hello.to_owned()))
            }
            Handshake::Rejected => Err(Error::Rejected { address, refusal: Some(line) }),
            Handshake::NotBookline => Err(Error::NotBookline { address, reply: line }),
        }
    }

    async fn connect(target: &Target, deadline: Option<Instant>) -> Result<Self, Error> {
        let address = target.address.clone();
        let waited = target.connect_timeout();
        let stream = match tokio::time::timeout(waited, TcpStream::connect(address.as_str())).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(Error::Connect { address, source }),
            Err(_) => return Err(Error::ConnectTimeout { address, waited }),
        };
        // Nagle's algorithm would delay a small command until the reply to the one before it. With it the
        // client is slower, but correct.
        let _ = stream.set_nodelay(true);
        let (received, hello, watching) = Default::default();
        let (keyed_verbs, instance) = (None, None);
        let target = target.clone();
        Ok(Self { target, deadline, stream, received, keyed_verbs, instance, hello, watching })
    }

    /// Sends HELLO and returns the line that comes back. A peer that sends other bytes and no line is not
    /// Bookline.
    async fn hello(&mut self) -> Result<String, Error> {
        let waited = self.target.connect_timeout();
        let deadline = Instant::now() + waited;
        // A write fails when the server has refused the connection and closed it. Its reason can still be
        // read.
        let _ = self.stream.write_all(b"HELLO\n").await;
        loop {
            if let Some(line) = self.received.next_line() {
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            if self.received.partial_line().len() > HELLO_BYTES_MAX {
                return Err(self.not_bookline());
            }
            let address = self.target.address.clone();
            match timeout_at(deadline, self.stream.read_buf(self.received.read_target())).await {
                Ok(Ok(count)) if count > 0 => {}
                _ if !Handshake::may_begin(self.received.partial_line()) => return Err(self.not_bookline()),
                Ok(_) => return Err(Error::Lost { address, unanswered: 0 }),
                Err(_) => return Err(Error::ReplyTimeout { address, waited, unanswered: 0 }),
            }
        }
    }

    fn not_bookline(&self) -> Error {
        let reply = String::from_utf8_lossy(self.received.partial_line()).into_owned();
        Error::NotBookline { address: self.target.address.clone(), reply }
    }

    /// Asks for the verbs with which the server takes keys, while no reply is due. Changes that arrive
    /// meanwhile are printed.
    ///
    /// # Errors
    ///
    /// The connection is lost, or the reply does not come in time or is longer than any HELP.
    pub async fn ask_for_keyed_verbs(&mut self, printer: &mut Printer) -> Result<(), Error> {
        let waited = self.target.timeout;
        let deadline = Instant::now() + waited;
        let address = self.target.address.clone();
        let _ = self.stream.write_all(b"HELP\n").await;
        let mut verbs = KeyedVerbs::default();
        let mut bytes = 0;
        loop {
            while let Some(line) = self.received.next_line() {
                let reply = reply_line(line);
                if let Some(ReplyLine::Change { .. }) = reply {
                    self.watching.on_line(line);
                    printer.print_line(line)?;
                    continue;
                }
                bytes += line.len();
                match reply {
                    Some(ReplyLine::Row(body)) => {
                        serde_json::from_str(body).ok().iter().for_each(|row| verbs.add(row));
                    }
                    Some(reply) if reply.is_final() => {
                        self.keyed_verbs = Some(verbs);
                        return Ok(());
                    }
                    _ => {}
                }
            }
            if bytes + self.received.partial_line().len() > HELP_BYTES_MAX {
                return Err(Error::Lost { address, unanswered: 0 });
            }
            match timeout_at(deadline, self.stream.read_buf(self.received.read_target())).await {
                Ok(Ok(count)) if count > 0 => {}
                Ok(_) => return Err(Error::Lost { address, unanswered: 0 }),
                Err(_) => return Err(Error::ReplyTimeout { address, waited, unanswered: 0 }),
            }
        }
    }

    /// Waits for the deadline, forever if there is none.
    pub async fn wait_for(deadline: Option<Instant>) {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// Whether the server sends a line that is longer than any reply.
    pub fn is_reply_too_long(&self) -> bool {
        self.received.partial_line().len() > REPLY_BYTES_MAX
    }

    pub fn reply_too_long(&self, unanswered: u64) -> Error {
        let address = self.target.address.clone();
        Error::ReplyTooLong { address, bytes_max: REPLY_BYTES_MAX, unanswered }
    }

    /// The socket, to wait for what arrives.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Takes what has arrived since the last command, without waiting. This asks the operating system: the
    /// runtime learns the state of a socket only while it runs a task.
    pub fn poll_socket(&mut self) -> SocketState {
        let mut chunk = [0; 4096];
        match rustix::net::recv(&self.stream, &mut chunk, RecvFlags::DONTWAIT) {
            Ok((_, 0)) => SocketState::Closed,
            Ok((_, count)) => {
                self.received.read_target().extend_from_slice(&chunk[..count]);
                SocketState::Received { bytes: count }
            }
            Err(errno) if io::Error::from(errno).kind() == io::ErrorKind::WouldBlock => SocketState::Idle,
            Err(rustix::io::Errno::INTR) => SocketState::Idle,
            Err(_) => SocketState::Closed,
        }
    }
}

/// What the client reads of a reply to HELLO.
pub fn parse_hello(hello: &str) -> Option<HelloReply<'_>> {
    serde_json::from_str(hello).ok()
}

fn instance_of(hello: &str) -> Option<String> {
    let instance = parse_hello(hello)?.instance.into_owned();
    (!instance.is_empty()).then_some(instance)
}
