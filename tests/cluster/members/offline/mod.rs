//! The commands of an operator over the log of a cluster, and the ways between one machine and a cluster.
//!
//! Catches: a backup that lacks what was acknowledged, or has it otherwise; a log that is told otherwise than
//! that of a single server; corruption that `check` does not name; data that an import loses, or begins with
//! twice; a member that begins without the imported data; a cluster that anybody enters.

mod accounts;
mod import;

use std::process::{Command, Output};

use bookline_testkit::connection::Conn;
use bookline_testkit::nats::Nats;
use bookline_testkit::process::{Home, Server, booklined};

use super::administrator::Administrator;
use super::{command, one_nats, start, wait_until_leads};

/// The zone of the single servers and of the clusters that begin with their data.
const ZONE: &[&str] = &["--time-zone", "Europe/Berlin"];

/// The password of every account.
const PASSWORD: &str = "a-long-password";

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A backup of the cluster, from which a single server begins.
fn restore(nats: &Nats) -> Server {
    let home = Home::new();
    let backup = home.file("backup", "");
    let backup = backup.to_str().expect("a path in UTF-8");
    let done = out(&command(nats, &["backup", "--force", "--to", backup]));
    assert!(done.contains("sequences 1 to "), "{done}");
    home.start(&[&["--restore", backup], ZONE].concat())
}

/// Something of everything. Returns a ticket and the reply to a request with a key.
fn fill(conn: &mut Conn) -> (String, String) {
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    let booked = conn.ask("BOOK jazz 3 key=three-tickets-of-jazz");
    conn.ask("BOOK jazz 2").ok();
    conn.ask("HOLD jazz 4 ttl=7200").ok();
    conn.ask("MEET F1 2027-01-04 10:00 review F2").ok();
    conn.ask("BLOCK F3 2027-01-04 09:00").ok();
    let ticket = booked.clone().ok()["tickets"][0].as_str().expect("a ticket").to_owned();
    (ticket, booked.line)
}

/// All that a reader sees.
fn listing(conn: &mut Conn) -> Vec<String> {
    let lines = ["GET", "GET jazz", "GET F1 2027-01-04", "GET F3 2027-01-04"];
    lines.map(|line| format!("{:?}", conn.ask(line))).into()
}

#[test]
fn cluster_is_told_as_a_single_server_with_the_same_history() {
    let Some(nats) = one_nats() else { return };
    let leader = start(&nats, "one.example:1", ZONE);
    let mut conn = wait_until_leads(&leader);
    fill(&mut conn);
    assert_eq!(listing(&mut restore(&nats).connect()), listing(&mut conn));
    let mut single = Home::new().start(ZONE);
    fill(&mut single.connect());
    single.stop();
    let data = single.data();
    let data = data.to_str().expect("a path in UTF-8");
    for told_by in ["dump", "audit"] {
        let arguments = if told_by == "audit" { &["audit", "--format", "json"][..] } else { &["dump"] };
        let of_single = Command::new(booklined()).args(arguments).args(["--data-dir", data]).output();
        let of_single = told(&out(&of_single.expect("it runs")));
        assert!(of_single.len() >= 6, "{of_single:?}");
        assert_eq!(told(&out(&command(&nats, arguments))), of_single, "{told_by}");
    }
    let report = out(&command(&nats, &["check"]));
    assert!(report.contains("stream BOOKLINE-sales: messages 1 to "), "{report}");
    assert!(report.contains("journal: sequences 1 to 6") && report.ends_with("all is well\n"), "{report}");
    let both = command(&nats, &["check", "--data-dir", data]);
    assert_eq!(both.status.code(), Some(2), "{}", err(&both));
}

/// Lines of JSON without times and ids that are drawn.
fn told(lines: &str) -> Vec<String> {
    let differs = |key: &str| {
        ["at", "tickets", "hold", "hold_id", "expires_at", "used_at", "created_at"].contains(&key)
    };
    let line = |line: &str| {
        let mut object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).expect("an object");
        object.retain(|key, _| !differs(key));
        serde_json::Value::from(object).to_string()
    };
    lines.lines().map(line).collect()
}

#[test]
fn check_names_a_corrupt_message_and_a_missing_snapshot() {
    let Some(nats) = one_nats() else { return };
    let mut member = start(&nats, "one.example:1", &[]);
    let mut conn = wait_until_leads(&member);
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    conn.ask("BOOK jazz 3").ok();
    member.stop();
    let administrator = Administrator::of(&nats);
    let garbage = administrator.append("garbage");
    let checked = command(&nats, &["check"]);
    let report = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1), "{report}");
    let expected = format!("message {garbage} of the stream cannot follow the one before it");
    assert!(report.contains(&expected) && report.ends_with("corruption was found\n"), "{report}");
    assert_eq!(command(&nats, &["dump"]).status.code(), Some(1));

    administrator.purge_before(3);
    let checked = command(&nats, &["check"]);
    let report = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1), "{report}");
    assert!(report.contains("begins with message 3, and no snapshot is there"), "{report}");
}
