//! docs/security.md sets up a server on a network.
//!
//! Catches: a command of the document that does not work as it stands, on a machine with nothing but the two
//! programs and openssl. Only the port is another one, so that tests can run beside a server.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The port of the document.
const PORT: &str = "2665";

/// The lines of the document's `sh` block.
fn commands() -> Vec<String> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let text = fs::read_to_string(document).expect("docs/security.md");
    let block = text.split("```sh\n").nth(1).expect("a block of commands");
    block.split("```").next().expect("its end").lines().map(str::to_owned).collect()
}

/// The server's program, which Cargo builds for the tests of the workspace.
fn booklined() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_bookline")).with_file_name("booklined");
    if !path.exists() {
        let built = Command::new(env!("CARGO")).args(["build", "-p", "bookline-server"]).status();
        assert!(built.expect("cargo runs").success(), "booklined is not built");
    }
    path
}

#[test]
fn five_commands_set_up_a_server_on_a_network() {
    if Command::new("openssl").arg("version").output().is_err() {
        return println!("skipped: there is no openssl");
    }
    let commands = commands();
    assert_eq!(commands.len(), 5, "five commands: {commands:?}");
    let directory = tempfile::tempdir().unwrap();
    let programs = directory.path().join("programs");
    fs::create_dir(&programs).unwrap();
    symlink(booklined(), programs.join("booklined")).unwrap();
    symlink(env!("CARGO_BIN_EXE_bookline"), programs.join("bookline")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let script = format!("set -e\ntrap 'kill $!' EXIT\n{}\n", commands.join("\n")).replace(PORT, &port);

    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(&directory).env("HOME", directory.path());
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", programs.display()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BOOKLINE_")) {
        shell.env_remove(name);
    }
    let output = shell.output().expect("sh runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");
    assert!(stdout.contains(r#"OK {"account":"anna","role":"admin"}"#), "{stdout}\n{stderr}");
    assert!(stdout.contains(r#"{"account":"kiosk","role":"seller","secret":"bkl_"#), "{stdout}\n{stderr}");
    let token = fs::read_to_string(directory.path().join("anna.token")).unwrap();
    assert!(!stderr.contains(token.trim_end()), "{stderr}");
}
