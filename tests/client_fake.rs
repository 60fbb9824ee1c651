//! A server that does what a test tells it to, byte by byte, and a client to run against it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Longer than anything here takes: a client that hangs must fail its test and not stop the whole run.
const WATCHDOG: Duration = Duration::from_secs(60);

/// A listener on a free port, with a thread that plays the server.
pub struct Fake<T> {
    pub addr: SocketAddr,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Fake<T> {
    /// Plays `part` with the first who connects.
    pub fn new(part: impl FnOnce(Peer) -> T + Send + 'static) -> Self {
        Self::with_listener(|listener| part(Peer::accept(&listener)))
    }

    /// Plays `part` with the first who connects and says HELLO.
    pub fn greeted(part: impl FnOnce(Peer) -> T + Send + 'static) -> Self {
        Self::new(|mut peer| {
            peer.greet();
            part(peer)
        })
    }

    /// Plays `part` with the listener itself.
    pub fn with_listener(part: impl FnOnce(TcpListener) -> T + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        Self { addr, thread: thread::spawn(move || part(listener)) }
    }

    /// What the part came to, when it is over.
    pub fn end(self) -> T {
        self.thread.join().expect("the fake server met something that the test does not expect")
    }
}

/// The client, seen from the server.
pub struct Peer {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Peer {
    pub fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(WATCHDOG)).unwrap();
        stream.set_write_timeout(Some(WATCHDOG)).unwrap();
        Self { reader: BufReader::new(stream.try_clone().unwrap()), writer: stream }
    }

    /// The next line with its line feed, or what there is before the end. A client that leaves with answers unread
    /// resets the connection: that is an end as well.
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {}
            read => {
                read.unwrap();
            }
        }
        String::from_utf8(line).unwrap()
    }

    /// Everything up to the end.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).unwrap();
        bytes
    }

    pub fn say(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
    }

    pub fn say_bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
    }

    /// Says it, unless the client has gone.
    pub fn try_say(&mut self, text: &str) -> std::io::Result<()> {
        self.writer.write_all(text.as_bytes())
    }

    /// Says nothing more, and still listens.
    pub fn half_close(&mut self) {
        self.writer.shutdown(Shutdown::Write).unwrap();
    }

    /// The next line must be this one; then says the answer.
    pub fn expect(&mut self, line: &str, answer: &str) {
        assert_eq!(self.line(), line);
        self.say(answer);
    }

    /// The HELLO with which every connection begins.
    pub fn greet(&mut self) {
        self.expect("HELLO\n", HELLO);
    }
}

/// What a server answers to HELLO.
pub const HELLO: &str = concat!(
    r#"OK {"server":"bookline","version":"9.8.7","protocol":1,"#,
    r#""welcome":"Welcome to the ticket reservation system","max_line":65536,"#,
    r#""time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00"}"#,
    "\n"
);

/// The client with these arguments, knowing nothing of who runs the test.
pub fn bookline(addr: SocketAddr, args: &[&str]) -> Command {
    let mut command = bare();
    command.arg("--addr").arg(addr.to_string()).args(args);
    command
}

/// The client with no arguments.
pub fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookline"));
    command
        .env_remove("BOOKLINE_ADDR")
        .env_remove("BOOKLINE_TIMEOUT")
        .env_remove("BOOKLINE_MAX_TIME")
        .env_remove("COLUMNS")
        .env_remove("BOOKLINE_HISTORY")
        .env("TERM", "xterm");
    command
}

/// Runs it to its end with this on standard input.
pub fn pipe(mut command: Command, input: impl Into<Vec<u8>>) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.into());
    // A client that ends early leaves a pipe that nobody reads.
    let feeder = thread::spawn(move || _ = stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output.into()
}

/// Sends it what Ctrl-C sends.
pub fn interrupt(client: &Child) {
    let pid = client.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

/// What a client that has ended left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            exit: output.status.code().expect("the client was killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// It must have ended like this.
    #[track_caller]
    pub fn expect(&self, exit: i32, stdout: &str, stderr: &str) {
        let wanted = Self { exit, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert_eq!(*self, wanted);
    }
}
