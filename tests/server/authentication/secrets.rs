//! Secrets are nowhere: not in the log output, and not in any file.

use std::fs;
use std::process::Command;

use bookline_protocol::Role;
use bookline_testkit::process::{booklined, listing};

use super::Staffed;

const PASSWORDS: [&str; 3] = ["tea at four", "hunter2hunter2", "a wrong password"];

/// Whether these bytes have one of the secrets.
fn found<'s>(bytes: &[u8], secrets: &'s [String]) -> Option<&'s String> {
    secrets.iter().find(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
}

#[test]
fn no_secret_is_in_the_log_output_the_data_or_a_backup() {
    let mut staffed = Staffed::start(&["--log-format", "json"]);
    let mut admin = staffed.connect(Role::Admin);
    let made =
        admin.ask("ACCOUNT ADD kiosk role=seller").ok()["secret"].as_str().expect("a token").to_owned();
    admin.ask(&format!("ACCOUNT ADD lisa role=door secret=\"{}\"", PASSWORDS[0])).ok();
    admin.ask(&format!("ACCOUNT SET kiosk secret={}", PASSWORDS[1])).ok();
    let mut conn = staffed.server.connect();
    conn.ask(&format!("AUTH lisa \"{}\"", PASSWORDS[0])).ok();
    conn.ask(&format!("AUTH {} lisa", PASSWORDS[1])).err("UNAUTHENTICATED");
    conn.ask(&format!("AUHT lisa \"{}\"", PASSWORDS[2])).err("UNKNOWN_COMMAND");
    conn.ask(&format!("ACCOUNT ADD x role=boss secret={}", PASSWORDS[1])).err("BAD_REQUEST");
    conn.ask("ACCOUNT LIST").err("FORBIDDEN");
    admin.ask("SNAPSHOT").ok();
    let mut secrets: Vec<String> = staffed.tokens.values().cloned().chain([made]).collect();
    secrets.extend(PASSWORDS.map(str::to_owned));

    let backup = staffed.server.home().data().with_file_name("backup");
    let mut command = Command::new(booklined());
    let output =
        command.arg("backup").arg("--data-dir").arg(staffed.server.data()).arg("--to").arg(&backup).output();
    assert!(output.expect("the program runs").status.success());
    let dump = Command::new(booklined()).arg("dump").arg("--data-dir").arg(staffed.server.data()).output();
    let dump = dump.expect("the program runs");
    assert!(String::from_utf8_lossy(&dump.stdout).contains("account_added"), "dump tells of accounts");
    assert_eq!(found(&dump.stdout, &secrets), None, "in dump");

    let files = listing(&staffed.server.data());
    for file in files.iter().chain([&backup]).filter(|path| path.is_file()) {
        let bytes = fs::read(file).expect("a file");
        assert_eq!(found(&bytes, &secrets), None, "in {}", file.display());
    }
    staffed.server.stop();
    let log = staffed.server.stderr();
    assert!(log.contains("AUTH refused") && log.contains("FORBIDDEN"), "{log}");
    assert_eq!(found(log.as_bytes(), &secrets), None, "in the log output");
}
