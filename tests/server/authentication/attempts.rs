//! AUTH: what proves an account, and what an attempt costs who guesses.

use std::time::{Duration, Instant};

use bookline_protocol::Role;
use bookline_testkit::process::{Home, PASSWORD, Server};

use super::Staffed;

/// A server with two accounts that have passwords.
fn with_passwords() -> Server {
    let home = Home::new();
    home.add_account("root", &["--role", "admin"], PASSWORD);
    home.add_account("anna", &["--role", "seller", "--person", "F1"], "tea at four");
    home.start(&[])
}

#[test]
fn wrong_name_and_wrong_secret_are_answered_alike_and_the_third_closes() {
    let staffed = Staffed::start(&[]);
    let mut conn = staffed.server.connect();
    let wrong = format!("bkl_{}", "0".repeat(40));
    let of_nobody = conn.ask(&format!("AUTH nobody {wrong}"));
    let of_seller = conn.ask(&format!("AUTH seller {wrong}"));
    of_nobody.err("UNAUTHENTICATED");
    assert_eq!(of_nobody.line, of_seller.line);
    conn.ask("AUTH seller bkl_tooshort").err("UNAUTHENTICATED");
    conn.expect_end();
}

#[test]
fn failed_attempt_leaves_a_connection_its_account() {
    let staffed = Staffed::start(&[]);
    let mut conn = staffed.connect(Role::Seller);
    conn.ask("AUTH admin bkl_wrong").err("UNAUTHENTICATED");
    assert_eq!(conn.ask("WHOAMI").ok()["account"], "seller");
    conn.ask(&format!("AUTH door {}", staffed.tokens["door"])).ok();
    assert_eq!(conn.ask("WHOAMI").ok()["account"], "door");
}

#[test]
fn lines_behind_a_password_wait_until_it_is_checked() {
    let server = with_passwords();
    let mut conn = server.connect();
    let lines = [
        "PING".to_owned(),
        "AUTH anna \"tea at four\"".to_owned(),
        "WHOAMI".to_owned(),
        format!("AUTH root \"{PASSWORD}\""),
        "WHOAMI".to_owned(),
    ];
    let replies = conn.ask_all(&lines);
    assert_eq!(replies[2].ok()["account"], "anna");
    assert_eq!(replies[4].ok()["account"], "root");
}

#[test]
fn wrong_passwords_delay_the_address_and_never_a_token() {
    let home = Home::new();
    let token = home.add_account_with_token("root", &["--role", "admin"]);
    home.add_account("anna", &["--role", "seller"], PASSWORD);
    let server = home.start(&[]);
    let mut conn = server.connect();
    conn.ask("AUTH anna \"a wrong password\"").err("UNAUTHENTICATED");
    for request in [format!("AUTH anna \"{PASSWORD}\""), "AUTH nobody \"a wrong password\"".to_owned()] {
        let reply = conn.ask(&request);
        let wait = reply.err("RATE_LIMITED")["retry_after_ms"].as_u64().expect("a number");
        assert!((1..=1_000).contains(&wait), "{}", reply.line);
    }
    conn.ask(&format!("AUTH root {token}")).ok();
    // The delay passes. The clock of the server is the system's.
    let retried = conn.ask_until(&format!("AUTH anna \"{PASSWORD}\""), |reply| reply.is_ok());
    assert_eq!(retried.ok()["account"], "anna");
}

/// A wrong name, an account with a token and one with a password: all are hashed. Only the order of magnitude
/// is compared, as machines are noisy: a reply without a hash takes a hundredth of the time.
#[test]
fn wrong_password_takes_a_hash_whatever_the_account() {
    let home = Home::new();
    home.add_account_with_token("root", &["--role", "admin"]);
    home.add_account("anna", &["--role", "seller"], PASSWORD);
    let mut times = Vec::new();
    for name in ["anna", "root", "nobody"] {
        // Each server is new, and delays nothing.
        let mut server = home.start(&[]);
        let mut conn = server.connect();
        conn.ask("PING").ok();
        let start = Instant::now();
        conn.ask(&format!("AUTH {name} \"a wrong password\"")).err("UNAUTHENTICATED");
        times.push(start.elapsed());
        server.stop();
    }
    assert!(times.iter().all(|time| *time >= Duration::from_millis(2)), "{times:?}");
}

#[test]
fn refusals_of_lines_with_secrets_repeat_none_of_their_words() {
    let staffed = Staffed::start(&[]);
    let mut conn = staffed.connect(Role::Admin);
    for line in [
        "AUTH anna hunter2hunter2 more",
        "AUTH anna hunter2hunter2 role=hunter2",
        "AUTH \"hunter2hunter2",
        "\"AUTH hunter2hunter2",
        "AUHT anna hunter2hunter2",
        "ACCOUNT hunter2hunter2",
        "ACCOUNT ADD anna role=hunter2",
        "ACCOUNT ADD anna role=door secret=hunter2",
        "ACCOUNT ADD anna role=door secret=\"hunter2 x",
        "ACCOUNT ADD anna role=door secret=hunter2hunter2 hunter2=x",
        "ACCOUNT ADD hunter2/ role=door",
        "ACCOUNT SET anna person=hunter2/",
        "ACOUNT ADD anna role=door secret=hunter2hunter2",
        "secret=hunter2hunter2 ACCOUNT ADD anna",
    ] {
        let reply = conn.ask(line);
        assert!(!reply.is_ok(), "{line}");
        assert!(!reply.line.contains("hunter2"), "{line}: {}", reply.line);
    }
}

#[test]
fn line_before_auth_is_short() {
    let staffed = Staffed::start(&[]);
    let mut nobody = staffed.server.connect();
    nobody.ask("PING").ok();
    let longest = format!("# {}", "x".repeat(4_096 - 2));
    nobody.send(&longest);
    let longer = nobody.ask(&format!("{longest}x"));
    assert!(longer.err("LINE_TOO_LONG")["message"].to_string().contains("4096"), "{}", longer.line);
    nobody.ask(&format!("AUTH seller {}", staffed.tokens["seller"])).ok();
    nobody.send(&format!("# {}", "x".repeat(60_000)));
    nobody.ask("PING").ok();
}

#[test]
fn server_without_accounts_names_the_command_that_adds_one() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for request in ["AUTH anna \"correct horse\"", "WHOAMI", "ACCOUNT LIST"] {
        let message = conn.ask(request).err("NOT_FOUND")["message"].to_string();
        assert!(message.contains("booklined account add"), "{message}");
    }
    assert_eq!(conn.ask("HELLO").ok().get("auth"), None);
}
