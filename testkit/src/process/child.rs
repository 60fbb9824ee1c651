//! A child process, its output and its end.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::timeout::HANG_TIMEOUT;

/// A child process and its output. It is killed when dropped.
pub struct Process {
    pid: u32,
    // The mutexes only let the threads of a test share a server.
    stdout: Mutex<Receiver<String>>,
    stderr: Arc<StderrText>,
    exit: Mutex<Receiver<ExitStatus>>,
    ended: Option<ExitStatus>,
}

/// The text of standard error so far, and whether it has ended.
#[derive(Default)]
struct StderrText {
    text: Mutex<(String, bool)>,
    more: Condvar,
}

impl Process {
    /// Starts `command` with its output piped, without the `BOOKLINE_…` and `RUST_LOG` variables of the
    /// caller, except those that are set on the command itself.
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
        let stderr = StderrText::listen(child.stderr.take().unwrap());
        Self { pid, stdout: stdout.into(), stderr, exit: exit_of(child).into(), ended: None }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The next line of standard output, or `None` at its end.
    pub fn stdout_line(&self) -> Option<String> {
        match self.stdout.lock().unwrap().recv_timeout(HANG_TIMEOUT) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("nothing on standard output for {HANG_TIMEOUT:?}; standard error:\n{}", self.stderr())
            }
        }
    }

    /// Whether a line of standard output has arrived. Consumes the line.
    pub fn has_stdout_line(&self) -> bool {
        self.stdout.lock().unwrap().try_recv().is_ok()
    }

    /// The text of standard error so far. It is complete once `wait` has returned a status.
    pub fn stderr(&self) -> String {
        self.stderr.text.lock().unwrap().0.clone()
    }

    /// Waits until `wanted` accepts the text of standard error. Returns false if standard error ends first.
    pub fn wait_for_stderr(&self, wanted: impl Fn(&str) -> bool) -> bool {
        let until = Instant::now() + HANG_TIMEOUT;
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

    /// Sends a signal, unless the process has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.poll().is_none() {
            let pid = Pid::from_raw(self.pid.try_into().unwrap()).unwrap();
            // The process may have ended since the check.
            let _ = kill_process(pid, signal);
        }
    }

    /// Stops the process, and returns when none of its threads runs any more (Linux only). It is resumed by
    /// [`Process::resume`], and killed when dropped, stopped or not.
    pub fn stop(&mut self) {
        self.signal(Signal::STOP);
        let until = Instant::now() + HANG_TIMEOUT;
        while !self.is_stopped() {
            assert!(self.poll().is_none(), "a process that is stopped has ended: {}", self.stderr());
            assert!(Instant::now() < until, "a process still runs after SIGSTOP");
            thread::yield_now();
        }
    }

    /// Continues a process that is stopped.
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Whether all of its threads are stopped.
    fn is_stopped(&self) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.pid)) else { return false };
        threads.flatten().all(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            // The name of the thread, in parentheses, may contain anything.
            stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
        })
    }

    /// The exit status, if the process has ended.
    pub fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.exit.get_mut().unwrap().try_recv().ok();
        }
        self.ended
    }

    /// Waits for the exit status. Returns `None` if the process still runs after `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.exit.get_mut().unwrap().recv_timeout(timeout).ok();
        }
        if self.ended.is_some() {
            self.wait_for_stderr(|_| false); // until its end
        }
        self.ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let status = self.wait(HANG_TIMEOUT);
        if thread::panicking() {
            let stderr = self.stderr();
            let tail: Vec<&str> = stderr.lines().rev().take(40).collect();
            eprintln!("--- the server ({status:?}) wrote to standard error:");
            tail.iter().rev().for_each(|line| eprintln!("    {line}"));
        }
    }
}

impl StderrText {
    fn listen(from: impl Read + Send + 'static) -> Arc<Self> {
        let wait_for_stderr = Arc::new(Self::default());
        let writer = Arc::clone(&wait_for_stderr);
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
        wait_for_stderr
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
        // The receiver may have been dropped. The child is reaped in any case.
        let _ = child.wait().map(|status| sender.send(status));
    });
    receiver
}
