//! The real `telnet` on a terminal.
//!
//! Catches: a key that makes telnet request an option and suppress all output until the answer arrives, while
//! requests are still executed.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use bookline_testkit::process::Server;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

/// `telnet` on its own terminal, connected.
fn telnet(addr: SocketAddr) -> PtySession {
    // A missing program could not be reported from the child process of the terminal.
    let there = Command::new("telnet").arg("--version").stdin(Stdio::null()).output();
    there.unwrap_or_else(|error| panic!("this test runs telnet (apt-get install telnet): {error}"));
    let mut command = Command::new("telnet");
    command.args([addr.ip().to_string(), addr.port().to_string()]).env("TERM", "vt100");
    let options = Options::new().timeout_ms(Some(30_000)).strip_ansi_escape_codes(true);
    let mut pty = spawn_with_options(command, options).unwrap();
    pty.exp_string("Escape character is").unwrap();
    pty
}

fn press(pty: &mut PtySession, keys: &str) {
    pty.send(keys).unwrap();
    pty.flush().unwrap();
}

#[test]
fn control_keys_do_not_silence_a_telnet_session() {
    let server = Server::fresh();
    server.connect().ask("CREATE x 2026-01-01 20 id=x").ok();
    let mut pty = telnet(server.addr());
    let mut left = 20;
    // Interrupt, quit, discard output, and an interrupt in the middle of a line, which makes the terminal
    // discard it.
    for keys in ["", "\x03", "\x1c", "\x0f", "\x03\x03\x1c\x0f", "BOOK x 5\x03"] {
        press(&mut pty, keys);
        press(&mut pty, "BOOK x 1\r");
        left -= 1;
        let shown = pty.exp_string(&format!("\"available_tickets\":{left}}}"));
        shown.unwrap_or_else(|error| panic!("no reply is shown after {keys:?}: {error}"));
    }
    press(&mut pty, "QUIT\r");
    pty.exp_string("Connection closed by foreign host.").unwrap();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), left);
}

/// Telnet requests options when its mode is changed, and the server refuses them.
#[test]
fn telnet_modes_work_without_their_options() {
    let server = Server::fresh();
    let mut pty = telnet(server.addr());
    for command in ["mode character", "set binary", "send ao", "send ip", "send ayt", "mode line"] {
        press(&mut pty, "\x1d");
        pty.exp_string("telnet> ").unwrap();
        press(&mut pty, &format!("{command}\r\r"));
        press(&mut pty, "GET nothing\r");
        pty.exp_string("ERR NOT_FOUND").unwrap_or_else(|error| panic!("no reply after {command:?}: {error}"));
    }
}
