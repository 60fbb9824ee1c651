//! One connection to the server.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use bookline_protocol::telnet::strip_answers;

use super::PATIENCE;
use super::answer::{Answer, Line};
use super::transcript::{Bindings, Step, play};

/// A blocking connection that reads whole lines.
pub struct Conn {
    reader: BufReader<TcpStream>,
    /// Pass over the server's answers to telnet, for tests that send any bytes.
    pub passes_telnet: bool,
}

impl Conn {
    /// Connects.
    pub fn open(addr: SocketAddr) -> Self {
        Self::try_open(addr).unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}"))
    }

    /// Connects, if it can.
    pub fn try_open(addr: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&addr, PATIENCE)?)
    }

    /// Over a socket that is connected.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { reader: BufReader::with_capacity(16 * 1024, stream), passes_telnet: false })
    }

    /// The socket, to write on another thread or to shut down.
    pub fn stream(&self) -> TcpStream {
        self.reader.get_ref().try_clone().unwrap()
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send_bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.try_send_bytes(bytes)
            .unwrap_or_else(|error| panic!("cannot send {} bytes: {error}", bytes.len()));
    }

    /// Sends bytes as they are, if the server still takes them.
    pub fn try_send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends a line.
    #[track_caller]
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n"));
    }

    /// Closes the writing side.
    pub fn half_close(&mut self) {
        self.reader.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// The next line without its LF; `None` at the orderly end. A CR, a last line without LF, a reset and a timeout
    /// are errors.
    pub fn try_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the last line has no LF"));
        }
        if self.passes_telnet {
            line = strip_answers(&line).to_vec();
        }
        let line = String::from_utf8(line).expect("a reply is UTF-8");
        // Replies end in LF alone, and whatever a client sent, no reply may paint another's terminal.
        assert!(!line.contains(bookline_protocol::needs_escape), "it acts on a terminal: {line:?}");
        Ok(Some(line))
    }

    /// The next line.
    #[track_caller]
    pub fn line(&mut self) -> String {
        match self.try_line() {
            Ok(Some(line)) => line,
            Ok(None) => panic!("the server closed the connection instead of replying"),
            Err(error) => panic!("no reply: {error}"),
        }
    }

    /// The next whole reply, if the connection lives until its final line.
    pub fn try_answer(&mut self) -> io::Result<Answer> {
        let mut rows = Vec::new();
        loop {
            let line = self.try_line()?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match Line::decode(&line) {
                Line::Row(row) => rows.push(row),
                Line::Ok(body) => {
                    return Ok(Answer { rows, code: None, body });
                }
                Line::Err(code, body) => {
                    return Ok(Answer { rows, code: Some(code), body });
                }
            }
        }
    }

    /// The next whole reply.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|error| panic!("no reply: {error}"))
    }

    /// Sends a line and reads its reply.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> Answer {
        self.send(line);
        self.answer()
    }

    /// Sends all lines in one write and reads all replies; for as many as fit into the socket's buffers.
    #[track_caller]
    pub fn ask_all<S: AsRef<str>>(&mut self, lines: &[S]) -> Vec<Answer> {
        let mut text = String::new();
        for line in lines {
            text.push_str(line.as_ref());
            text.push('\n');
        }
        self.send_bytes(text);
        lines.iter().map(|_| self.answer()).collect()
    }

    /// Sends any amount of bytes on another thread while `lines` final lines are read; returns them with their rows
    /// in order.
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

    /// Expects the orderly end and nothing before it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        match self.try_line() {
            Ok(None) => {}
            Ok(Some(line)) => panic!("expected the connection to be closed, got {line}"),
            Err(error) => panic!("expected the connection to be closed in order, got {error}"),
        }
    }

    /// Reads everything up to the orderly end.
    #[track_caller]
    pub fn rest(&mut self) -> String {
        String::from_utf8(self.rest_bytes()).expect("replies are UTF-8")
    }

    /// The same, whatever it is.
    #[track_caller]
    pub fn rest_bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("no orderly end: {error}"));
        bytes
    }

    /// The next so many bytes, whatever they are.
    #[track_caller]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).unwrap_or_else(|error| panic!("no {count} bytes: {error}"));
        bytes
    }

    /// Plays a transcript on this connection.
    #[track_caller]
    pub fn transcript(&mut self, text: &str) {
        let steps = Step::lines(text.lines().map(str::trim_start).enumerate());
        if let Err(failure) = play(self, &steps, &mut Bindings::default()) {
            panic!("{failure}");
        }
    }
}
