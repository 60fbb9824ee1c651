//! A department's month, played through: ten people, three series, the move of a whole series, a holiday, the
//! search for a common time by two secretaries at once, the head's report, calendars as files, and crashes of
//! the server.
//!
//! Catches: a command on calendars that works alone but not after another one, a calendar that differs from
//! the head's report or from its file, and an entry or a series that a crash loses, changes or brings back.

use std::collections::{BTreeMap, BTreeSet};

use bookline_protocol::Date;
use bookline_testkit::Conn;
use bookline_testkit::reply::Reply;
use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};

use crate::support::durable_server::DurableServer;
use crate::support::icalendar::Python;

const PEOPLE: [&str; 10] = ["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10"];

/// Days of the month, from its first Monday on.
const DAYS: i64 = 28;

/// A month that begins with the first Monday after the next seven days, so that none of its hours is over.
struct Month {
    first: Date,
}

impl Month {
    fn next(conn: &mut Conn) -> Self {
        let hello = conn.ask("HELLO");
        let today = Date::parse(&hello.ok()["now"].as_str().unwrap()[..10]).unwrap();
        // Day 1, 0001-01-01, is a Monday.
        let is_monday = |date: &Date| date.day_number() % 7 == 1;
        let dates = (today.day_number() + 7..).filter_map(Date::from_day_number);
        Self { first: dates.into_iter().find(is_monday).unwrap() }
    }

    /// The date so many days after the first Monday, as replies show it.
    fn day(&self, days: i64) -> String {
        let number = u32::try_from(i64::from(self.first.day_number()) + days).unwrap();
        Date::from_day_number(number).unwrap().dmy().to_string()
    }

    /// The request with the dates of this month in place of `{days}`.
    fn request(&self, pattern: &str) -> String {
        let mut parts = pattern.split('{');
        let start = parts.next().unwrap().to_owned();
        parts.fold(start, |request, part| {
            let (days, rest) = part.split_once('}').unwrap();
            request + &self.day(days.parse().unwrap()) + rest
        })
    }
}

/// A connection of the department, and its month.
struct Department {
    conn: Conn,
    month: Month,
}

impl Department {
    fn open(server: &DurableServer) -> Self {
        let mut conn = Conn::open(server.server.addr);
        let month = Month::next(&mut conn);
        Self { conn, month }
    }

    /// Kills the server and starts it again.
    fn crash(self, server: DurableServer) -> (DurableServer, Self) {
        let server = server.crash();
        let conn = Conn::open(server.server.addr);
        (server, Self { conn, ..self })
    }

    fn ask(&mut self, pattern: &str) -> Reply {
        self.conn.ask(&self.month.request(pattern))
    }

    /// The named fields of the `OK` to this request.
    #[track_caller]
    fn granted<const N: usize>(&mut self, pattern: &str, fields: [&str; N]) -> [Value; N] {
        let reply = self.ask(pattern);
        let body = reply.ok();
        fields.map(|field| body[field].clone())
    }

    /// A clash of F5 at this start.
    fn clash(&self, days: i64, time: &str) -> Value {
        json!({"date": self.month.day(days), "time": time, "busy": ["F5"]})
    }

    /// Everything that the department can read, and that nothing but a change alters.
    fn everything(&mut self) -> Vec<Reply> {
        let mut patterns: Vec<_> = PEOPLE.iter().map(|who| format!("GET {who} {{-7}} {{27}}")).collect();
        patterns.extend(PEOPLE.iter().map(|who| format!("GET {who} {{8}}")));
        patterns.push("HOD F10 {0} {27}".to_owned());
        patterns.push("FREE F5,F6,F7 {8} hours=2".to_owned());
        patterns.push(format!("FREE {} {{0}} to={{27}} limit=1000", PEOPLE.join(",")));
        patterns.iter().map(|pattern| self.ask(pattern)).collect()
    }
}

/// An entry as a calendar shows it: its start and its end, and its title.
type Shown = (NaiveDateTime, NaiveDateTime, String);

/// The entries in the rows of a GET, whatever number of hours each is listed at.
fn entries(days: &[Value]) -> BTreeSet<Shown> {
    let hours = days.iter().flat_map(|day| {
        let date = day["date"].as_str().unwrap();
        day["schedule"].as_array().unwrap().iter().map(move |hour| (date, hour))
    });
    hours
        .map(|(date, hour)| {
            let start = match hour.get("from") {
                Some(from) => from.as_str().unwrap().to_owned(),
                None => format!("{date} {}", hour["time"].as_str().unwrap()),
            };
            let start = NaiveDateTime::parse_from_str(&start, "%d-%m-%Y %H:%M").unwrap();
            let hours = hour.get("hours").map_or(1, |hours| hours.as_i64().unwrap());
            (start, start + TimeDelta::hours(hours), hour["meet"]["title"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// The entries in an exported file, as Python's icalendar reads it.
fn entries_of_file(python: &Python, file: &str) -> BTreeSet<Shown> {
    let time = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").unwrap();
    let events = python.events(file);
    let read = events.iter().map(|event| {
        let [start, end, _, title, ..] = event.split('|').collect::<Vec<_>>()[..] else { panic!("{event}") };
        let title = title.trim_matches('\'');
        (time(start), time(end), if title == "Blocked" { "" } else { title }.to_owned())
    });
    let entries: BTreeSet<_> = read.collect();
    assert_eq!(entries.len(), events.len(), "an event is twice in {events:#?}");
    entries
}

/// The calendars of everyone as files, without the lines that say when they were written.
fn files(server: &DurableServer) -> Vec<String> {
    let file = |who: &&str| {
        let client = server.run(&["ics", who]);
        assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{who}");
        client
            .stdout
            .lines()
            .filter(|line| !line.starts_with("DTSTAMP"))
            .map(|line| line.to_owned() + "\r\n")
            .collect()
    };
    PEOPLE.iter().map(file).collect()
}

/// The hours of the meetings of each title in the head's report.
fn hours_in_report(rows: &[Value]) -> BTreeMap<&str, usize> {
    let mut hours = BTreeMap::new();
    for meeting in rows.iter().flat_map(|row| row["meetings"].as_array().unwrap()) {
        *hours.entry(meeting["title"].as_str().unwrap()).or_default() += 1;
    }
    hours
}

/// Three weekly series: one on weekdays, one of two hours, one across midnight.
fn create_series(department: &mut Department) {
    let fields = ["date", "hours", "occurrences"];
    let (monday, tuesday, thursday) =
        (department.month.day(0), department.month.day(1), department.month.day(3));
    let standup = "MEET F1 {-2} 09:00 standup F2,F3 every=weekday last={26}";
    assert_eq!(department.granted(standup, fields), [json!(monday), json!(null), json!(20)]);
    let colloquium = "MEET F10 {1} 10:00 colloquium F1,F2,F3,F4,F5,F6,F7,F8,F9 hours=2 every=week count=4";
    assert_eq!(department.granted(colloquium, fields), [json!(tuesday), json!(2), json!(4)]);
    let observation = "MEET F4 {3} 22:00 observation F5,F6 hours=4 every=week count=4";
    assert_eq!(department.granted(observation, fields), [json!(thursday), json!(4), json!(4)]);
    department.ask("BLOCK F2 {15} 11:00").err("CONFLICT");
    department.ask("BLOCK F6 {25} 01:00").err("CONFLICT");
}

/// F5 is on holiday in the second week, except where meetings are.
fn block_holiday(department: &mut Department) {
    let taken = [8, 10, 11].map(|days| department.clash(days, "00:00"));
    let holiday = "BLOCK F5 {7} 00:00 hours=24 every=day last={13}";
    let refusal = department.ask(holiday);
    refusal.err("CONFLICT");
    assert_eq!((&refusal.body["clashes"], &refusal.body["clash_count"]), (&json!(taken), &json!(3)));
    let fields = ["occurrences", "skipped", "skipped_count"];
    let granted = department.granted(&format!("{holiday} on_conflict=skip"), fields);
    assert_eq!(granted, [json!(4), json!(taken), json!(3)]);
}

/// Moves all of a series, from now on one of them, and ends another series early. Returns the request that
/// moves the first one, with its reply.
fn move_series(department: &mut Department) -> (&'static str, String) {
    const MOVE: &str = "PUT F10 {8} 11:00 MEET {8} 13:00 colloquium F1,F2,F3,F4,F5,F6,F7,F8,F9 series=all \
                        key=colloquium-at-one-pm";
    let fields = ["date", "time", "hours", "occurrences"];
    let wednesday = "PUT F10 {8} 11:00 MEET {9} 14:00 colloquium F1,F2,F3,F4,F5,F6,F7,F8,F9 series=all";
    let refusal = department.ask(wednesday);
    refusal.err("CONFLICT");
    assert_eq!(refusal.body["clashes"], json!([department.clash(9, "14:00")]));
    let moved = department.ask(MOVE);
    let tuesday = json!(department.month.day(8));
    assert_eq!(
        fields.map(|field| moved.ok()[field].clone()),
        [tuesday.clone(), json!("13:00"), json!(2), json!(4)]
    );
    assert_eq!(moved.body["replaced"]["time"], "10:00");

    let others = department.ask("PUT F2 {0} 09:00 BLOCK {0} 09:00 series=all");
    others.err("FORBIDDEN");
    assert_eq!(others.body["host"], "F1");
    let later = "PUT F1 {8} 09:00 MEET {8} 10:00 standup F2,F3 series=following";
    assert_eq!(department.granted(later, fields), [tuesday, json!("10:00"), json!(null), json!(14)]);
    let shorter = "PUT F4 {18} 00:00 MEET {18} 22:00 observation F5,F6 hours=3";
    let friday = json!(department.month.day(18));
    assert_eq!(department.granted(shorter, fields), [friday, json!("22:00"), json!(3), json!(1)]);
    let last = department.granted("DELETE F4 {25} 01:00 series=following", fields);
    assert_eq!(last, [json!(department.month.day(24)), json!("22:00"), json!(4), json!(1)]);
    (MOVE, moved.line)
}

/// Two secretaries look for two hours of the same people at once. They get the first two times.
fn search_at_once(server: &DurableServer, department: &mut Department) {
    let start = |hour: &str| json!({"date": department.month.day(8), "time": hour, "hours": 2});
    let expected = ["09:00", "10:00", "11:00"].map(start);
    assert_eq!(department.ask("FREE F5,F6,F7,F8,F9 {7} to={11} hours=2 limit=3").rows, expected);

    let mut secretaries = [(); 2].map(|()| Conn::open(server.server.addr));
    for (secretary, who) in secretaries.iter_mut().zip(["F8", "F9"]) {
        let search = format!("MEET {who} {{7}} first budget F5,F6,F7 to={{11}} hours=2");
        secretary.send(&department.month.request(&search));
    }
    let mut found = secretaries.map(|mut secretary| {
        let reply = secretary.reply();
        ["date", "time"].map(|field| reply.ok()[field].as_str().unwrap().to_owned())
    });
    found.sort();
    let tuesday = department.month.day(8);
    assert_eq!(found, [[tuesday.clone(), "09:00".to_owned()], [tuesday, "11:00".to_owned()]]);

    let hours = json!(["09:00", "10:00", "11:00", "12:00", "13:00", "14:00"]);
    let busy = department.granted("FREE F5,F6,F7 {8} until=15:00", ["count", "busy"]);
    assert_eq!(busy, [json!(0), json!({"F5": hours, "F6": hours, "F7": hours})]);
}

/// The head's report has the hours of all meetings, and everyone's calendar has all of that person's entries.
fn check_report(department: &mut Department) {
    department.ask("HOD F1 {0} {27}").err("FORBIDDEN");
    let report = department.ask("HOD F10 {0} {27}");
    assert_eq!(report.number("count"), report.rows.len() as u64);
    let expected = BTreeMap::from([("budget", 4), ("colloquium", 8), ("observation", 11), ("standup", 20)]);
    assert_eq!(hours_in_report(&report.rows), expected);
    let time = |row: &Value| {
        let text = format!("{} {}", row["date"].as_str().unwrap(), row["time"].as_str().unwrap());
        NaiveDateTime::parse_from_str(&text, "%d-%m-%Y %H:%M").unwrap()
    };
    assert!(report.rows.is_sorted_by(|a, b| time(a) > time(b)), "not newest first: {report:#?}");

    let counts = [24, 24, 24, 7, 13, 9, 6, 5, 5, 4];
    for (who, count) in PEOPLE.iter().zip(counts) {
        let days = department.ask(&format!("GET {who} {{0}} {{27}}")).rows;
        assert_eq!(entries(&days).len(), count, "the entries of {who}");
        assert!(days.len() as i64 <= DAYS);
    }
    assert_eq!(department.conn.ask("STATS").number("entries"), 20 + 4 + 3 + 4 + 2);
}

/// The files have the entries that the calendars show.
fn check_files(department: &mut Department, files: &[String]) {
    let Some(python) = Python::find() else { return };
    for (who, file) in PEOPLE.iter().zip(files) {
        // Nothing is before the month or after it.
        let days = department.ask(&format!("GET {who} {{-7}} {{35}}")).rows;
        assert_eq!(entries_of_file(&python, file), entries(&days), "{who}");
    }
}

#[test]
fn department_month_survives_crashes() {
    let server = DurableServer::start();
    let mut department = Department::open(&server);
    create_series(&mut department);
    block_holiday(&mut department);
    let (request, moved) = move_series(&mut department);
    search_at_once(&server, &mut department);
    check_report(&mut department);
    let (before, files_before) = (department.everything(), files(&server));
    check_files(&mut department, &files_before);

    let (server, mut department) = department.crash(server);
    assert_eq!(department.everything(), before);
    assert_eq!(files(&server), files_before);
    assert_eq!(department.ask(request).line, moved, "the key was forgotten");
    department.ask("SNAPSHOT").ok();

    // A series is still one after a restart from the journal, and after one from a snapshot.
    let all = department.granted("DELETE F1 {25} 10:00 series=all", ["occurrences"]);
    assert_eq!(all, [json!(20)]);
    let (before, files_before) = (department.everything(), files(&server));
    let (server, mut department) = department.crash(server);
    assert_eq!(department.everything(), before);
    assert_eq!(files(&server), files_before);
    let following = department.granted("DELETE F4 {10} 22:00 series=following", ["occurrences"]);
    assert_eq!(following, [json!(2)], "the exception of the series is one of those that follow");
    assert_eq!(department.conn.ask("STATS").number("entries"), 4 + 1 + 4 + 2);
}
