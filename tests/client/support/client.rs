//! The client as a child process.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

/// The client with `--addr` and these arguments.
pub fn bookline(addr: SocketAddr, args: &[&str]) -> Command {
    let mut command = bookline_without_address();
    command.arg("--addr").arg(addr.to_string()).args(args);
    command
}

/// The client without arguments and without the environment variables of the user who runs the tests.
pub fn bookline_without_address() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookline"));
    command
        .env_remove("BOOKLINE_ADDR")
        .env_remove("BOOKLINE_TIMEOUT")
        .env_remove("BOOKLINE_MAX_TIME")
        .env_remove("BOOKLINE_RETRY")
        .env_remove("COLUMNS")
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .env_remove("LANG")
        .env_remove("NO_COLOR")
        .env_remove("PAGER")
        .env_remove("BOOKLINE_HISTORY")
        .env_remove("BOOKLINE_PROFILE")
        .env_remove("BOOKLINE_TLS")
        .env_remove("BOOKLINE_CA")
        .env_remove("BOOKLINE_CERT")
        .env_remove("BOOKLINE_KEY")
        .env_remove("BOOKLINE_USER")
        .env_remove("BOOKLINE_SECRET")
        .env_remove("BOOKLINE_SECRET_FILE")
        // Where there is no file.
        .env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-such-directory"))
        .env("TERM", "xterm");
    command
}

/// Runs the client to its end without standard input.
pub fn run(mut command: Command) -> Exited {
    command.stdin(Stdio::null()).output().unwrap().into()
}

/// Runs the client to its end with `input` on standard input.
pub fn run_with_input(mut command: Command, input: impl Into<Vec<u8>>) -> Exited {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.into());
    // The write fails if the client ends early.
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.into()
}

/// Sends the signal of Ctrl-C.
pub fn send_sigint(client: &Child) {
    let pid = client.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

/// The exit status and the output of a client that has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Exited {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Exited {
    fn from(output: Output) -> Self {
        Self {
            exit: output.status.code().expect("the client was killed by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Exited {
    #[track_caller]
    pub fn expect(&self, exit: i32, stdout: &str, stderr: &str) {
        let expected = Self { exit, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert_eq!(*self, expected);
    }
}
