//! `bookline week` and `bookline day`: calendars as grids.
//!
//! The files in `grids/` are the screens at several widths. To write them anew, run the tests with
//! BOOKLINE_BLESS=1.

use std::fs;
use std::path::Path;

use unicode_width::UnicodeWidthStr;

use crate::support::client::{Exited, bookline, run};
use crate::support::real_server::RealServer;

/// The longest id.
const LONG_ID: &str = "a-person-whose-id-has-sixty-four-characters-0123456789-abcdefghi";

/// A server with the week from Monday, 2026-11-23.
fn server() -> RealServer {
    let server = RealServer::start();
    let script = format!(
        "MEET F1 2026-11-23 09:00 standup F2,F3\n\
         MEET F1 2026-11-23 10:00 \"planning of the quarter, with a title of several words\" F2 hours=2\n\
         BLOCK F1 2026-11-24 12:00 hours=3\n\
         MEET F2 2026-11-25 22:00 夜間のシステム移行作業とデータベースの確認 F1 hours=4\n\
         MEET F1 2026-11-26 08:00 פגישה F2,{LONG_ID}\n\
         BLOCK {LONG_ID} 2026-11-26 09:00\n\
         MEET F3 2026-11-26 13:00 all F1,F2,F4,F5,F6,F7,F8,F9,F10,F11,F12 hours=2\n\
         BLOCK F4 2026-11-26 15:00\n"
    );
    let exited = server.run_script(script);
    assert_eq!((exited.exit, exited.stderr.as_str()), (0, ""));
    server
}

fn shown(server: &RealServer, columns: u16, locale: &str, words: &[&str]) -> Exited {
    let mut command = bookline(server.addr, words);
    command.env("COLUMNS", columns.to_string()).env("LC_ALL", locale);
    run(command)
}

/// Compares a screen with its file, and its lines with the width.
#[track_caller]
fn expect_screen(name: &str, columns: u16, screen: &Exited) {
    assert_eq!((screen.exit, screen.stderr.as_str()), (0, ""), "{name}");
    for line in screen.stdout.lines().filter(|line| !line.contains(LONG_ID)) {
        assert!(line.width() <= columns.into(), "{name}: more than {columns} columns: {line}");
        assert_eq!(line.trim_end(), line, "{name}");
    }
    let path = format!("{}/../tests/client/grids/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BOOKLINE_BLESS").is_some() {
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(&path, &screen.stdout).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(screen.stdout, expected, "the screen differs from {path}");
}

#[test]
fn grids_fit_screens_of_40_to_120_columns() {
    let server = server();
    let people = format!("F1,F2,F3,F4,F5,F6,F7,F8,F9,{LONG_ID}");
    for columns in [40, 60, 80, 120] {
        let week = shown(&server, columns, "C.UTF-8", &["week", "F1", "2026-11-26"]);
        expect_screen(&format!("week-{columns}"), columns, &week);
        let day = shown(&server, columns, "C.UTF-8", &["day", "26-11-2026", &people]);
        expect_screen(&format!("day-{columns}"), columns, &day);
    }
    let ascii = shown(&server, 80, "C", &["week", "F1", "2026-11-29"]);
    expect_screen("week-80-ascii", 80, &ascii);
}

#[test]
fn colors_change_nothing_else() {
    let server = server();
    let words = ["week", "F1", "2026-11-26"];
    let plain = shown(&server, 100, "C.UTF-8", &words);
    let colored = shown(&server, 100, "C.UTF-8", &[&["--color", "always"], &words[..]].concat());
    assert!(colored.stdout.contains("\u{1b}[36m███"), "{colored:?}");
    let escapes = colored.stdout.split('\u{1b}').skip(1).map(|text| text.split('m').next().unwrap());
    let stripped = escapes
        .fold(colored.stdout.clone(), |text, escape| text.replacen(&["\u{1b}", escape, "m"].concat(), "", 1));
    assert_eq!(stripped, plain.stdout);
}

#[test]
fn week_without_entries_is_that_of_today() {
    let server = RealServer::start();
    let today = shown(&server, 80, "C", &["week", "nobody"]);
    let lines: Vec<_> = today.stdout.lines().collect();
    assert_eq!((today.exit, lines.len()), (0, 10), "{today:?}");
    assert!(lines[2].starts_with("Mon ") && lines[2].ends_with(" .  .  .  .  .  .  .  .  .  ."), "{today:?}");
    assert!(lines[8].starts_with("Sun "), "{today:?}");
    assert_eq!(shown(&server, 80, "C", &["week", "nobody", "today"]), today);
    let tomorrow = shown(&server, 80, "C", &["day", "Tomorrow", "F1"]);
    assert_eq!((tomorrow.exit, tomorrow.stdout.lines().count()), (0, 4), "{tomorrow:?}");
}

#[test]
fn entries_are_listings_in_the_other_formats() {
    let server = server();
    let week = |format| server.run(&["--format", format, "week", "F2", "2026-11-23"]);
    let columns = "date,time,title,group,host,from,hours,series,name\r\n";
    let csv = week("csv");
    assert!(csv.stdout.starts_with(&format!("{columns}23-11-2026,09:00,standup,\"F2,F3\",F1,,,,F2\r\n")));
    let json = week("json");
    assert!(json.stdout.starts_with(r#"{"type":"row","name":"F2","date":"23-11-2026","#), "{}", json.stdout);
    assert!(json.stdout.ends_with("{\"type\":\"ok\",\"count\":3}\n"), "{}", json.stdout);
    assert_eq!(week("raw").stdout, server.run(&["GET", "F2", "2026-11-23", "2026-11-29"]).stdout);

    let day = server.run(&["--format", "csv", "day", "2026-11-26", &format!("{LONG_ID},F4,F99")]);
    let rows: Vec<_> = day.stdout.lines().collect();
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert!(rows[1].ends_with(LONG_ID) && rows[5].ends_with(",F4"), "{rows:?}");
    let plain = server.run(&["--format", "plain", "day", "2026-11-26", "F4"]);
    assert!(plain.stdout.ends_with("26-11-2026\t15:00\t\t\tF4\t\t\t\tF4\n"), "{}", plain.stdout);
}

#[test]
fn invalid_arguments_exit_2_and_say_what_to_write() {
    let server = RealServer::start();
    for (words, expected) in [
        (&["week", "F1", "someday"][..], "days of the week; write week <who> [<date>]"),
        (&["week", "F 1"], "bookline: person \"F 1\" "),
        (&["day", "today", "F1,,F2"], "has no member at position 2"),
        (&["day", "31-02-2026", "F1"], "bookline: date \"31-02-2026\" "),
    ] {
        let exited = server.run(words);
        assert_eq!((exited.exit, exited.stdout.as_str()), (2, ""), "{words:?}");
        assert!(exited.stderr.contains(expected), "{words:?}: {}", exited.stderr);
    }
}
