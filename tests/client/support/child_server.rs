//! A server in a process of its own, which can be killed with `kill -9`: this test binary, started as a
//! child.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bookline_server::Config;
use bookline_testkit::in_process::{Listening, config};

use crate::support::real_server::block_on;

/// The environment variable that makes [`serve`] run the server. Its value is the address.
const SERVE_VARIABLE: &str = "BOOKLINE_TEST_SERVER";

/// The server. Dropping it kills it.
pub struct ChildServer {
    pub addr: SocketAddr,
    /// The line that the server prints when it listens.
    pub line: String,
    child: Child,
}

impl ChildServer {
    /// Starts a server on the default data directory within `directory` and a free port, and waits until it
    /// listens.
    pub fn start(directory: &Path) -> Self {
        Self::start_at(directory, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts a server on this address.
    pub fn start_at(directory: &Path, address: SocketAddr) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "support::child_server::serve", "--nocapture"]);
        command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::piped());
        // The environment of the user who runs the tests may configure another server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BOOKLINE_") {
                command.env_remove(name);
            }
        }
        let mut child = command.env(SERVE_VARIABLE, address.to_string()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line =
            lines.into_iter().find(|line| line.starts_with("booklined ")).expect("the server did not listen");
        let addr = line.rsplit(' ').next().unwrap().parse().expect("an address");
        Self { addr, line, child }
    }

    /// Kills the server with `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.wait_for_end();
    }

    /// Waits until something else has killed the server.
    pub fn wait_for_end(&mut self) {
        let status = self.child.wait().unwrap();
        assert!(!status.success(), "the server was not killed: {status}");
    }
}

impl Drop for ChildServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test but the server, if [`SERVE_VARIABLE`] is set. It runs until it is killed.
#[test]
fn serve() {
    let Ok(address) = std::env::var(SERVE_VARIABLE) else { return };
    let address = address.parse().expect("an address");
    block_on(async {
        let config = config(&Config::default().data_dir, |config| config.segment_size = 768 << 10);
        let server = Listening::open_at(&config, address).await.unwrap();
        // The test harness may have written the beginning of a line.
        println!("\nbooklined {} listening on {}", env!("CARGO_PKG_VERSION"), server.address);
        server.serve(std::future::pending()).await.unwrap();
    });
}
