//! `booklined audit`: who did what when.
//!
//! It would fail if a change had another account than the one whose request made it, if a filter showed more
//! or less, if a line showed the id of a ticket or hold, or if what was trimmed were passed over in silence.

use std::path::Path;
use std::sync::Arc;

use bookline_protocol::Role;
use bookline_server::Config;
use bookline_server::state::{AccountUpdate, Context, Identity};
use bookline_server::time::source::ManualTime;
use bookline_testkit::in_process::Server;
use serde_json::Value;

use super::{booklined, text};
use crate::in_process::identities::{add_account, ask_as};
use crate::in_process::model::moment::manual_time;

const SECOND_MICROS: i64 = 1_000_000;

/// A server with the time of the test. It keeps the log.
fn keeping(time: &Arc<ManualTime>) -> impl FnOnce(&mut Config) {
    let time = time.clone();
    move |config: &mut Config| {
        config.time_source = Some(time);
        config.background_maintenance = false;
        config.keep_log = 1 << 20;
    }
}

/// The lines on standard output and the one on standard error.
fn audited(directory: &Path, arguments: &[&str]) -> (Vec<String>, String) {
    let arguments: Vec<_> = arguments.iter().map(Path::new).collect();
    let output = booklined("audit", directory, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let lines = String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect();
    (lines, String::from_utf8(output.stderr).expect("UTF-8"))
}

/// What was done, in order, with the lines of `booklined audit` that tell it. The time begins at
/// 2026-12-31T23:59:50Z, and goes on by an hour before the second half.
struct Past {
    server: Server,
    anna: Identity,
    ben: Identity,
    time: Arc<ManualTime>,
}

const FIRST_HALF: [&str; 7] = [
    "2026-12-31T23:59:50Z  -  added account anna: role seller, with a token",
    "2026-12-31T23:59:50Z  -  added account ben: role admin, person F2, with a token",
    "2026-12-31T23:59:50Z  ben  created event jazz: \"Jazz Night\" on 2027-02-02, 100 of 100 tickets left",
    "2026-12-31T23:59:50Z  anna  booked 2 tickets of jazz (98 left)",
    "2026-12-31T23:59:50Z  anna  held 3 tickets of jazz until 2027-01-01T00:04:50Z (95 left)",
    "2026-12-31T23:59:50Z  -  booked 1 ticket of jazz (94 left)",
    "2026-12-31T23:59:50Z  ben  made the meeting \"talk\" of F2, F3 on 2027-02-03 at 09:00, host F2",
];

const SECOND_HALF: [&str; 4] = [
    "2027-01-01T00:59:50Z  ben  ended the expired hold of 3 tickets of jazz (97 left)",
    "2027-01-01T00:59:50Z  ben  booked 97 tickets of jazz (0 left)",
    "2027-01-01T00:59:50Z  ben  changed account anna: role door, with a token",
    "2027-01-01T00:59:50Z  ben  made a block of F2 on 2027-02-04 at 10:00",
];

impl Past {
    async fn begin() -> Self {
        let time = manual_time();
        let server = Server::fresh_with(keeping(&time)).await;
        let anna = add_account(&server, "anna", Role::Seller, "");
        let ben = add_account(&server, "ben", Role::Admin, "F2");
        for (who, line) in [
            (&ben, "CREATE \"Jazz Night\" 2027-02-02 100 id=jazz"),
            (&anna, "BOOK jazz 2 for=Zoe key=a-key-of-some-length"),
            (&anna, "HOLD jazz 3 ttl=300"),
            (&Identity::Anybody, "BOOK jazz 1"),
            (&ben, "MEET F2 2027-02-03 09:00 talk F3"),
        ] {
            assert!(ask_as(&server, who, line).await.starts_with("OK "), "{line}");
        }
        Self { server, anna, ben, time }
    }

    async fn go_on(&self) {
        self.time.advance(3_600 * SECOND_MICROS);
        assert!(ask_as(&self.server, &self.ben, "BOOK jazz 97").await.starts_with("OK "));
        let store = &self.server.service.store;
        let mut context = Context { identity: self.ben.clone(), ..Context::default() };
        let update = AccountUpdate { role: Some(Role::Door), ..Default::default() };
        store.set_account(&mut context, "anna", &update).expect("an account");
        assert!(ask_as(&self.server, &self.ben, "BLOCK F2 2027-02-04 10:00").await.starts_with("OK "));
        assert!(ask_as(&self.server, &self.anna, "BOOK jazz 1").await.starts_with("ERR "), "no line");
    }
}

#[tokio::test]
async fn audit_shows_who_did_what_when_beside_a_server_and_over_snapshots() {
    let past = Past::begin().await;
    let (lines, beginning) = audited(past.server.directory(), &[]);
    assert_eq!(lines, FIRST_HALF);
    assert_eq!(beginning, "booklined: the log begins with commit 1 of 2026-12-31T23:59:50Z\n");
    let mut conn = past.server.connect().await;
    conn.ask("SNAPSHOT").await.ok();
    past.go_on().await;
    conn.ask("SNAPSHOT").await.ok();
    conn.finish().await;
    let directory = past.server.stop().await;
    let all = [&FIRST_HALF[..], &SECOND_HALF].concat();
    assert_eq!(audited(directory.path(), &[]).0, all);
    // The segments are told from before the newest snapshot on, unlike in a dump.
    let dumped = booklined("dump", directory.path(), &[]);
    assert!(!text(&dumped).contains("tickets_booked"), "{}", text(&dumped));
}

#[tokio::test]
async fn filters_select_lines() {
    let past = Past::begin().await;
    past.go_on().await;
    let directory = past.server.stop().await;
    let all = [&FIRST_HALF[..], &SECOND_HALF].concat();
    let of = |numbers: &[usize]| -> Vec<&str> { numbers.iter().map(|&number| all[number]).collect() };
    for (arguments, expected) in [
        (&["--account", "anna"][..], of(&[0, 3, 4, 9])),
        (&["--account", "ben"], of(&[1, 2, 6, 7, 8, 9, 10])),
        (&["--account", "nobody"], of(&[])),
        (&["--event", "jazz"], of(&[2, 3, 4, 5, 7, 8])),
        (&["--event", "Jazz"], of(&[])),
        (&["--person", "F3"], of(&[6])),
        (&["--person", "F2"], of(&[6, 10])),
        (&["--account", "anna", "--event", "jazz"], of(&[3, 4])),
        (&["--since", "2027-01-01T01:59:50.000007+01:00"], of(&[7, 8, 9, 10])),
        (&["--since", "2027-01-01T00:59:50.000008Z"], of(&[])),
        (&["--since", "2026-12-31T00:00:00Z", "--account", "anna"], of(&[0, 3, 4, 9])),
    ] {
        assert_eq!(audited(directory.path(), arguments).0, expected, "{arguments:?}");
    }
    // The clock of the test is ahead of that of the program.
    assert_eq!(audited(directory.path(), &["--since", "1h"]).0, all);
}

#[tokio::test]
async fn objects_have_the_account_and_no_secret() {
    let past = Past::begin().await;
    let directory = past.server.stop().await;
    let (lines, _) = audited(directory.path(), &["--format", "json"]);
    let objects: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let by: Vec<_> =
        objects.iter().map(|object| (object["by"].as_str(), object["by_number"].as_u64())).collect();
    let (anna, ben) = (Some(1), Some(2));
    let expected =
        [("-", None), ("-", None), ("ben", ben), ("anna", anna), ("anna", anna), ("-", None), ("ben", ben)];
    assert_eq!(by, expected.map(|(name, number)| (Some(name), number)));
    assert_eq!(
        lines[3],
        "{\"sequence\":4,\"kind\":\"tickets_booked\",\"at\":\"2026-12-31T23:59:50.000007Z\",\"event_id\":\"jazz\",\
         \"count\":2,\"available_tickets\":98,\"held_tickets\":0,\"by\":\"anna\",\"by_number\":1}"
    );
    for secret in ["\"ticket\"", "\"tickets\"", "\"hold\"", "\"holds\"", "\"for\"", "Zoe", "a-key-of"] {
        assert!(!lines.concat().contains(secret), "{secret} in {lines:?}");
    }
}

#[tokio::test]
async fn dump_shows_the_account_behind_the_secret_fields() {
    let past = Past::begin().await;
    let directory = past.server.stop().await;
    let dumped = text(&booklined("dump", directory.path(), &[]));
    let booked: Vec<_> = dumped.lines().filter(|line| line.contains("tickets_booked")).collect();
    assert!(booked[0].ends_with(",\"for\":\"Zoe\",\"by\":\"anna\"}"), "{booked:?}");
    assert!(!booked[1].contains("\"by\""), "{booked:?}");
}

#[tokio::test]
async fn audit_says_from_when_on_the_log_is_kept() {
    let time = manual_time();
    let server = Server::fresh_with(|config| {
        keeping(&time)(config);
        config.keep_log = 0;
    })
    .await;
    let anna = add_account(&server, "anna", Role::Seller, "");
    let mut conn = server.connect().await;
    let id = "i".repeat(60);
    // Some hundred segments, of which only those after the older snapshot are kept.
    for round in 0..3 {
        for nth in 0..100 {
            ask_as(&server, &anna, &format!("CREATE Jazz 2027-02-02 1 id={id}-{round}{nth:02}")).await;
        }
        conn.ask("SNAPSHOT").await.ok();
    }
    conn.finish().await;
    let directory = server.stop().await;
    let (lines, beginning) = audited(directory.path(), &[]);
    let (first, rest) = beginning
        .strip_prefix("booklined: the log begins with commit ")
        .and_then(|text| text.split_once(' '))
        .expect("the first commit");
    let first: usize = first.parse().expect("a number");
    assert!(first > 1, "{beginning}");
    assert!(rest.starts_with("of 2026-12-31T23:59:50Z; ") && rest.contains("--keep-log"), "{beginning}");
    assert_eq!(lines.len(), 302 - first, "the kept commits, one line each");
}

#[test]
fn audit_of_no_data_directory_exits_1() {
    let directory = tempfile::TempDir::with_prefix("bookline").expect("a directory");
    let output = booklined("audit", directory.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("is not a data directory"), "{}", text(&output));
    for arguments in [["--since", "yesterday"], ["--event", "a/b"], ["--format", "csv"]] {
        let output = booklined("audit", directory.path(), &arguments.map(Path::new));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
    }
    let both = ["--event", "jazz", "--person", "F1"].map(Path::new);
    assert_eq!(booklined("audit", directory.path(), &both).status.code(), Some(2));
}
