//! The built server as a child process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

/// A running (or ended) child with its output; killed when dropped.
pub struct Process {
    pid: u32,
    // Behind mutexes only so that the threads of a test can share a server.
    stdout: Mutex<Receiver<String>>,
    stderr: Arc<Heard>,
    exit: Mutex<Receiver<ExitStatus>>,
    ended: Option<ExitStatus>,
}

/// What the child wrote to standard error so far.
#[derive(Default)]
struct Heard {
    text: Mutex<(String, bool)>,
    more: Condvar,
}

impl Process {
    /// Starts `command` with its output piped. No `BOOKLINE_…` or `RUST_LOG` variable of the caller reaches it except
    /// those that were set on the command itself.
    pub fn spawn(command: &mut Command) -> Self {
        let own: Vec<_> = command.get_envs().map(|(key, _)| key.to_owned()).collect();
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if (name.starts_with("BOOKLINE_") || name == "RUST_LOG") && !own.contains(&key) {
                command.env_remove(&key);
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let pid = child.id();
        let stdout = lines_of(child.stdout.take().unwrap());
        let stderr = Heard::listen(child.stderr.take().unwrap());
        Self { pid, stdout: stdout.into(), stderr, exit: exit_of(child).into(), ended: None }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The next line of standard output, or `None` when there is no more.
    pub fn stdout_line(&self) -> Option<String> {
        match self.stdout.lock().unwrap().recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("nothing on standard output for {PATIENCE:?}; standard error:\n{}", self.stderr())
            }
        }
    }

    /// Whether a line of standard output is there; it is taken.
    pub fn has_spoken(&self) -> bool {
        self.stdout.lock().unwrap().try_recv().is_ok()
    }

    /// What it wrote to standard error so far; all of it once the process has ended and `wait` returned.
    pub fn stderr(&self) -> String {
        self.stderr.text.lock().unwrap().0.clone()
    }

    /// Waits until standard error holds something that `wanted` accepts or ends; returns whether it was said.
    pub fn heard(&self, wanted: impl Fn(&str) -> bool) -> bool {
        let until = Instant::now() + PATIENCE;
        let mut text = self.stderr.text.lock().unwrap();
        loop {
            if wanted(&text.0) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if text.1 || left.is_zero() {
                return false;
            }
            text = self.stderr.more.wait_timeout(text, left).unwrap().0;
        }
    }

    /// Sends a signal; nothing when it has ended already.
    pub fn signal(&mut self, signal: Signal) {
        if self.poll().is_none() {
            let pid = Pid::from_raw(self.pid.try_into().unwrap()).unwrap();
            // It may have ended between the look and the signal.
            let _ = kill_process(pid, signal);
        }
    }

    /// Its exit status when it has ended.
    pub fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.exit.get_mut().unwrap().try_recv().ok();
        }
        self.ended
    }

    /// Waits for its end; `None` when it still runs after `patience`.
    pub fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.exit.get_mut().unwrap().recv_timeout(patience).ok();
        }
        if self.ended.is_some() {
            self.heard(|_| false); // all of standard error
        }
        self.ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let status = self.wait(PATIENCE);
        if thread::panicking() {
            let said = self.stderr();
            let tail: Vec<&str> = said.lines().rev().take(40).collect();
            eprintln!("--- the server ({status:?}) wrote to standard error:");
            tail.iter().rev().for_each(|line| eprintln!("    {line}"));
        }
    }
}

impl Heard {
    fn listen(from: impl Read + Send + 'static) -> Arc<Self> {
        let heard = Arc::new(Self::default());
        let writer = Arc::clone(&heard);
        thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut line = Vec::new();
            while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                writer.text.lock().unwrap().0.push_str(&String::from_utf8_lossy(&line));
                writer.more.notify_all();
                line.clear();
            }
            writer.text.lock().unwrap().1 = true;
            writer.more.notify_all();
        });
        heard
    }
}

fn lines_of(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn exit_of(mut child: Child) -> Receiver<ExitStatus> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // The receiver may be gone; the child is reaped all the same.
        let _ = child.wait().map(|status| sender.send(status));
    });
    receiver
}
