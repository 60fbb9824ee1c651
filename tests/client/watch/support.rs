//! A server that tells changes, and a client that watches it.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use crate::support::client::bookline;
use crate::support::fake_server::Peer;

/// A commit of a single line.
pub fn sold(sequence: u64) -> String {
    sold_by(sequence, 1, true)
}

/// One line of a commit: the last one, or one of those before.
pub fn sold_by(sequence: u64, count: u32, end: bool) -> String {
    let end = if end { ",\"end\":true" } else { "" };
    format!(
        "CHANGE {sequence} {{\"kind\":\"tickets_booked\",\"at\":\"2026-11-22T10:31:07.123456Z\",\
         \"event_id\":\"rustconf\",\"count\":{count},\"available_tickets\":96,\"held_tickets\":0{end}}}\n"
    )
}

pub fn progress(sequence: u64) -> String {
    format!("CHANGE {sequence} {{\"kind\":\"progress\",\"end\":true}}\n")
}

/// What the client writes as JSON for these lines.
pub fn json(lines: &str) -> String {
    let object = |line: &str| {
        let (sequence, body) = line.strip_prefix("CHANGE ").unwrap().split_once(" {").unwrap();
        format!("{{\"sequence\":{sequence},{body}\n")
    };
    lines.lines().map(object).collect()
}

/// The reply to WATCH all.
pub fn watching(sequence: u64) -> String {
    format!("OK {{\"sequence\":{sequence},\"watching\":[\"all\"]}}\n")
}

/// Accepts a client that sends `line`, and grants it.
pub fn watcher(listener: &TcpListener, line: &str, sequence: u64) -> Peer {
    let mut peer = Peer::greeted(listener);
    peer.expect(line, &watching(sequence));
    peer
}

/// A client whose output is read line by line.
pub struct Watch {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

/// How a client has ended: its exit status, and what was not read before.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Watch {
    /// Starts `bookline watch` with these arguments, in a pipe.
    pub fn start(addr: SocketAddr, arguments: &[&str]) -> Self {
        Self::spawn(bookline(addr, &[&["watch"], arguments].concat()))
    }

    /// Starts a client that watches, in a pipe.
    pub fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Waits for as many lines as these, which must be these.
    #[track_caller]
    pub fn expect(&mut self, lines: &str) {
        let mut read = String::new();
        for _ in lines.lines() {
            self.stdout.read_line(&mut read).unwrap();
        }
        assert_eq!(read, lines);
    }

    /// Waits for the next line.
    pub fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// Waits for the next line on standard error.
    pub fn read_message(&mut self) -> String {
        let mut message = String::new();
        self.stderr.read_line(&mut message).unwrap();
        message
    }

    /// Sends this signal, and waits for the end. Nothing was reported.
    #[track_caller]
    pub fn end_by(self, signal: &str) {
        assert_eq!(self.end_after_reports(signal), "");
    }

    /// Sends this signal, waits for the end, and returns what was reported on standard error.
    #[track_caller]
    pub fn end_after_reports(self, signal: &str) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let Ended { exit, stdout, stderr } = self.wait();
        assert_eq!((exit, &*stdout), (Some(130), ""), "{stderr}");
        stderr
    }

    /// Closes the pipe, as `head` does, and waits for the end.
    pub fn close_output(self) -> Option<i32> {
        let Self { mut child, stdout, .. } = self;
        drop(stdout);
        child.wait().unwrap().code()
    }

    /// Waits for the end.
    pub fn wait(mut self) -> Ended {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        Ended { exit: self.child.wait().unwrap().code(), stdout, stderr }
    }
}
