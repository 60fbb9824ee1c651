//! A server that a test scripts byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use bookline_testkit::HANG_TIMEOUT;

use crate::support::client::{Exited, bookline, run};

/// A listener on a free port, with a thread that runs the script of the server.
pub struct FakeServer<T> {
    pub addr: SocketAddr,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> FakeServer<T> {
    /// Runs `script` with the first connection.
    pub fn new(script: impl FnOnce(Peer) -> T + Send + 'static) -> Self {
        Self::with_listener(|listener| script(Peer::accept(&listener)))
    }

    /// Runs `script` with the first connection, after the reply to its HELLO.
    pub fn greeted(script: impl FnOnce(Peer) -> T + Send + 'static) -> Self {
        Self::with_listener(|listener| script(Peer::greeted(&listener)))
    }

    /// Runs `script` with the listener.
    pub fn with_listener(script: impl FnOnce(TcpListener) -> T + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        Self { addr, thread: thread::spawn(move || script(listener)) }
    }

    /// Waits for the end of the script and returns its result.
    pub fn join(self) -> T {
        self.thread.join().expect("the script of the fake server failed")
    }
}

/// The connection of a client, on the server's side.
pub struct Peer {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    /// The reply to the HELP with which the client asks whether the server knows keys.
    help: &'static str,
    /// Connections of the prompt's directory, which get no replies.
    _unanswered: Vec<TcpStream>,
}

impl Peer {
    /// Accepts the next connection that commands are sent on.
    pub fn accept(listener: &TcpListener) -> Self {
        let mut unanswered = Vec::new();
        loop {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(HANG_TIMEOUT)).unwrap();
            if !is_of_directory(&stream) {
                return Self { _unanswered: unanswered, ..Self::of(stream) };
            }
            unanswered.push(stream);
        }
    }

    /// Accepts the next connection of the prompt's directory.
    pub fn directory(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(HANG_TIMEOUT)).unwrap();
        assert!(is_of_directory(&stream), "a connection for commands was opened");
        Self::of(stream)
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_write_timeout(Some(HANG_TIMEOUT)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { reader, writer: stream, help: HELP_REPLY_WITHOUT_KEYS, _unanswered: Vec::new() }
    }

    /// Accepts a connection and replies to its HELLO.
    pub fn greeted(listener: &TcpListener) -> Self {
        let mut peer = Self::accept(listener);
        peer.expect("HELLO\n", HELLO_REPLY);
        peer
    }

    /// As [`Self::greeted`], as a server that takes keys.
    pub fn with_keys(listener: &TcpListener) -> Self {
        Self { help: HELP_REPLY_WITH_KEYS, ..Self::greeted(listener) }
    }

    /// The next line with its line feed, or what there is before the end. The client's own HELP gets its
    /// reply, and the line after it is returned.
    pub fn read_line(&mut self) -> String {
        match self.read_any_line() {
            line if line == "HELP\n" => {
                self.send(self.help);
                self.read_any_line()
            }
            line => line,
        }
    }

    /// Reads a HELP that the user asks for, and sends `reply`.
    pub fn expect_typed_help(&mut self, reply: &str) {
        assert_eq!(self.read_any_line(), "HELP\n");
        self.send(reply);
    }

    /// As [`Self::read_line`], with the client's own HELP as well. A client that ends with replies unread
    /// resets the connection: that is an end, too.
    pub fn read_any_line(&mut self) -> String {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {}
            read => {
                read.unwrap();
            }
        }
        String::from_utf8(line).unwrap()
    }

    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).unwrap();
        bytes
    }

    pub fn send(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
    }

    /// Whether nothing has arrived but what was read, and perhaps the end.
    pub fn is_silent(&mut self) -> bool {
        self.writer.set_nonblocking(true).unwrap();
        let is_silent = match self.writer.peek(&mut [0]) {
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            Ok(count) => count == 0,
        };
        self.writer.set_nonblocking(false).unwrap();
        is_silent && self.reader.buffer().is_empty()
    }

    /// Sends to a client that may have gone.
    pub fn try_send(&mut self, text: &str) -> std::io::Result<()> {
        self.writer.write_all(text.as_bytes())
    }

    /// Closes the sending side.
    pub fn half_close(&mut self) {
        self.writer.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads a line, which must be `line`, and sends `reply`.
    pub fn expect(&mut self, line: &str, reply: &str) {
        assert_eq!(self.read_line(), line);
        self.send(reply);
    }
}

/// Whether a connection is that of the prompt's directory, which sends HELLO and HELP at once.
fn is_of_directory(stream: &TcpStream) -> bool {
    let mut begin = [0; 64];
    stream.peek(&mut begin).is_ok_and(|count| begin[..count].starts_with(b"HELLO\nHELP\n"))
}

/// The reply of a server to HELLO.
pub const HELLO_REPLY: &str = concat!(
    r#"OK {"server":"bookline","version":"9.8.7","protocol":1,"#,
    r#""welcome":"Welcome to the ticket reservation system","max_line":65536,"#,
    r#""time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00"}"#,
    "\n"
);

/// The reply to HELP of a server of version 0.1.0.
const HELP_REPLY_WITHOUT_KEYS: &str = concat!(
    r#"ROW {"command":"BOOK","usage":"BOOK <event-id> <n>","help":"buys n tickets"}"#,
    "\nOK {\"count\":1}\n"
);

/// The reply to HELP of a server that takes keys with some verbs.
const HELP_REPLY_WITH_KEYS: &str = concat!(
    r#"ROW {"command":"GET","usage":"GET [limit=<n>]","help":"lists the events"}"#,
    "\n",
    r#"ROW {"command":"BOOK","usage":"BOOK <event-id> <n> [key=<key>]","help":"buys n tickets"}"#,
    "\n",
    r#"ROW {"command":"CONFIRM","usage":"CONFIRM <hold-id> [<n>] [key=<key>]","help":"buys a hold"}"#,
    "\nOK {\"count\":3}\n"
);

/// Runs the client with these arguments against a server that answers `reply`. Returns the line that it sent
/// as well.
pub fn one_shot(words: &[&str], reply: &str) -> (String, Exited) {
    let reply = reply.to_owned();
    let fake = FakeServer::greeted(move |mut peer| {
        let line = peer.read_line();
        peer.send(&reply);
        // The client ends after the reply and sends nothing else.
        assert_eq!(peer.read_to_end(), b"");
        line
    });
    let client = run(bookline(fake.addr, words));
    (fake.join(), client)
}
