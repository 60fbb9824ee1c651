//! A connection to a server.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use bookline_protocol::commands::auth::AccountReply;
use bookline_protocol::commands::hello::{AUTH_REQUIRED, HelloReply};
use bookline_protocol::reply::ReplyLine;
use rustix::net::RecvFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::address::Address;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::keys::KeyedVerbs;
use crate::net::watching::Watching;
use crate::printer::Printer;
pub use crate::target::Target;
use crate::transport::line_buffer::{LineBuffer, REPLY_BYTES_MAX, reply_line};
use crate::transport::{self, Greeted, Socket};

/// The longest reply to HELP: some fifty times what a server sends.
const HELP_BYTES_MAX: usize = 256 * 1024;

const _: () = assert!(HELP_BYTES_MAX < REPLY_BYTES_MAX);

#[derive(Debug)]
pub struct Connection {
    pub target: Target,
    /// When the current command has taken `max_time`.
    pub deadline: Option<Instant>,
    pub stream: Socket,
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
    /// Connects, to the leader of several servers, authenticates if the target has an account, and sends
    /// HELLO. Returns the object of its reply as well. A peer that is not a Bookline server is sent nothing
    /// else.
    pub async fn open(target: &Target, interrupt: &Interrupt) -> Result<(Self, String), Error> {
        let deadline = target.max_time.map(|time| Instant::now() + time);
        let Greeted { opened, hello, address } = tokio::select! {
            greeted = transport::open_leader(target) => greeted?,
            () = interrupt.wait() => return Err(Error::Interrupted { rows: 0, changes: 0 }),
        };
        let connection = Self {
            target: target.at(address),
            deadline,
            stream: opened.socket,
            received: opened.received,
            keyed_verbs: None,
            instance: instance_of(&hello),
            hello: hello.clone(),
            watching: Watching::default(),
        };
        Ok((connection, hello))
    }

    /// Whether the server is one of a cluster.
    pub fn is_in_cluster(&self) -> bool {
        parse_hello(&self.hello).is_some_and(|hello| hello.cluster.is_some())
    }

    /// Asks for the verbs with which the server takes keys, while no reply is due.
    ///
    /// # Errors
    ///
    /// The connection is lost, or the reply does not come in time or is longer than any HELP.
    pub async fn ask_for_keyed_verbs(&mut self, printer: &mut Printer) -> Result<(), Error> {
        let mut verbs = KeyedVerbs::default();
        let add = |row: &str| serde_json::from_str(row).ok().iter().for_each(|row| verbs.add(row));
        self.ask("HELP\n", printer, add).await?;
        self.keyed_verbs = Some(verbs);
        Ok(())
    }

    /// Sends HELLO again, while no reply is due: after AUTH, the server says more than before.
    ///
    /// # Errors
    ///
    /// The connection is lost, or the reply does not come in time or is longer than any HELP.
    pub async fn greet_again(&mut self, printer: &mut Printer) -> Result<(), Error> {
        if let Some(hello) = self.ask("HELLO\n", printer, |_| {}).await? {
            self.instance = instance_of(&hello);
            self.hello = hello;
        }
        Ok(())
    }

    /// The name of the account that the server takes the client for, while no reply is due.
    ///
    /// # Errors
    ///
    /// The connection is lost, or the reply does not come in time or is longer than any HELP.
    pub async fn account(&mut self, printer: &mut Printer) -> Result<Option<String>, Error> {
        let reply = self.ask("WHOAMI\n", printer, |_| {}).await?;
        let account = reply.as_deref().and_then(|body| serde_json::from_str::<AccountReply<'_>>(body).ok());
        Ok(account.map(|account| account.account.into_owned()))
    }

    /// Asks for something that the client itself has to know. Returns the object of an `OK`. Changes that
    /// arrive meanwhile are printed.
    ///
    /// # Errors
    ///
    /// The connection is lost, or the reply does not come in time or is longer than any HELP.
    async fn ask(
        &mut self,
        request: &str,
        printer: &mut Printer,
        mut on_row: impl FnMut(&str),
    ) -> Result<Option<String>, Error> {
        let waited = self.target.timeout;
        let deadline = Instant::now() + waited;
        let _ = self.stream.write_all(request.as_bytes()).await;
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
                    Some(ReplyLine::Row(body)) => on_row(body),
                    Some(ReplyLine::Ok(body)) => return Ok(Some(body.to_owned())),
                    Some(ReplyLine::Err { .. }) => return Ok(None),
                    _ => {}
                }
            }
            if bytes + self.received.partial_line().len() > HELP_BYTES_MAX {
                return Err(self.lost(0));
            }
            match timeout_at(deadline, self.stream.read_buf(self.received.read_target())).await {
                Ok(Ok(count)) if count > 0 => {}
                Ok(_) => return Err(self.lost(0)),
                Err(_) => {
                    let address = self.target.address.clone();
                    return Err(Error::ReplyTimeout { address, waited, unanswered: 0 });
                }
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

    /// Why the connection has ended, with so many commands without a reply.
    pub fn lost(&self, unanswered: u64) -> Error {
        self.stream.lost(&self.target.address, unanswered)
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

/// What a command that needs the server's time reads of a reply to HELLO.
///
/// # Errors
///
/// The server tells its time only to an account.
pub fn parse_hello_of_account<'a>(hello: &'a str, address: &Address) -> Result<HelloReply<'a>, Error> {
    let address = || address.clone();
    let parsed = parse_hello(hello);
    let parsed = parsed.ok_or_else(|| Error::NotBookline { address: address(), reply: hello.to_owned() })?;
    if parsed.auth == AUTH_REQUIRED { Err(Error::AccountNeeded { address: address() }) } else { Ok(parsed) }
}

fn instance_of(hello: &str) -> Option<String> {
    let instance = parse_hello(hello)?.instance.into_owned();
    (!instance.is_empty()).then_some(instance)
}
