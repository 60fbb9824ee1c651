//! A blocking connection.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use crate::change::ChangeLine;
use crate::connection::line;
use crate::reply::{PartialReply, Reply};
use crate::timeout::HANG_TIMEOUT;

/// A blocking connection that reads lines. A timeout is a failure.
pub struct Conn<S = TcpStream> {
    reader: BufReader<S>,
    /// Remove the server's answers to telnet requests from replies, for tests that send arbitrary bytes.
    pub strips_telnet_answers: bool,
    /// Changes that arrived before replies that were waited for.
    changes: VecDeque<ChangeLine>,
}

/// What a connection is over.
pub trait Socket: Read + Write {
    /// Closes the writing side.
    fn half_close(&mut self) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn half_close(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Socket for UnixStream {
    fn half_close(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Conn {
    /// Connects; panics if it cannot.
    pub fn open(addr: SocketAddr) -> Self {
        Self::try_open(addr).unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}"))
    }

    pub fn try_open(addr: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&addr, HANG_TIMEOUT)?)
    }

    /// Uses a socket that is connected.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANG_TIMEOUT))?;
        stream.set_write_timeout(Some(HANG_TIMEOUT))?;
        Ok(Self::of(stream))
    }

    /// The socket, to write on another thread or to shut down.
    pub fn stream(&self) -> TcpStream {
        self.reader.get_ref().try_clone().unwrap()
    }

    /// Sends bytes on another thread while it reads up to `lines` final lines. Returns all lines in order,
    /// rows included.
    #[track_caller]
    pub fn pipeline(&mut self, bytes: Vec<u8>, lines: usize) -> Vec<String> {
        let mut stream = self.stream();
        let writer = std::thread::spawn(move || stream.write_all(&bytes));
        let mut replies = Vec::with_capacity(lines);
        let mut finals = 0;
        while finals < lines {
            let line = self.line();
            finals += usize::from(!line.starts_with("ROW "));
            replies.push(line);
        }
        writer.join().unwrap().unwrap();
        replies
    }
}

impl Conn<UnixStream> {
    /// Connects to a Unix socket; panics if it cannot.
    #[track_caller]
    pub fn open_unix(path: &Path) -> Self {
        let opened = UnixStream::connect(path).and_then(|stream| {
            stream.set_read_timeout(Some(HANG_TIMEOUT))?;
            stream.set_write_timeout(Some(HANG_TIMEOUT))?;
            Ok(Self::of(stream))
        });
        opened.unwrap_or_else(|error| panic!("cannot connect to {}: {error}", path.display()))
    }
}

impl<S: Socket> Conn<S> {
    pub(super) fn of(socket: S) -> Self {
        let reader = BufReader::with_capacity(16 * 1024, socket);
        Self { reader, strips_telnet_answers: false, changes: VecDeque::new() }
    }

    pub(super) fn socket(&self) -> &S {
        self.reader.get_ref()
    }

    #[track_caller]
    pub fn send_bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.try_send_bytes(bytes)
            .unwrap_or_else(|error| panic!("cannot send {} bytes: {error}", bytes.len()));
    }

    pub fn try_send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    #[track_caller]
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n"));
    }

    /// Closes the writing side.
    pub fn half_close(&mut self) {
        self.reader.get_mut().half_close().unwrap();
    }

    /// The next line without its LF, or `None` when the server has closed the connection in order. A last
    /// line without LF, a reset and a timeout are errors.
    pub fn try_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(line::text(&line, self.strips_telnet_answers)?.to_owned()))
    }

    #[track_caller]
    pub fn line(&mut self) -> String {
        match self.try_line() {
            Ok(Some(line)) => line,
            Ok(None) => panic!("the server closed the connection instead of replying"),
            Err(error) => panic!("no reply: {error}"),
        }
    }

    /// The next reply. A connection that ends before the final line is an error.
    pub fn try_reply(&mut self) -> io::Result<Reply> {
        let mut partial = PartialReply::default();
        loop {
            let line = self.try_line()?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if let Some(change) = ChangeLine::decode(&line) {
                assert!(partial.is_empty(), "a change within the lines of a reply: {line}");
                self.changes.push_back(change);
                continue;
            }
            if let Some(reply) = partial.add(&line) {
                return Ok(reply);
            }
        }
    }

    /// The next change, or `None` when the server has closed the connection.
    pub fn try_change(&mut self) -> io::Result<Option<ChangeLine>> {
        if let Some(change) = self.changes.pop_front() {
            return Ok(Some(change));
        }
        let line = self.try_line()?;
        Ok(line.map(|line| ChangeLine::decode(&line).unwrap_or_else(|| panic!("not a change: {line}"))))
    }

    /// The next change.
    #[track_caller]
    pub fn change(&mut self) -> ChangeLine {
        self.try_change().expect("an open connection").expect("a change before the connection is closed")
    }

    #[track_caller]
    pub fn reply(&mut self) -> Reply {
        self.try_reply().unwrap_or_else(|error| panic!("no reply: {error}"))
    }

    /// Sends a line and reads its reply.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> Reply {
        self.send(line);
        self.reply()
    }

    /// Repeats a request until its reply is as expected.
    #[track_caller]
    pub fn ask_until(&mut self, line: &str, is_expected: impl Fn(&Reply) -> bool) -> Reply {
        let until = Instant::now() + HANG_TIMEOUT;
        loop {
            let reply = self.ask(line);
            if is_expected(&reply) {
                return reply;
            }
            assert!(Instant::now() < until, "{line} still gets {reply:?}");
        }
    }

    /// Sends all lines in one write and reads all replies, which must fit into the socket's buffers.
    #[track_caller]
    pub fn ask_all(&mut self, lines: &[impl AsRef<str>]) -> Vec<Reply> {
        let mut text = String::new();
        for line in lines {
            text.push_str(line.as_ref());
            text.push('\n');
        }
        self.send_bytes(text);
        lines.iter().map(|_| self.reply()).collect()
    }

    /// Expects the server to close the connection in order, without a further line.
    #[track_caller]
    pub fn expect_end(&mut self) {
        match self.try_line() {
            Ok(None) => {}
            Ok(Some(line)) => panic!("expected the connection to be closed, got {line}"),
            Err(error) => panic!("expected the connection to be closed in order, got {error}"),
        }
    }

    /// Reads everything until the server closes the connection in order.
    #[track_caller]
    pub fn rest(&mut self) -> String {
        String::from_utf8(self.rest_bytes()).expect("replies are UTF-8")
    }

    /// As [`Conn::rest`], for bytes that may not be UTF-8.
    #[track_caller]
    pub fn rest_bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("no orderly end: {error}"));
        bytes
    }

    /// Reads `count` bytes.
    #[track_caller]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).unwrap_or_else(|error| panic!("no {count} bytes: {error}"));
        bytes
    }
}
