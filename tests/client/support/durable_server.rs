//! A server in a process of its own with data that survive it, and the client at this server.

use bookline::exit::Exit;
use bookline_protocol::reply::ReplyLine;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::child_server::ChildServer;
use crate::support::client::{Exited, bookline, run};

/// The server and its data.
pub struct DurableServer {
    pub server: ChildServer,
    directory: TempDir,
}

impl DurableServer {
    /// Starts a server without data.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { server: ChildServer::start(directory.path()), directory }
    }

    /// Kills the server with `kill -9`, and starts it on the same data.
    pub fn crash(self) -> Self {
        let Self { server, directory } = self;
        server.kill();
        Self { server: ChildServer::start(directory.path()), directory }
    }

    /// Runs the client with these arguments.
    pub fn run(&self, words: &[&str]) -> Exited {
        run(bookline(self.server.addr, words))
    }

    /// The object of the `OK` to this command.
    #[track_caller]
    pub fn granted(&self, words: &[&str]) -> Value {
        let client = self.run(words);
        let last = client.stdout.lines().last().unwrap_or_default();
        let Ok(ReplyLine::Ok(body)) = ReplyLine::parse(last) else { panic!("{words:?}: {client:?}") };
        assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{words:?}");
        serde_json::from_str(body).unwrap()
    }

    /// The object of the `ERR` to this command, which must have this code.
    #[track_caller]
    pub fn refused(&self, words: &[&str], expected: &str) -> Value {
        let client = self.run(words);
        let Ok(ReplyLine::Err { code, body }) = ReplyLine::parse(&client.stdout) else {
            panic!("{words:?}: {client:?}")
        };
        let exit = Exit::of_refusal(expected) as i32;
        assert_eq!((client.exit, code), (exit, expected), "{words:?}: {body}");
        serde_json::from_str(body).unwrap()
    }
}
