//! `bookline bench`: it measures a real server and finds nothing wrong, and finds what is wrong with one that lies.

mod client_fake;
mod client_pty;
mod client_server;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use client_fake::{Fake, Ran, bookline, pipe};
use client_pty::{Session, home};
use client_server::Real;
use serde_json::Value;

/// A short run with these flags besides.
fn bench(addr: SocketAddr, flags: &[&str]) -> Ran {
    let fixed = ["bench", "--conns", "4", "--depth", "8", "--secs", "0.3"];
    pipe(bookline(addr, &[&fixed, flags].concat()), "")
}

/// The one object on standard output.
#[track_caller]
fn object(ran: &Ran) -> Value {
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn number(object: &Value, path: &str) -> u64 {
    object.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number at {path} in {object}"))
}

/// A run that must find everything in order, and agree with itself.
#[track_caller]
fn fine(ran: &Ran) -> Value {
    let report = object(ran);
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""), "{report:#}");
    assert_eq!(report["verified"]["ok"], true, "{report:#}");
    assert_eq!(report["verified"]["findings"], serde_json::json!([]), "{report:#}");
    assert_eq!(report["unexpected"], serde_json::json!([]), "{report:#}");

    let replies = number(&report, "/replies");
    assert!(replies > 0, "{report:#}");
    let codes: u64 = report["codes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(codes, replies, "{report:#}");
    let (seconds, rate) =
        (report["seconds"].as_f64().unwrap(), report["replies_per_second"].as_f64().unwrap());
    assert!((rate * seconds - replies as f64).abs() < 1.0, "{report:#}");
    let times =
        ["p50", "p95", "p99", "p99.9", "max"].map(|name| report["latency_us"][name].as_f64().unwrap());
    assert!(times[0] > 0.0 && times.is_sorted(), "{report:#}");
    report
}

#[test]
fn every_workload_is_measured_and_verified() {
    let server = Real::start(&[]);
    for workload in ["hot", "spread", "calendar", "mixed", "reads"] {
        let flags = ["--workload", workload, "--events", "100", "--secs", "1", "--json", "--yes"];
        let ran = pipe(
            bookline(server.addr, &[&["bench", "--conns", "5", "--depth", "7"], &flags[..]].concat()),
            "",
        );
        let report = fine(&ran);
        let (tickets, entries) = (
            number(&report, "/verified/tickets_acknowledged"),
            number(&report, "/verified/entries_acknowledged"),
        );
        assert_eq!(tickets > 0, ["hot", "spread", "mixed"].contains(&workload), "{report:#}");
        assert_eq!(entries > 0, ["calendar", "mixed"].contains(&workload), "{report:#}");
        assert_eq!(number(&report, "/verified/tickets_checked"), tickets, "{report:#}");
        let events = match workload {
            "hot" => 1,
            "calendar" => 0,
            _ => 100,
        };
        assert_eq!((number(&report, "/events"), number(&report, "/verified/events")), (events, events));
        assert_eq!((&report["workload"], &report["ended"]), (&workload.into(), &"time".into()));

        // The server knows of everything that was acknowledged, and of nothing else.
        if events > 0 {
            let run = report["run"].as_str().unwrap();
            let listed: Vec<Value> = server
                .run(&["GET"])
                .stdout
                .lines()
                .filter_map(|line| serde_json::from_str(line.strip_prefix("ROW ")?).ok())
                .filter(|event: &Value| event["id"].as_str().unwrap().starts_with(&format!("bench-{run}-")))
                .collect();
            assert_eq!(listed.len() as u64, events);
            let sold = |event: &Value| number(event, "/total_tickets") - number(event, "/available_tickets");
            assert_eq!(listed.iter().map(sold).sum::<u64>(), tickets);
        }
    }
}

#[test]
fn a_rush_on_the_last_seats_sells_each_of_them_once() {
    let server = Real::start(&[]);
    let report = fine(&bench(server.addr, &["--seats", "1000", "--tickets", "3", "--json"]));
    assert!(number(&report, "/codes/SOLD_OUT") > 0, "{report:#}");
    assert_eq!(number(&report, "/verified/tickets_acknowledged"), 999, "{report:#}");
}

#[test]
fn a_report_for_people() {
    let server = Real::start(&[]);
    let ran = bench(server.addr, &["--workload", "mixed", "--events", "10"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let begins = [
        "workload   mixed, 4 connections x 8 requests, 10 events",
        "replies    ",
        "latency    p50 ",
        "codes      OK ",
        "client     ",
        "verified   10 events, ",
    ];
    assert_eq!(ran.stdout.lines().count(), begins.len(), "{}", ran.stdout);
    for (line, begin) in ran.stdout.lines().zip(begins) {
        assert!(line.starts_with(begin), "{line:?} does not begin with {begin:?}");
    }
    assert!(ran.stdout.ends_with("nothing oversold, no duplicates, nothing missing\n"), "{}", ran.stdout);
}

#[test]
fn on_a_terminal_it_tells_its_progress_and_ends_early_on_ctrl_c() {
    let server = Real::start(&[]);
    let command = bookline(server.addr, &["bench", "--conns", "2", "--secs", "1000"]);
    let mut session = Session::start(command, &home());
    session.until(" replies/s   p50 ");
    session.until(" replies/s   p50 ");
    session.keys("\x03");
    session.until("(interrupted)");
    session.until("verified   1 event, ");
    assert_eq!(session.end().0, 0);
}

#[test]
fn a_server_that_holds_anything_is_not_loaded_unless_the_user_says_so() {
    let server = Real::start(&[]);
    server.run(&["BLOCK", "F1", "2026-12-31", "09:00"]);
    let refused = server.run(&["bench"]);
    assert_eq!((refused.exit, refused.stdout.as_str()), (1, ""));
    let told =
        format!("{} holds 0 events, 0 tickets and 1 calendar entries, and what is booked here", server.addr);
    assert!(refused.stderr.contains(&told), "{}", refused.stderr);
    assert!(server.run(&["STATS"]).stdout.contains("\"events\":0,\"tickets\":0,\"entries\":1,"));
    fine(&bench(server.addr, &["--yes", "--workload", "reads", "--events", "1", "--json"]));
}

#[test]
fn no_text_from_a_server_acts_on_the_terminal() {
    let fake = Fake::greeted(|mut peer| {
        peer.expect("STATS\n", "ERR \u{1b}]0;x {}\n");
        peer.rest();
    });
    let ran = pipe(bookline(fake.addr, &["bench", "--conns", "1"]), "");
    assert_eq!(ran.exit, 1);
    assert!(ran.stderr.contains("ERR \\u{1b}]0;x"), "{}", ran.stderr);
    fake.end();
    let fake = Fake::greeted(|mut peer| {
        assert!(peer.line().starts_with("CREATE "));
        peer.say("ERR \u{1b}]0;x {\"message\":\"\\u001b[2J\",\"retry\":false}\n");
        peer.rest();
    });
    let ran = pipe(bookline(fake.addr, &["bench", "--conns", "1", "--yes"]), "");
    assert_eq!(ran.exit, 1);
    assert!(
        ran.stderr.contains("cannot create the events of the run: \\u{1b}]0;x: \\u{1b}[2J\n"),
        "{}",
        ran.stderr
    );
    fake.end();
}

#[test]
fn wrong_flags_are_a_usage_error() {
    for wrong in [
        &["--workload", "cold"][..],
        &["--conns", "0"],
        &["--depth", "1.5"],
        &["--secs", "0"],
        &["--tickets", "10001"],
        &["--events", "1000001"],
        &["BOOK"],
    ] {
        let mut command = client_fake::bare();
        command.arg("bench").args(wrong);
        let ran = pipe(command, "");
        assert_eq!((ran.exit, ran.stdout.as_str()), (2, ""), "{wrong:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
    // What is no flag of the client is a command of the server, and only the first word is the client's own.
    let fake = Fake::greeted(|mut peer| {
        peer.expect("BENCH\n", "OK {}\n");
    });
    pipe(bookline(fake.addr, &["BENCH"]), "").expect(0, "OK {}\n", "");
    fake.end();
    let fake = Fake::greeted(|mut peer| {
        peer.expect("HELP bench --json\n", "OK {}\n");
    });
    pipe(bookline(fake.addr, &["HELP", "bench", "--json"]), "").expect(0, "OK {}\n", "");
    fake.end();
}

#[test]
fn a_help_that_says_what_stays() {
    let mut command = client_fake::bare();
    command.args(["bench", "--help"]);
    let ran = pipe(command, "");
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""));
    for said in ["--conns <N>", "--addr <HOST:PORT>", "what is booked\nstays there", "Ctrl-C"] {
        assert!(ran.stdout.contains(said), "{said:?} is missing from {}", ran.stdout);
    }
}

#[test]
fn nobody_there_and_nobody_let_in() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = bench(free, &[]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (3, ""));
    assert!(ran.stderr.contains("cannot connect to "), "{}", ran.stderr);

    let server = Real::start(&["--max-connections", "2"]);
    let told = format!("bookline: {} accepts no new connections\n", server.addr);
    bench(server.addr, &[]).expect(3, "", &told);
}

/// How a server can lie, or fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It gives out a ticket that it gave out before.
    Twice,
    /// It sells a ticket without counting it.
    Oversells,
    /// It counts a ticket that nobody was given.
    Overcounts,
    /// It does not know a ticket any more.
    Forgets,
    /// It says that a ticket is for another event.
    Misplaces,
    /// It does not know an entry any more.
    ForgetsEntry,
    /// It keeps what it said it deleted.
    KeepsEntry,
    /// A member of a meeting is not in it.
    HalfMeeting,
    /// It has tickets left and says that it has none.
    Withholds,
    /// It answers about another event than was asked for.
    Confuses,
    /// It refuses, once, for a reason of its own.
    Refuses,
    /// It closes the connection.
    Closes,
    /// It falls silent.
    FallsSilent,
    /// It answers with what is no reply.
    Babbles,
}

/// A server that is good at everything but one thing, which happens once, in the middle of the load.
struct Liar {
    fault: Fault,
    /// Total and sold, by id.
    events: HashMap<String, (u64, u64)>,
    /// Event by ticket.
    tickets: HashMap<String, String>,
    /// Schedule by person and day.
    days: HashMap<(String, String), String>,
    /// Bookings so far, and entries.
    booked: u64,
    entries: u64,
    deleted: u64,
    last: String,
}

/// The booking, or the entry, at which the fault happens.
const FATAL: u64 = 100;

impl Liar {
    fn start(fault: Fault) -> SocketAddr {
        let liar = Self {
            fault,
            events: HashMap::new(),
            tickets: HashMap::new(),
            days: HashMap::new(),
            booked: 0,
            entries: 0,
            deleted: 0,
            last: String::new(),
        };
        let liar = Arc::new(Mutex::new(liar));
        let fake = Fake::with_listener(move |listener| {
            for stream in listener.incoming() {
                let liar = liar.clone();
                thread::spawn(move || serve(&stream.unwrap(), &liar));
            }
        });
        fake.addr
    }

    /// The reply, with its line feed, or nothing: the end of the connection.
    fn answer(&mut self, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split(' ').collect();
        Some(match words[..] {
            ["HELLO"] => client_fake::HELLO.to_owned(),
            ["STATS"] => "OK {\"events\":0,\"tickets\":0,\"entries\":0}\n".to_owned(),
            ["CREATE", .., total, id] => {
                let id = id.strip_prefix("id=").unwrap();
                self.events.insert(id.to_owned(), (total.parse().unwrap(), 0));
                self.event(id)
            }
            ["GET", id] => self.event(id),
            ["GET", who, day] => {
                let found = self.days.get(&(who.to_owned(), day.to_owned()));
                let schedule = found.map_or("", String::as_str);
                format!("OK {{\"name\":\"{who}\",\"date\":\"{day}\",\"schedule\":[{schedule}]}}\n")
            }
            ["BOOK", id, count] => return self.book(id, count.parse().unwrap()),
            ["TICKET", ticket] => match self.tickets.get(ticket) {
                Some(id) => format!("OK {{\"ticket\":\"{ticket}\",\"event_id\":\"{id}\"}}\n"),
                None => "ERR NOT_FOUND {\"message\":\"no such ticket\",\"retry\":false}\n".to_owned(),
            },
            ["BLOCK", who, day, time] => self.take(who, day, time, "", &[]),
            ["MEET", who, day, time, title, group] => {
                self.take(who, day, time, title, &group.split(',').collect::<Vec<_>>())
            }
            ["DELETE", who, day, _] => {
                self.deleted += 1;
                if self.deleted != FATAL || self.fault != Fault::KeepsEntry {
                    // The last character of an id tells the people of an entry apart.
                    let stem = &who[..who.len() - 1];
                    for role in ["a", "b", "c"] {
                        self.days.remove(&(format!("{stem}{role}"), day.to_owned()));
                    }
                }
                "OK {\"deleted\":\"block\"}\n".to_owned()
            }
            _ => panic!("{line:?} is not expected"),
        })
    }

    fn event(&self, id: &str) -> String {
        let (total, sold) = self.events[id];
        format!(
            "OK {{\"id\":\"{id}\",\"name\":\"x\",\"date\":\"9999-12-31\",\"total_tickets\":{total},\
             \"available_tickets\":{}}}\n",
            total - sold
        )
    }

    fn book(&mut self, id: &str, count: u64) -> Option<String> {
        self.booked += 1;
        let fault = (self.booked == FATAL).then_some(self.fault);
        match fault {
            Some(Fault::Closes) => return None,
            Some(Fault::FallsSilent) => return Some(String::new()),
            Some(Fault::Babbles) => return Some("HTTP/1.1 400 Bad Request\n".to_owned()),
            Some(Fault::Refuses) => {
                return Some("ERR INTERNAL {\"message\":\"the cat sat on it\",\"retry\":false}\n".to_owned());
            }
            Some(Fault::Withholds) => {
                let message = "{\"message\":\"sold out\",\"retry\":false,\"available\":0,\"requested\":1}";
                return Some(format!("ERR SOLD_OUT {message}\n"));
            }
            _ => {}
        }
        let mut tickets = String::new();
        for index in 0..count {
            let ticket = format!("{:08x}-0000-8000-8000-{index:012x}", self.booked);
            let ticket = if fault == Some(Fault::Twice) { self.last.clone() } else { ticket };
            write!(tickets, "{}\"{ticket}\"", if index > 0 { "," } else { "" }).unwrap();
            if fault != Some(Fault::Forgets) {
                let place = if fault == Some(Fault::Misplaces) { self.other(id) } else { id.to_owned() };
                self.tickets.insert(ticket.clone(), place);
            }
            self.last = ticket;
        }
        let sold = &mut self.events.get_mut(id).unwrap().1;
        *sold += match fault {
            Some(Fault::Oversells) => count - 1,
            Some(Fault::Overcounts) => count + 1,
            _ => count,
        };
        let named = if fault == Some(Fault::Confuses) { self.other(id) } else { id.to_owned() };
        Some(format!("OK {{\"event_id\":\"{named}\",\"tickets\":[{tickets}],\"available_tickets\":1}}\n"))
    }

    fn other(&self, id: &str) -> String {
        self.events.keys().find(|other| *other != id).unwrap().clone()
    }

    fn take(&mut self, who: &str, day: &str, time: &str, title: &str, group: &[&str]) -> String {
        self.entries += 1;
        let fatal = self.entries == FATAL;
        let members: Vec<_> = group.iter().map(|member| format!("\"{member}\"")).collect();
        let meet = format!("{{\"title\":\"{title}\",\"group\":[{}],\"host\":\"{who}\"}}", members.join(","));
        for person in [&[who][..], group].concat() {
            let half = fatal && self.fault == Fault::HalfMeeting && person.ends_with('c');
            if !(half || (fatal && self.fault == Fault::ForgetsEntry)) {
                let entry = format!("{{\"time\":\"{time}\",\"meet\":{meet}}}");
                self.days.insert((person.to_owned(), day.to_owned()), entry);
            }
        }
        format!("OK {{\"name\":\"{who}\",\"date\":\"{day}\",\"time\":\"{time}\"}}\n")
    }
}

/// Answers until the client leaves, or the fault ends it.
fn serve(stream: &TcpStream, liar: &Mutex<Liar>) {
    let (mut reader, mut writer) = (BufReader::new(stream), BufWriter::new(stream));
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        let Some(answer) = liar.lock().unwrap().answer(line.trim_end()) else { return };
        if answer.is_empty() {
            // Silent from here on: what still comes is read, and left.
            writer.flush().unwrap();
            _ = std::io::copy(&mut reader, &mut std::io::sink());
            return;
        }
        _ = writer.write_all(answer.as_bytes());
        if reader.buffer().is_empty() {
            _ = writer.flush();
        }
        line.clear();
    }
}

/// One connection, so that the fault is met in the middle of its load whatever the machine does, and so little of it
/// that all entries are looked at: a sample may miss the fault.
const ALONE: [&str; 8] = ["bench", "--conns", "1", "--depth", "1", "--secs", "0.1", "--json"];

fn lied_to(fault: Fault, flags: &[&str]) -> Ran {
    pipe(bookline(Liar::start(fault), &[&ALONE, flags].concat()), "")
}

/// What was found wrong, each with how often, and the first case of all in words.
fn findings(report: &Value) -> Vec<(String, u64, String)> {
    let found =
        report["verified"]["findings"].as_array().unwrap_or_else(|| panic!("no findings: {report:#}"));
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    found.iter().map(|f| (text(f, "what"), number(f, "/count"), text(f, "first"))).collect()
}

#[track_caller]
fn is_found(fault: Fault, flags: &[&str], what: &str, said: &str) {
    let ran = lied_to(fault, flags);
    let report = object(&ran);
    assert_eq!((ran.exit, ran.stderr.as_str()), (1, ""), "{report:#}");
    assert_eq!(report["verified"]["ok"], false);
    let found = findings(&report);
    let hit = found.iter().find(|(kind, ..)| kind == what);
    let (_, count, first) = hit.unwrap_or_else(|| panic!("{what} is not among {found:?}"));
    assert!(*count == 1 && first.contains(said), "{found:?}");
}

#[test]
fn a_ticket_given_out_twice_is_found() {
    is_found(
        Fault::Twice,
        &[],
        "ticket_twice",
        "two bookings got the ticket 00000063-0000-8000-8000-000000000000",
    );
}

#[test]
fn an_oversold_event_is_found() {
    is_found(Fault::Oversells, &[], "oversold", "-000000 issued ");
    is_found(Fault::Overcounts, &["--tickets", "2"], "unacknowledged", " as sold: ");
    is_found(
        Fault::Withholds,
        &["--seats", "1000000"],
        "not_sold_out",
        "-000000 refused 1 tickets as sold out and has ",
    );
}

#[test]
fn a_forgotten_ticket_is_found() {
    let spread = ["--workload", "spread", "--events", "2"];
    let ticket =
        "ticket 00000064-0000-8000-8000-000000000000 was issued; TICKET says NOT_FOUND: no such ticket";
    is_found(Fault::Forgets, &[], "ticket_missing", ticket);
    is_found(Fault::Misplaces, &spread, "ticket_elsewhere", " tickets are for event bench-");
    is_found(Fault::Confuses, &spread, "reply_elsewhere", " was answered OK {\"event_id\":\"bench-");
}

#[test]
fn a_forgotten_entry_is_found() {
    let calendar = ["--workload", "calendar"];
    // The hundredth entry is a meeting of three, which is not deleted.
    let ran = lied_to(Fault::ForgetsEntry, &calendar);
    let found = findings(&object(&ran));
    assert!(
        ran.exit == 1 && found.len() == 1 && found[0].0 == "entry_missing" && found[0].1 == 3,
        "{found:?}"
    );
    assert!(found[0].2.contains("was acknowledged; GET of the day says OK {"), "{found:?}");
    is_found(Fault::HalfMeeting, &calendar, "entry_missing", "the meeting of bench-");
    // The hundredth deletion is that of a meeting.
    let ran = lied_to(Fault::KeepsEntry, &calendar);
    let found = findings(&object(&ran));
    assert!(
        ran.exit == 1 && found.len() == 1 && found[0].0 == "entry_back" && found[0].1 == 3,
        "{found:?} in {}",
        ran.stdout
    );
}

#[test]
fn a_refusal_that_nobody_expects_is_shown() {
    let ran = lied_to(Fault::Refuses, &[]);
    let report = object(&ran);
    assert_eq!((ran.exit, ran.stderr.as_str()), (1, ""), "{report:#}");
    let shown = serde_json::json!([{"code": "INTERNAL", "count": 1, "first": "the cat sat on it"}]);
    assert_eq!((&report["unexpected"], &report["verified"]["ok"]), (&shown, &true.into()), "{report:#}");
}

#[test]
fn a_lost_connection_ends_it_with_what_was_measured() {
    for (fault, said) in [
        (Fault::Closes, " lost; "),
        (Fault::FallsSilent, "no answer from "),
        (Fault::Babbles, "sent a line that is not a reply: \"HTTP/1.1 400 Bad Request\""),
    ] {
        let ran = lied_to(fault, &["--timeout", "500ms"]);
        let report = object(&ran);
        assert_eq!((ran.exit, &report["ended"]), (4, &"lost".into()), "{ran:?}");
        assert_eq!(report["verified"], Value::Null);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}
