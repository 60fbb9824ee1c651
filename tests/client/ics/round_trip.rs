//! Export and import at a real server.

use bookline_protocol::Date;
use bookline_testkit::reply::{PartialReply, Reply};
use chrono_tz::Tz;

use crate::support::client::{Exited, bookline, run_with_input};
use crate::support::real_server::RealServer;

fn ask(server: &RealServer, line: &str) -> Reply {
    let exited = server.run_script(line);
    let mut partial = PartialReply::default();
    exited.stdout.lines().find_map(|line| partial.add(line)).expect("a final line")
}

/// The date at the server in so many days.
fn in_days(server: &RealServer, days: u32) -> Date {
    let hello = ask(server, "HELLO");
    let now = hello.body["now"].as_str().unwrap();
    let today = Date::parse(&now[..10]).unwrap();
    Date::from_day_number(today.day_number() + days).unwrap()
}

fn import(server: &RealServer, who: &str, file: &str) -> Exited {
    run_with_input(bookline(server.addr, &["import-ics", who, "-"]), file)
}

/// The times of the events of an export, in order.
fn times(export: &str) -> Vec<&str> {
    export.lines().filter(|line| line.starts_with("DTSTART;") || line.starts_with("DTEND;")).collect()
}

#[test]
fn exported_calendar_is_imported_for_another_person() {
    let server = RealServer::start_with(|config| config.time_zone = Some(Tz::Europe__Berlin));
    let date = |days| in_days(&server, days).iso().to_string();
    for line in [
        format!("MEET F1 {} 22:00 \"late, later\" F3,F4 hours=4", date(3)),
        format!("BLOCK F1 {} 09:00 every=week count=5", date(5)),
        format!("BLOCK F1 {} 00:00 hours=24", date(40)),
    ] {
        ask(&server, &line).ok();
    }
    let export = server.run(&["ics", "F1"]);
    assert_eq!((export.exit, export.stderr.as_str()), (0, ""));
    assert_eq!(times(&export.stdout).len(), 2 * 7, "{}", export.stdout);

    let before = ask(&server, "STATS");
    let imported = import(&server, "F2", &export.stdout);
    assert_eq!((imported.exit, imported.stderr.as_str()), (0, ""), "{}", imported.stdout);
    assert!(imported.stdout.ends_with("# 7 blocks, 33 hours\n"), "{}", imported.stdout);
    let after = ask(&server, "STATS");
    for count in ["entries", "keys", "sequence"] {
        assert_eq!(after.number(count), before.number(count) + 7, "{count}");
    }
    let copy = server.run(&["ics", "F2"]).stdout;
    assert_eq!(times(&copy), times(&export.stdout));
    // A meeting has one id in the calendars of all who are in it.
    let uid = |text: &str| text.lines().find(|line| line.starts_with("UID:F1-")).map(str::to_owned);
    assert!(uid(&export.stdout).is_some());
    assert_eq!(uid(&server.run(&["ics", "F3"]).stdout), uid(&export.stdout));

    // Everything is taken now.
    let again = import(&server, "F2", &export.stdout);
    assert_eq!((again.exit, again.stdout.as_str()), (1, ""));
    assert!(again.stderr.starts_with("bookline: F2 is busy in 33 hours of the file: nothing was blocked"));
    assert_eq!(ask(&server, "STATS").number("sequence"), after.number("sequence"));
}
