//! Signals at the prompt.
//!
//! Catches: a terminal that stays in raw mode after the client was ended.

use std::net::SocketAddr;
use std::process::Command;

use crate::support::client::bookline;
use crate::support::fake_server::FakeServer;
use crate::support::session::{PROMPT, Session};

/// Shows the process id of the client, its exit status, and whether the mode of the terminal is as before.
const SCRIPT: &str = concat!(
    "before=$(stty -g); sh -c 'echo pid $$.; exec \"$@\"' sh \"$@\"; echo \"status $?.\"; ",
    "test \"$before\" = \"$(stty -g)\" && echo same",
);

/// The client on a terminal of a shell that looks at its mode. Returns the process id as well.
fn start(client: &Command) -> (Session, String) {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "sh"]).arg(client.get_program()).args(client.get_args());
    let mut session = Session::start(shell);
    session.wait_for("pid ");
    let pid = session.wait_for(".");
    (session, pid)
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

#[test]
fn sigterm_at_the_first_question_restores_the_terminal() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let (mut session, pid) = start(&bookline(nobody, &["--user", "anna"]));
    session.wait_for("Secret of anna: ");
    kill("-TERM", &pid);
    session.wait_for("status 143.");
    session.wait_for("same\r\n");
}

#[test]
fn sigterm_and_sighup_at_the_prompt_restore_the_terminal() {
    for (signal, status) in [("-TERM", 143), ("-HUP", 129)] {
        let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
        let (mut session, pid) = start(&bookline(fake.addr, &[]));
        session.wait_for(PROMPT);
        session.press("BOOK e 1");
        session.wait_for("BOOK e 1");
        kill(signal, &pid);
        session.wait_for(&format!("status {status}."));
        session.wait_for("same\r\n");
        assert_eq!(fake.join(), b"");
    }
}
