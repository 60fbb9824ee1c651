//! The configuration file, for each way to give commands.
//!
//! Catches: a way that does not read the file, a variable or a flag that the file overrides, a mistake in the
//! file that goes unnoticed.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::support::client::{bookline_without_address, run, run_with_input};
use crate::support::fake_server::FakeServer;
use crate::support::session::Session;

/// A configuration directory.
struct Config {
    directory: TempDir,
}

impl Config {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Self { directory };
        fs::create_dir(config.file().parent().unwrap()).unwrap();
        fs::write(config.file(), text).unwrap();
        config
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("bookline/config.toml")
    }

    /// The client with this configuration and these arguments.
    fn client(&self, args: &[&str]) -> Command {
        let mut command = bookline_without_address();
        command.env("XDG_CONFIG_HOME", self.directory.path()).args(args);
        command
    }
}

/// A server that answers one PING, and its address as a line of the file.
fn pinged() -> (FakeServer<()>, String) {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let line = address_line(fake.addr);
    (fake, line)
}

fn address_line(addr: SocketAddr) -> String {
    format!("addr = \"{addr}\"\n")
}

#[test]
fn file_sets_the_server_of_commands_scripts_and_the_prompt() {
    let (fake, line) = pinged();
    run(Config::new(&line).client(&["PING"])).expect(0, "OK {}\n", "");
    fake.join();

    let (fake, line) = pinged();
    run_with_input(Config::new(&line).client(&[]), "PING\n").expect(0, "OK {}\n", "");
    fake.join();

    let (fake, line) = pinged();
    let config = Config::new(&format!("{line}format = \"raw\"\nhistory = \"none\"\nedit-mode = \"vi\"\n"));
    let mut session = Session::start(config.client(&[]));
    // In the mode of vi, Escape and the letters after it are no text.
    session.type_line("PxxING\x1b0lxxi");
    session.wait_for("OK {}\r\n");
    session.leave();
    fake.join();
}

#[test]
fn file_sets_the_server_of_a_local_command() {
    let fake =
        FakeServer::new(|mut peer| peer.expect("HELLO\n", "ERR BUSY {\"message\":\"m\",\"retry\":false}\n"));
    let config = Config::new(&address_line(fake.addr));
    assert_eq!(run(config.client(&["--retry", "0", "ics", "F1"])).exit, 3);
    fake.join();
}

#[test]
fn flag_precedes_environment_precedes_profile_precedes_file() {
    let nobody = "127.0.0.1:9";
    for level in 0..4 {
        let (fake, line) = pinged();
        let addr = fake.addr.to_string();
        let at = |it: usize| if it == level { addr.as_str() } else { nobody };
        let (top, profile) = (if level == 3 { line } else { format!("addr = \"{nobody}\"\n") }, at(2));
        let profile = if level == 3 { String::new() } else { format!("addr = \"{profile}\"\n") };
        let config = Config::new(&format!("{top}[profiles.door]\n{profile}"));
        let mut client = config.client(&[]);
        if level <= 1 {
            client.env("BOOKLINE_ADDR", at(1));
        }
        if level == 0 {
            client.args(["--addr", at(0)]);
        }
        if level % 2 == 0 {
            client.env("BOOKLINE_PROFILE", "door");
        } else {
            client.args(["--profile", "door"]);
        }
        client.arg("PING");
        run(client).expect(0, "OK {}\n", "");
        fake.join();
    }
}

#[test]
fn mistake_in_the_file_exits_2_and_sends_nothing() {
    for (text, problem) in [
        ("\ncolour = \"x\"\n", ":2: \"colour\" is not a key: the keys are addr, timeout, "),
        ("format = \"tabel\"\n", ":1: format is \"tabel\": write auto, "),
        ("addr = \n", ":1: "),
        ("[profiles.door]\n\ntimeout = \"soon\"\n", ":3: timeout is \"soon\": "),
    ] {
        let config = Config::new(text);
        for client in [config.client(&["PING"]), config.client(&["--addr", "127.0.0.1:9", "ics", "F1"])] {
            let exited = run(client);
            assert_eq!((exited.exit, exited.stdout.as_str()), (2, ""), "{text}");
            let message = format!("bookline: {}{problem}", config.file().display());
            assert!(exited.stderr.starts_with(&message), "{}", exited.stderr);
        }
    }
}

#[test]
fn unknown_profile_exits_2_and_names_the_profiles() {
    let config = Config::new("[profiles.door]\n[profiles.office]\n");
    let problem = "there is no profile \"x\": the profiles are door, office";
    let message = format!("bookline: {}: {problem}\n", config.file().display());
    run(config.client(&["--profile", "x", "PING"])).expect(2, "", &message);
}

#[test]
fn unreadable_file_exits_2() {
    let config = Config::new("");
    fs::remove_file(config.file()).unwrap();
    fs::create_dir(config.file()).unwrap();
    let exited = run(config.client(&["PING"]));
    let message = format!("bookline: cannot read {}: ", config.file().display());
    assert_eq!(exited.exit, 2);
    assert!(exited.stderr.starts_with(&message), "{}", exited.stderr);
}

#[test]
fn help_needs_no_file_and_names_it() {
    let config = Config::new("not TOML");
    let exited = run(config.client(&["--help"]));
    assert_eq!(exited.exit, 0);
    assert!(exited.stdout.contains("bookline/config.toml"), "{}", exited.stdout);
}
