//! docs/security.md sets up a server on a network.
//!
//! Catches: a command of the document that does not work as it stands, on a machine with nothing but the two
//! programs and openssl. Only the port is another one, so that tests can run beside a server.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use bookline_testkit::guide::{first_commands, program_beside, shell};

/// The port of the document.
const PORT: &str = "2665";

#[test]
fn five_commands_set_up_a_server_on_a_network() {
    if Command::new("openssl").arg("version").output().is_err() {
        return println!("skipped: there is no openssl");
    }
    let commands = first_commands("docs/security.md");
    assert_eq!(commands.len(), 5, "five commands: {commands:?}");
    let directory = tempfile::tempdir().unwrap();
    let client = env!("CARGO_BIN_EXE_bookline");
    let server = program_beside(client, "booklined", "bookline-server");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let script = format!("set -e\ntrap 'kill $!' EXIT\n{}\n", commands.join("\n")).replace(PORT, &port);

    let programs = [(&*server, "booklined"), (Path::new(client), "bookline")];
    let mut shell = shell(&script, directory.path(), &programs);
    let output = shell.output().expect("sh runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");
    assert!(stdout.contains(r#"OK {"account":"anna","role":"admin"}"#), "{stdout}\n{stderr}");
    assert!(stdout.contains(r#"{"account":"kiosk","role":"seller","secret":"bkl_"#), "{stdout}\n{stderr}");
    let token = fs::read_to_string(directory.path().join("anna.token")).unwrap();
    assert!(!stderr.contains(token.trim_end()), "{stderr}");
}
