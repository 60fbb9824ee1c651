//! The head of department's month: the last 720 hours, including the current one, in the server's time zone.
//!
//! Catches: a month of 31 days or of 719 hours, future meetings in it, the current hour of another time zone,
//! rows out of order, one row per meeting instead of one per hour.

use bookline_testkit::Conn;
use bookline_testkit::process::Server;
use chrono::{DateTime, Duration, NaiveDateTime, Timelike, Utc};
use serde_json::{Value, json};

fn slot(at: NaiveDateTime) -> String {
    at.format("%d-%m-%Y %H:00").to_string()
}

/// Runs `test` with the current hour, and again if the hour changed meanwhile.
fn within_an_hour(test: impl Fn(NaiveDateTime) -> Result<(), String>) {
    for _ in 0..2 {
        let before = Utc::now().naive_utc();
        let outcome = test(before);
        if Utc::now().naive_utc().hour() == before.hour() {
            return outcome.unwrap_or_else(|failure| panic!("{failure}"));
        }
    }
    panic!("the hour changed twice");
}

fn meet(conn: &mut Conn, who: &str, at: NaiveDateTime, title: &str) -> Value {
    conn.ask(&format!("MEET {who} {} {title} {who}-guest", slot(at))).ok();
    json!({"title": title, "group": [format!("{who}-guest")], "host": who})
}

fn row(at: NaiveDateTime, meetings: &[&Value]) -> Value {
    let (date, time) = (at.format("%d-%m-%Y").to_string(), at.format("%H:00").to_string());
    json!({"date": date, "time": time, "meetings": meetings})
}

#[test]
fn month_is_the_last_720_hours_newest_first() {
    within_an_hour(|now| {
        let server = Server::fresh();
        let mut conn = server.connect();
        meet(&mut conn, "A", now + Duration::hours(1), "next");
        let present = meet(&mut conn, "B", now, "now");
        let yesterday = meet(&mut conn, "C", now - Duration::hours(24), "yesterday");
        let oldest = meet(&mut conn, "D", now - Duration::hours(719), "oldest");
        meet(&mut conn, "E", now - Duration::hours(720), "gone");
        conn.ask(&format!("BLOCK F {}", slot(now - Duration::hours(2)))).ok();
        let month = conn.ask("HOD F10");
        let expected = vec![
            row(now, &[&present]),
            row(now - Duration::hours(24), &[&yesterday]),
            row(now - Duration::hours(719), &[&oldest]),
        ];
        if month.rows != expected || month.number("count") != 3 {
            return Err(format!("expected {expected:#?}, got {month:#?}"));
        }
        Ok(())
    });
}

#[test]
fn hour_with_several_meetings_is_one_row() {
    within_an_hour(|now| {
        let server = Server::fresh();
        let mut conn = server.connect();
        let past = now - Duration::hours(5);
        let both = [meet(&mut conn, "A", past, "one"), meet(&mut conn, "B", past, "two")];
        let month = conn.ask("HOD F10");
        let meetings =
            month.rows.first().and_then(|row| row["meetings"].as_array()).cloned().unwrap_or_default();
        let same =
            month.rows.len() == 1 && meetings.len() == 2 && both.iter().all(|one| meetings.contains(one));
        if same { Ok(()) } else { Err(format!("expected one row with {both:?}, got {month:#?}")) }
    });
}

#[test]
fn full_month_has_a_row_for_each_hour() {
    within_an_hour(|now| {
        let server = Server::fresh();
        let mut conn = server.connect();
        let requests: Vec<String> =
            (-24..800).map(|hours| format!("MEET A {} talk B", slot(now - Duration::hours(hours)))).collect();
        assert!(conn.ask_all(&requests).iter().all(|reply| reply.is_ok()));
        let month = conn.ask("HOD F10");
        let got: Vec<String> = month
            .rows
            .iter()
            .map(|row| format!("{} {}", row["date"].as_str().unwrap(), row["time"].as_str().unwrap()))
            .collect();
        let expected: Vec<String> = (0..720).map(|hours| slot(now - Duration::hours(hours))).collect();
        if got == expected {
            Ok(())
        } else {
            Err(format!("{} rows, from {:?} to {:?}", got.len(), got.first(), got.last()))
        }
    });
}

/// Kiritimati is fourteen hours ahead of UTC, so that its current hour is another one, mostly of another day.
#[test]
fn month_ends_with_the_current_hour_of_the_servers_time_zone() {
    within_an_hour(|now| {
        let server = Server::fresh_with(&["--time-zone", "Pacific/Kiritimati"]);
        let mut conn = server.connect();
        let local = now + Duration::hours(14);
        let present = meet(&mut conn, "A", local, "now");
        meet(&mut conn, "B", local + Duration::hours(1), "next");
        let oldest = meet(&mut conn, "C", local - Duration::hours(719), "oldest");
        meet(&mut conn, "D", local - Duration::hours(720), "gone");
        let hello = conn.ask("HELLO");
        assert_eq!(hello.ok()["time_zone"], "Pacific/Kiritimati");
        let server_time = DateTime::parse_from_rfc3339(hello.body["now"].as_str().unwrap()).unwrap();
        let off = server_time.signed_duration_since(Utc::now()).num_seconds().abs();
        assert!(off < 60, "HELLO's now is {off} s from ours");
        let month = conn.ask("HOD F10");
        let expected = vec![row(local, &[&present]), row(local - Duration::hours(719), &[&oldest])];
        if month.rows == expected { Ok(()) } else { Err(format!("expected {expected:#?}, got {month:#?}")) }
    });
}

#[test]
fn head_of_department_is_configurable() {
    let server = Server::fresh_with(&["--hod", "Dr.Who"]);
    let mut conn = server.connect();
    conn.transcript(
        r#"
        > HOD F10
        < ERR FORBIDDEN {"message":"<text>","retry":false}
        > HOD Dr.Who
        < OK {"count":0}
        "#,
    );
}
