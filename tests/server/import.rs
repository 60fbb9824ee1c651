//! `--import` and `--demo`.
//!
//! Catches: a file that is partly loaded before its error is found, available tickets that the import loses,
//! a second import that doubles or resets sales, keys in the spelling of the other system.

use std::fs::File;
use std::process::Command;
use std::thread;

use bookline_testkit::process::{Home, Process, Server};
use bookline_testkit::{HANG_TIMEOUT, Rng};
use rustix::process::Signal;

const TWO: &str = r#"[
  {"id":"1","name":"Event 1","date":"2021-03-01","totalTickets":10,"availableTickets":5},
  {"id":"2","name":"Event 2","date":"2021-02-01","totalTickets":20,"availableTickets":20}
]"#;

fn import(home: &Home, content: &str) -> Server {
    let file = home.file("events.json", content);
    home.start(&["--import", file.to_str().unwrap()])
}

#[test]
fn import_keeps_the_available_tickets_of_partly_sold_events() {
    let home = Home::new();
    let mut server = import(&home, TWO);
    server.connect().transcript(
        r#"
        > GET
        < ROW {"id":"2","name":"Event 2","date":"2021-02-01","total_tickets":20,"available_tickets":20,"held_tickets":0,"sales":"open"}
        < ROW {"id":"1","name":"Event 1","date":"2021-03-01","total_tickets":10,"available_tickets":5,"held_tickets":0,"sales":"open"}
        < OK {"count":2}
        > BOOK 1 6
        < ERR SOLD_OUT {"message":"<text>","retry":false,"available":5,"held":0,"requested":6}
        > BOOK 1 4
        < OK {"event_id":"1","tickets":["<uuid>","<uuid>","<uuid>","<uuid>"],"available_tickets":1}
        > CREATE other 2026-01-01 5 id=1
        < ERR CONFLICT {"message":"<text>","retry":false}
        "#,
    );
    server.kill9();
    let server = home.start(&[]);
    server.connect().transcript(
        r#"
        > GET 1
        < OK {"id":"1","name":"Event 1","date":"2021-03-01","total_tickets":10,"available_tickets":1,"held_tickets":0,"sales":"open"}
        > BOOK 1 2
        < ERR SOLD_OUT {"message":"<text>","retry":false,"available":1,"held":0,"requested":2}
        > GET 2
        < OK {"id":"2","name":"Event 2","date":"2021-02-01","total_tickets":20,"available_tickets":20,"held_tickets":0,"sales":"open"}
        "#,
    );
}

#[test]
fn import_accepts_three_spellings_of_keys_and_rfc_3339_dates() {
    let home = Home::new();
    let server = import(
        &home,
        r#"[
          {"id":"camel","name":"a","date":"2021-03-01","totalTickets":10,"availableTickets":5},
          {"id":"snake","name":"b","date":"2021-03-02","total_tickets":10,"available_tickets":6},
          {"ID":"no","Id":"pascal","Name":"c","Date":"2021-03-03T00:00:00Z","TotalTickets":10,"AvailableTickets":7},
          {"availableTickets":0,"totalTickets":10,"date":"2021-03-04T18:30:00Z","name":"sold out","id":"sold"},
          {"id":"fraction","name":"e","date":"2021-03-05T12:00:00.123456Z","totalTickets":1000000000,"availableTickets":1}
        ]"#
        .replace("\"ID\":\"no\",", "")
        .as_str(),
    );
    server.connect().transcript(
        r#"
        > GET
        < ROW {"id":"camel","name":"a","date":"2021-03-01","total_tickets":10,"available_tickets":5,"held_tickets":0,"sales":"open"}
        < ROW {"id":"snake","name":"b","date":"2021-03-02","total_tickets":10,"available_tickets":6,"held_tickets":0,"sales":"open"}
        < ROW {"id":"pascal","name":"c","date":"2021-03-03","total_tickets":10,"available_tickets":7,"held_tickets":0,"sales":"open"}
        < ROW {"id":"sold","name":"sold out","date":"2021-03-04","total_tickets":10,"available_tickets":0,"held_tickets":0,"sales":"open"}
        < ROW {"id":"fraction","name":"e","date":"2021-03-05","total_tickets":1000000000,"available_tickets":1,"held_tickets":0,"sales":"open"}
        < OK {"count":5}
        > BOOK sold 1
        < ERR SOLD_OUT {"message":"<text>","retry":false,"available":0,"held":0,"requested":1}
        "#,
    );
}

#[test]
fn import_of_an_empty_list_loads_nothing() {
    let server = import(&Home::new(), "[]");
    assert_eq!(server.connect().ask("GET").number("count"), 0);
}

#[test]
fn invalid_json_is_refused_with_line_and_column_and_nothing_is_loaded() {
    let home = Home::new();
    let good = r#"{"id":"1","name":"Event 1","date":"2021-03-01","totalTickets":10,"availableTickets":5}"#;
    for (line, broken) in [
        (3, format!("[\n{good},\n  oops\n]")),
        (2, format!("[\n{good}")),
        (
            3,
            format!(
                "[\n{good},\n{{\"id\":\"2\",\"name\":\"x\",\"date\":\"2021-03-01\",\"totalTickets\":\"ten\",\"availableTickets\":5}}]"
            ),
        ),
        (
            3,
            format!(
                "[\n{good},\n{{\"id\":\"2\",\"name\":\"x\",\"date\":\"2021-03-01\",\"totalTickets\":-1,\"availableTickets\":5}}]"
            ),
        ),
        (
            3,
            format!(
                "[\n{good},\n{{\"id\":\"2\",\"name\":\"x\",\"totalTickets\":10,\"availableTickets\":5}}]"
            ),
        ),
        (3, format!("[\n{good}\n] trailing")),
        (1, "\u{0}".to_owned()),
    ] {
        let file = home.file("events.json", &broken);
        let (status, stderr) = home.start_fails(&["--import", file.to_str().unwrap()]);
        assert!(!status.success());
        assert!(stderr.contains("events.json"), "the file is not named: {stderr}");
        assert!(stderr.contains(&format!("line {line}")), "line {line} is not named: {stderr}");
        assert!(stderr.contains("column"), "no column: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    assert_eq!(home.start(&[]).connect().ask("GET").number("count"), 0, "nothing was loaded");
}

#[test]
fn invalid_event_refuses_the_whole_file() {
    let home = Home::new();
    let mut first = home.start(&[]);
    first.connect().ask("CREATE mine 2026-01-01 5 id=mine").ok();
    first.stop();
    let good = r#"{"id":"1","name":"Event 1","date":"2021-03-01","totalTickets":10,"availableTickets":5}"#;
    for (named, bad) in [
        ("1", good), // the same id twice
        ("2", r#"{"id":"2","name":"x","date":"2021-03-01","totalTickets":10,"availableTickets":11}"#),
        ("2021-02-30", r#"{"id":"2","name":"x","date":"2021-02-30","totalTickets":10,"availableTickets":5}"#),
        ("2021-2-3", r#"{"id":"2","name":"x","date":"2021-2-3","totalTickets":10,"availableTickets":5}"#),
        (
            "not/an/id",
            r#"{"id":"not/an/id","name":"x","date":"2021-03-01","totalTickets":10,"availableTickets":5}"#,
        ),
        ("", r#"{"id":"2","name":"","date":"2021-03-01","totalTickets":10,"availableTickets":5}"#),
        ("", r#"{"id":"2","name":"bell \u0007","date":"2021-03-01","totalTickets":10,"availableTickets":5}"#),
        (
            "1000000001",
            r#"{"id":"2","name":"x","date":"2021-03-01","totalTickets":1000000001,"availableTickets":5}"#,
        ),
    ] {
        let file = home.file("events.json", &format!("[\n{good},\n{bad}\n]"));
        let (status, stderr) = home.start_fails(&["--import", file.to_str().unwrap()]);
        assert!(!status.success(), "{bad}");
        assert!(stderr.contains(named), "{named} is not named: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    let (status, stderr) = home.start_fails(&["--import", "/nowhere/events.json"]);
    assert!(!status.success());
    assert!(stderr.contains("/nowhere/events.json"), "{stderr}");
    let server = home.start(&[]);
    assert_eq!(server.connect().ask("GET").rows[0]["id"], "mine");
    assert_eq!(server.connect().ask("GET").number("count"), 1, "nothing was loaded");
}

/// Such a file is refused before it is read.
#[test]
fn import_of_a_file_that_is_not_regular_or_too_large_is_refused() {
    let home = Home::new();
    let pipe = home.file("pipe", "");
    std::fs::remove_file(&pipe).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let large = home.file("large.json", "[");
    File::options().write(true).open(&large).unwrap().set_len((256 << 20) + 1).unwrap();
    for (file, why) in [
        ("/dev/zero", "it is a character device, not a plain file"),
        ("/", "it is a directory, not a plain file"),
        (pipe.to_str().unwrap(), "it is a named pipe, not a plain file"),
        (large.to_str().unwrap(), "has more than 256 MiB, and nothing was imported"),
    ] {
        for flag in ["--import", "--restore"] {
            if flag == "--restore" && file.ends_with("json") {
                continue;
            }
            let (status, stderr) = home.start_fails(&[flag, file]);
            assert_eq!(status.code(), Some(1), "{stderr}");
            assert!(stderr.contains(file) && stderr.contains(why), "{stderr}");
        }
    }
    home.start(&[]).stop();
}

#[test]
fn duplicate_ids_are_reported_by_their_positions() {
    let home = Home::new();
    let event = |id: &str| format!(r#"{{"id":"{id}","name":"x","date":"2021-03-01","totalTickets":1}}"#);
    let file = home.file("events.json", &format!("[{},{},{}]", event("a"), event("b"), event("a")));
    let (status, stderr) = home.start_fails(&["--import", file.to_str().unwrap()]);
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("id a, number 1 and number 3 of the list"), "{stderr}");
}

/// The README and `--help` each have an example of the format.
#[test]
fn import_format_in_readme_and_help_is_valid() {
    let readme = include_str!("../../README.md");
    let import = &readme[readme.find("**Import.**").expect("README has a paragraph of it")..];
    let list = import.split("```").nth(1).and_then(|block| block.strip_prefix("json")).expect("an example");
    let server = import_list(list);
    assert_eq!(server.connect().ask("GET").number("count"), 2);
    let help = Command::new(env!("CARGO_BIN_EXE_booklined")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    // `--help` wraps its lines.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let list = help.split_once("as in [{").map(|(_, rest)| rest.split_once("}]").expect("a list").0);
    let list = format!("[{{{}}}]", list.expect("an example"));
    assert_eq!(import_list(&list).connect().ask("GET").number("count"), 1);
}

fn import_list(list: &str) -> Server {
    import(&Home::new(), list)
}

#[test]
fn repeated_import_skips_existing_events_and_loads_the_others() {
    let home = Home::new();
    let mut server = import(&home, TWO);
    server.connect().ask("BOOK 1 5").ok();
    server.connect().ask("BOOK 2 1").ok();
    server.stop();
    let three = TWO.replace(
        "\n]",
        ",\n  {\"id\":\"3\",\"name\":\"Event 3\",\"date\":\"2021-04-01\",\"totalTickets\":30,\"availableTickets\":30}\n]",
    );
    let mut server = import(&home, &three);
    server.connect().transcript(
        r#"
        > GET
        < ROW {"id":"2","name":"Event 2","date":"2021-02-01","total_tickets":20,"available_tickets":19,"held_tickets":0,"sales":"open"}
        < ROW {"id":"1","name":"Event 1","date":"2021-03-01","total_tickets":10,"available_tickets":0,"held_tickets":0,"sales":"open"}
        < ROW {"id":"3","name":"Event 3","date":"2021-04-01","total_tickets":30,"available_tickets":30,"held_tickets":0,"sales":"open"}
        < OK {"count":3}
        "#,
    );
    server.stop();
    let stderr = server.stderr();
    let counted = stderr
        .lines()
        .find(|line| line.contains("import"))
        .unwrap_or_else(|| panic!("no line about the import: {stderr}"));
    assert!(counted.contains('1') && counted.contains('2'), "1 loaded and 2 left are not counted: {counted}");
}

/// An import that was killed at any point is completed by the next one.
#[test]
fn killed_import_is_completed_by_the_next_start() {
    const EVENTS: u64 = 30_000;
    let mut rng = Rng::from_environment();
    let home = Home::new();
    let events: Vec<String> = (0..EVENTS)
        .map(|n| {
            format!("{{\"id\":\"e{n}\",\"name\":\"Event {n}\",\"date\":\"2026-01-01\",\"totalTickets\":{},\"availableTickets\":{n}}}", n + 7)
        })
        .collect();
    let file = home.file("events.json", &format!("[{}]", events.join(",")));
    let flags = ["--import", file.to_str().unwrap()];
    for _ in 0..4 {
        let mut process = Process::spawn(&mut home.command(&flags));
        let files = rng.range(1, 25);
        let written = || home.listing().len();
        // The import is complete when the server announces its address.
        while written() < files && !process.has_stdout_line() {
            thread::yield_now();
        }
        process.signal(Signal::KILL);
        process.wait(HANG_TIMEOUT).unwrap();
        println!("killed with {} files", written());
    }
    let server = home.start(&flags);
    let mut conn = server.connect();
    assert_eq!(conn.ask("STATS").number("events"), EVENTS);
    let requests: String = (0..EVENTS).map(|n| format!("GET e{n}\n")).collect();
    for (n, reply) in conn.pipeline(requests.into_bytes(), EVENTS as usize).iter().enumerate() {
        let (total, left) = (n + 7, n);
        assert_eq!(
            *reply,
            format!(
                "OK {{\"id\":\"e{n}\",\"name\":\"Event {n}\",\"date\":\"2026-01-01\",\"total_tickets\":{total},\"available_tickets\":{left},\"held_tickets\":0,\"sales\":\"open\"}}"
            )
        );
    }
}

#[test]
fn demo_is_loaded_once() {
    let home = Home::new();
    let mut server = home.start(&["--demo"]);
    let events = server.connect().ask("GET");
    let stats = server.connect().ask("STATS");
    assert!(events.rows.len() >= 2, "a few events: {events:?}");
    assert!(stats.number("entries") >= 2, "a few calendar entries: {stats:?}");
    server.stop();
    let server = home.start(&["--demo"]);
    assert_eq!(server.connect().ask("GET"), events, "the demo is not loaded twice");
    assert_eq!(server.connect().ask("STATS").number("entries"), stats.number("entries"));
}

#[test]
fn demo_is_not_loaded_into_existing_data() {
    let home = Home::new();
    let mut server = home.start(&[]);
    server.connect().ask("CREATE mine 2026-01-01 5 id=mine").ok();
    server.stop();
    let mut process = Process::spawn(&mut home.command(&["--demo"]));
    let _ = process.stdout_line(); // the server may refuse to start, or start without the demo
    process.signal(Signal::TERM);
    process.wait(HANG_TIMEOUT).unwrap();
    let server = home.start(&[]);
    assert_eq!(server.connect().ask("GET").number("count"), 1);
    assert_eq!(server.connect().ask("STATS").number("entries"), 0);
}
