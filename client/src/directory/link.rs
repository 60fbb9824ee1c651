//! The directory's connection, on which every wait and every reply is bounded.

use std::io;
use std::time::{Duration, Instant};

use bookline_loadgen::Handshake;
use bookline_protocol::Code;
use bookline_protocol::reply::ReplyLine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::directory::known::HelpForm;
use crate::target::Target;
use crate::transport::{self, Opened};

/// How long a reply is awaited, unless the client waits even less: who types has gone on by then.
const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// The longest reply to HELLO: some ten times what a server sends.
const HELLO_BYTES_MAX: usize = 4 * 1024;

/// Rows of a reply to HELP: some thirty times what a server sends.
const HELP_ROWS_MAX: usize = 1_000;

/// Bytes of a reply: more than twice those of as many events as are asked for, with the longest names.
const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection, used by a thread that waits for each reply.
#[derive(Debug)]
pub struct Link {
    runtime: Runtime,
    opened: Opened,
    timeout: Duration,
}

/// A complete reply.
#[derive(Debug)]
pub struct Reply {
    /// The objects of its rows.
    pub rows: Vec<String>,
    /// The object of its `OK`. `None` if the server refused.
    pub granted: Option<String>,
}

impl Link {
    /// Connects, and asks for the forms of the commands.
    ///
    /// # Errors
    ///
    /// There is no Bookline server, or it does not answer in time.
    pub fn open(target: &Target) -> io::Result<(Self, Vec<HelpForm>)> {
        let timeout = target.connect_timeout().min(TIMEOUT_MAX);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        // The prompt's own connection has found the leader.
        let target = Target { timeout, ..target.at(target.cluster.last()) };
        let opened = runtime.block_on(transport::open(&target)).map_err(io::Error::other)?;
        let mut link = Self { runtime, opened, timeout };
        // Both at once: the prompt's own connection has found a Bookline server at this address.
        link.send("HELLO\nHELP\n")?;
        let mut bytes_left = HELLO_BYTES_MAX;
        let hello = link.line(Instant::now() + timeout, &mut bytes_left)?;
        if !matches!(Handshake::parse(&hello), Handshake::Accepted { .. }) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let help = link.reply(HELP_ROWS_MAX)?;
        let forms = help.rows.iter().filter_map(|row| HelpForm::parse(row)).collect();
        Ok((link, forms))
    }

    /// Sends a request, given without its line feed.
    ///
    /// # Errors
    ///
    /// There is no complete reply in time, or it is longer than one of so many rows.
    pub fn request(&mut self, line: &str, rows_max: usize) -> io::Result<Reply> {
        self.send(&format!("{line}\n"))?;
        self.reply(rows_max)
    }

    fn send(&mut self, lines: &str) -> io::Result<()> {
        let write = self.opened.socket.write_all(lines.as_bytes());
        self.runtime.block_on(async { timeout(self.timeout, write).await? })
    }

    fn reply(&mut self, rows_max: usize) -> io::Result<Reply> {
        let deadline = Instant::now() + self.timeout;
        let mut bytes_left = REPLY_BYTES_MAX;
        let mut rows = Vec::new();
        loop {
            let line = self.line(deadline, &mut bytes_left)?;
            match ReplyLine::parse(&line) {
                Ok(ReplyLine::Row(_)) if rows.len() == rows_max => return Err(too_long()),
                Ok(ReplyLine::Row(body)) => rows.push(body.to_owned()),
                Ok(ReplyLine::Ok(body)) => return Ok(Reply { rows, granted: Some(body.to_owned()) }),
                // The next connection is to the leader.
                Ok(ReplyLine::Err { code, .. }) if code == Code::NotLeader.as_str() => {
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                Ok(ReplyLine::Err { .. }) => return Ok(Reply { rows, granted: None }),
                // A line of a later version of the protocol.
                Ok(ReplyLine::Change { .. } | ReplyLine::Unknown) => {}
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    /// The next line without its line feed, of at most as many bytes as are left.
    fn line(&mut self, deadline: Instant, bytes_left: &mut usize) -> io::Result<String> {
        loop {
            if let Some(line) = self.opened.received.next_line() {
                *bytes_left = bytes_left.checked_sub(line.len() + 1).ok_or_else(too_long)?;
                return String::from_utf8(line.to_vec()).map_err(|_| io::ErrorKind::InvalidData.into());
            }
            if self.opened.received.partial_line().len() > *bytes_left {
                return Err(too_long());
            }
            let remaining = deadline.saturating_duration_since(Instant::now());
            let read = self.opened.socket.read_buf(self.opened.received.read_target());
            if self.runtime.block_on(async { timeout(remaining, read).await? })? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn too_long() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// A reply to HELLO.
    const HELLO: &str = concat!(
        r#"OK {"server":"bookline","version":"9.8.7","protocol":1,"welcome":"","max_line":65536,"#,
        r#""time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00"}"#,
        "\n"
    );

    /// Connects to a server that sends these bytes and reads until the client closes.
    fn open(bytes: String, timeout: Duration) -> (io::Result<(Link, Vec<HelpForm>)>, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The client may close before it has read all.
            let _ = stream.write_all(bytes.as_bytes());
            let _ = io::copy(&mut stream, &mut io::sink());
        });
        (Link::open(&Target::new(address, timeout)), server)
    }

    /// The kind of the error after these bytes.
    fn error(bytes: String, timeout: Duration) -> io::ErrorKind {
        let (opened, server) = open(bytes, timeout);
        let kind = opened.map(|_| ()).unwrap_err().kind();
        server.join().unwrap();
        kind
    }

    #[test]
    fn reply_is_complete_with_its_rows() {
        let help =
            "ROW {\"command\":\"PING\",\"usage\":\"PING\",\"help\":\"\"}\nLATER {}\nOK {\"count\":1}\n";
        let replies = format!("{HELLO}{help}ROW {{\"a\":1}}\nOK {{}}\nERR NO {{}}\n");
        let (opened, server) = open(replies, Duration::from_secs(60));
        let (mut link, forms) = opened.unwrap();
        assert_eq!(forms, [HelpForm { command: "PING".to_owned(), usage: "PING".to_owned() }]);
        let reply = link.request("GET", 1).unwrap();
        assert_eq!((reply.rows, reply.granted.as_deref()), (vec!["{\"a\":1}".to_owned()], Some("{}")));
        assert_eq!(link.request("GET", 1).unwrap().granted, None);
        drop(link);
        server.join().unwrap();
    }

    #[test]
    fn reply_that_is_too_long_or_not_of_this_protocol_is_an_error() {
        let minute = Duration::from_secs(60);
        let invalid = io::ErrorKind::InvalidData;
        assert_eq!(error("x".repeat(HELLO_BYTES_MAX + 1), minute), invalid);
        assert_eq!(error(HELLO.to_owned() + &"ROW {}\n".repeat(HELP_ROWS_MAX + 1), minute), invalid);
        assert_eq!(error(HELLO.to_owned() + &"x".repeat(REPLY_BYTES_MAX + 1), minute), invalid);
        assert_eq!(error(format!("{HELLO}\u{1b}[2J\n"), minute), invalid);
        assert_eq!(error("ERR BUSY {}\n".to_owned(), minute), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn reply_that_does_not_end_in_time_is_an_error() {
        let kind = error(format!("{HELLO}ROW {{}}\n"), Duration::from_millis(50));
        assert!(matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{kind:?}");
    }
}
