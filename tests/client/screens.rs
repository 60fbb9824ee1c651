//! What people see at 40, 60, 80 and 120 columns, as text in `tests/client/screens/`. With BOOKLINE_BLESS=1
//! in the environment these files are written anew: read what has changed in them.
//!
//! Catches: a line that is wider than the screen, a broken id, number or date, a table that is not aligned.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use bookline_protocol::Verb;
use bookline_protocol::commands::help::help_rows;
use unicode_width::UnicodeWidthStr;

use crate::support::client::{bookline, run};
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::session::Session;

const WIDTHS: [usize; 4] = [40, 60, 80, 120];

/// The beginning of a line that is typed.
const TYPED: &str = "$ ";

const LONG_ID: &str = "festival-of-new-music-and-old-instruments-2026-12-31-main-hall_1";

const TICKETS: [&str; 3] = [
    "ee898886-614f-898e-9fda-bca9dcd20721",
    "ee89d207-a9ab-866a-85e5-436c96301d73",
    "ee89745d-de40-8ca4-90fe-e5800333bb60",
];

/// A screen: what is typed, and what a server answers.
struct Screen {
    /// The name of the file.
    name: &'static str,
    exchanges: Vec<Exchange>,
    /// What no width may break.
    whole: Vec<&'static str>,
}

struct Exchange {
    words: &'static [&'static str],
    reply: String,
    /// The reply to `GET <event-id>`, if the client asks for the event of a booking.
    event: Option<&'static str>,
}

impl Screen {
    fn new(name: &'static str) -> Self {
        Self { name, exchanges: Vec::new(), whole: Vec::new() }
    }

    fn command(mut self, words: &'static [&'static str], lines: &[&str]) -> Self {
        let reply = lines.iter().map(|line| format!("{line}\n")).collect();
        self.exchanges.push(Exchange { words, reply, event: None });
        self
    }

    /// As the last command, and the event that the client looks up for it.
    fn with_event(mut self, event: &'static str) -> Self {
        self.exchanges.last_mut().unwrap().event = Some(event);
        self
    }

    /// Compares the screen at each width with the file, after checks that a new file does not get around.
    #[track_caller]
    fn check(mut self, whole: &[&'static str]) {
        self.whole.extend(whole);
        let mut screens = String::new();
        for width in WIDTHS {
            let shown = self.at(width);
            for line in shown.lines().filter(|line| !line.starts_with(TYPED)) {
                assert!(
                    line.width() <= width || is_id(line),
                    "{}: {line:?} is wider than {width}",
                    self.name
                );
            }
            for whole in &self.whole {
                assert!(shown.contains(whole), "{}: {whole} is broken at {width}:\n{shown}", self.name);
            }
            assert!(!shown.contains('\u{1b}'), "{}: an escape without colors:\n{shown}", self.name);
            let _ = writeln!(screens, "# {width} columns\n{shown}");
        }
        compare(self.name, &screens);
    }

    fn at(&self, width: usize) -> String {
        let shown = |exchange: &Exchange| {
            let mut shown = format!("{TYPED}{}\n", exchange.words.join(" "));
            shown.push_str(&exchange.at(width));
            shown
        };
        self.exchanges.iter().map(shown).collect()
    }
}

impl Exchange {
    fn at(&self, width: usize) -> String {
        let (reply, event) = (self.reply.clone(), self.event);
        let fake = FakeServer::with_listener(move |listener| {
            let mut peer = Peer::greeted(&listener);
            peer.read_line();
            peer.send(&reply);
            if let Some(event) = event {
                // The client looks it up over a connection of its own.
                let mut directory = Peer::directory(&listener);
                directory.expect("HELLO\n", HELLO_REPLY);
                let request = directory.read_line();
                assert!(request.starts_with("GET "), "{request}");
                directory.send(event);
            }
            assert_eq!(peer.read_to_end(), b"");
        });
        let mut command = bookline(fake.addr, &["--format", "table", "--"]);
        command.args(self.words).env("COLUMNS", width.to_string()).env("LC_ALL", "C.UTF-8");
        let client = run(command);
        fake.join();
        assert_eq!(client.stderr, "");
        client.stdout
    }
}

/// Whether the line is one id, perhaps with signs around it.
fn is_id(line: &str) -> bool {
    let id = line.trim_matches(|c: char| c.is_ascii_punctuation());
    id.len() <= LONG_ID.len() && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Compares a text with the file of this name.
#[track_caller]
pub fn compare(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/client/screens/{name}.txt"));
    if std::env::var_os("BOOKLINE_BLESS").is_some() {
        fs::write(&path, shown).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == expected, "{}: differs from what is shown:\n{shown}", path.display());
}

/// An event as a row or a reply has it.
fn event(id: &str, name: &str, date: &str, (left, total): (u32, u32), more: &str) -> String {
    format!(
        r#"{{"id":"{id}","name":"{name}","date":"{date}","total_tickets":{total},{}}}"#,
        format_args!("\"available_tickets\":{left}{more}"),
    )
}

#[test]
fn events() {
    let rows = [
        event("rustconf", "Rust Conf", "2026-12-31", (42, 100), ""),
        event("上", "上田美和子リサイタル、東京文化会館", "2026-12-01", (1_000_000, 1_000_000), ""),
        event("klezmer", "קונצרט כליזמר בתל אביב", "2027-01-02", (0, 350), ""),
        event("picnic", "👨\u{200d}👩\u{200d}👧 Family picnic 🇨🇿 ❤\u{fe0f}", "2027-05-01", (7, 80), ""),
    ];
    let rows: Vec<_> = rows.iter().map(|row| format!("ROW {row}")).collect();
    let mut lines: Vec<_> = rows.iter().map(String::as_str).collect();
    lines.push(r#"OK {"count":4}"#);
    let dates = ["2026-12-31", "2026-12-01", "2027-01-02", "2027-05-01"];
    let whole = [&dates[..], &["rustconf", "klezmer", "1000000 of 1000000", " 42 of     100"]].concat();
    Screen::new("events").command(&["GET"], &lines).check(&whole);
}

#[test]
fn events_with_long_ids_holds_and_terms_of_sale() {
    let held = event(LONG_ID, "Festival of new music", "2026-12-31", (3, 900), r#","held_tickets":12"#);
    let closed = event("jazz", "Jazz", "2026-11-30", (900, 900), r#","sales":"closed","max_per_booking":4"#);
    let lines = [format!("ROW {held}"), format!("ROW {closed}"), r#"OK {"count":2}"#.to_owned()];
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let whole = [LONG_ID, "jazz", "2026-12-31", "2026-11-30", "3 of 900", "900 of 900"];
    Screen::new("events_on_terms").command(&["GET"], &lines).check(&whole);
}

#[test]
fn day() {
    let entries = concat!(
        r#"{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}},"#,
        r#"{"time":"10:00","from":"21-11-2026 10:00","hours":2,"series":"5f3a9c1e77d20b46","#,
        r#""meet":{"title":"class committee meeting 👩🏽‍🚀","group":["F2","F3"],"host":"F1"}},"#,
        r#"{"time":"11:00","from":"21-11-2026 10:00","hours":2,"series":"5f3a9c1e77d20b46","#,
        r#""meet":{"title":"class committee meeting 👩🏽‍🚀","group":["F2","F3"],"host":"F1"}},"#,
        r#"{"time":"14:00","meet":{"title":"פגישת צוות 3","#,
        r#""group":["anna.novakova","bohumil.hrabal"],"host":"F1"}},"#,
        r#"{"time":"16:00","meet":{"title":"予算会議","group":["F4"],"#,
        r#""host":"festival-of-new-music-and-old-instruments-2026-12-31-main-hall_1"}}"#
    );
    let day = format!(r#"OK {{"name":"F1","date":"21-11-2026","schedule":[{entries}]}}"#);
    let whole =
        ["2026-11-21", "09:00", "10:00-12:00", "14:00", "16:00", "anna.novakova", "bohumil.hrabal", LONG_ID];
    Screen::new("day").command(&["GET", "F1", "2026-11-21"], &[&day]).check(&whole);
}

#[test]
fn meetings_of_the_department() {
    let rows = [
        concat!(
            r#"ROW {"date":"21-11-2026","time":"10:00","meetings":["#,
            r#"{"title":"class committee meeting","group":["F2","F3"],"host":"F1"},"#,
            r#"{"title":"予算会議と今後の方針","group":["F5"],"host":"F4"}]}"#
        ),
        concat!(
            r#"ROW {"date":"20-11-2026","time":"15:00","meetings":["#,
            r#"{"title":"ועדה 7","group":["F6","F7","F8","F9"],"host":"F10"}]}"#
        ),
        r#"OK {"count":2}"#,
    ];
    let whole = ["2026-11-21", "2026-11-20", "10:00", "15:00", "F10"];
    Screen::new("meetings").command(&["HOD", "F10"], &rows).check(&whole);
}

#[test]
fn door_list() {
    let row = |ticket: &str, fields: &str| format!(r#"ROW {{"ticket":"{ticket}",{fields}}}"#);
    let at = r#""at":"2026-11-26T09:57:53.123456Z""#;
    let rows = [
        row(TICKETS[0], &format!(r#""status":"checked_in",{at},"for":"Žofie Nováková-Lovelace""#)),
        row(TICKETS[1], &format!(r#""status":"cancelled",{at},"for":"上田 美和子""#)),
        row(TICKETS[2], &format!(r#""status":"booked",{at},"for":"משה כהן 2""#)),
        row("b0ee01", r#""status":"booked""#),
    ];
    let mut lines: Vec<_> = rows.iter().map(String::as_str).collect();
    lines.push(r#"OK {"count":4,"next":"abc"}"#);
    let whole = [&TICKETS[..], &["2026-11-26 09:57", "b0ee01", "after=abc"]].concat();
    Screen::new("door_list").command(&["TICKETS", "rustconf"], &lines).check(&whole);
}

#[test]
fn help() {
    let verbs = [Verb::Book, Verb::Extend, Verb::Meet, Verb::Ping];
    let rows = verbs.into_iter().flat_map(|verb| help_rows(Some(verb), |_| true));
    let mut lines: Vec<_> = rows.map(|row| format!("ROW {}", serde_json::to_string(&row).unwrap())).collect();
    lines.push(r#"OK {"count":5}"#.to_owned());
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let whole = ["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", "2026-11-27"];
    Screen::new("help").command(&["help"], &lines).check(&whole);
}

#[test]
fn refusals() {
    let refused = |code: &str, message: &str, fields: &str| {
        format!(r#"ERR {code} {{"message":"{message}","retry":false{fields}}}"#)
    };
    let few = refused(
        "SOLD_OUT",
        "event rustconf has too few tickets: 99 asked for, 42 left",
        r#","available":42,"held":0,"requested":99"#,
    );
    let busy = refused(
        "CONFLICT",
        "F3 is busy on 21-11-2026 at 10:00: choose another time",
        r#","busy":["F3","festival-of-new-music-and-old-instruments-2026-12-31-main-hall_1"]"#,
    );
    let unknown = refused(
        "UNKNOWN_COMMAND",
        r#"\"BOKO\" is not a command: did you mean BOOK? HELP lists the commands"#,
        r#","did_you_mean":"BOOK""#,
    );
    let name = refused(
        "BAD_REQUEST",
        "name \\\"上田美和子リサイタル、東京文化会館、שלום 21-11-2026\\\" is long",
        "",
    );
    let series = refused(
        "CONFLICT",
        "F1 is busy at 2 of 4 occurrences: choose another time, or skip these by on_conflict=skip",
        concat!(
            r#","busy":["F1"],"clashes":[{"date":"24-11-2026","time":"09:00","busy":["F1","F2"]},"#,
            r#"{"date":"01-12-2026","time":"09:00","busy":["F1"],"busy_count":31}],"clash_count":5"#
        ),
    );
    let checked_in = refused(
        "CONFLICT",
        "ticket ee898886-614f-898e-9fda-bca9dcd20721 is checked in already since 2026-11-26T09:57:53.123456Z",
        r#","status":"checked_in","at":"2026-11-26T09:57:53.123456Z""#,
    );
    let whole = [
        "rustconf",
        "2026-11-21",
        "2026-11-24",
        "2026-12-01",
        "2026-11-26",
        "09:57:53",
        LONG_ID,
        TICKETS[0],
        "on_conflict=skip",
        "42",
    ];
    Screen::new("refusals")
        .command(&["BOOK", "rustconf", "99"], &[&few])
        .command(&["MEET", "F1", "2026-11-21", "10:00", "plans", "F2,F3"], &[&busy])
        .command(&["BOKO", "rustconf", "2"], &[&unknown])
        .command(&["CREATE", "x", "2026-11-21", "5"], &[&name])
        .command(&["BLOCK", "F1", "2026-11-24", "09:00", "every=week", "count=4"], &[&series])
        .command(&["CHECKIN", "ee898886-614f-898e-9fda-bca9dcd20721"], &[&checked_in])
        .check(&whole);
}

#[test]
fn bookings() {
    let [one, two, three] = TICKETS;
    let first = format!(r#"{{"event_id":"rustconf","tickets":["{one}","{two}"],"available_tickets":98}}"#);
    let second = format!(r#"{{"event_id":"{LONG_ID}","tickets":["{three}"],"available_tickets":0}}"#);
    const EVENT: &str = concat!(
        r#"OK {"id":"rustconf","name":"Rust Conf 上田 👨‍👩‍👧","date":"2026-12-31","#,
        r#""total_tickets":100,"available_tickets":98}"#,
        "\n"
    );
    let both = format!(r#"OK {{"bookings":[{first},{second}]}}"#);
    let whole = [&TICKETS[..], &["rustconf", "2026-12-31", LONG_ID]].concat();
    Screen::new("bookings")
        .command(&["BOOK", "rustconf", "2"], &[&format!("OK {first}")])
        .with_event(EVENT)
        .command(&["BOOK", "rustconf", "2", "main-hall", "1"], &[&both])
        .check(&whole);
}

#[test]
fn free_times() {
    let times = [
        r#"ROW {"date":"21-11-2026","time":"10:00","hours":2}"#,
        r#"ROW {"date":"23-11-2026","time":"11:00","hours":2}"#,
        r#"OK {"count":2}"#,
    ];
    let busy = concat!(
        r#"OK {"count":0,"busy":{"F1":["09:00","10:00","11:00","12:00","13:00","14:00","15:00","16:00"],"#,
        r#""festival-of-new-music-and-old-instruments-2026-12-31-main-hall_1":["10:00"]}}"#
    );
    Screen::new("free_times")
        .command(&["FREE", "F1,F2", "2026-11-21", "hours=2"], &times)
        .command(&["FREE", "F1,F2", "2026-11-22"], &[busy])
        .check(&["2026-11-21", "2026-11-23", "09:00", "16:00", LONG_ID]);
}

#[test]
fn skipped_occurrences() {
    let skipped = concat!(
        r#"OK {"name":"F1","date":"14-11-2026","time":"10:00","series":"5f3a9c1e77d20b46","occurrences":7,"#,
        r#""skipped":[{"date":"21-11-2026","time":"10:00","busy":["F2","F3"]},"#,
        r#"{"date":"28-11-2026","time":"10:00","busy":["F3"],"busy_count":31}],"skipped_count":5}"#
    );
    Screen::new("skipped_occurrences")
        .command(&["BLOCK", "F1", "2026-11-14", "10:00", "every=week", "count=9"], &[skipped])
        .check(&["2026-11-14", "2026-11-21", "2026-11-28", "5f3a9c1e77d20b46"]);
}

/// The client on a terminal with these variables, and the line that it shows for an event.
fn shown_on_terminal(charset: (&str, &str), color: &str, text: &'static str) {
    let row = event("klezmer", "כליזמר", "2027-01-02", (0, 350), "");
    let fake = FakeServer::greeted(move |mut peer| peer.expect("GET klezmer\n", &format!("OK {row}\n")));
    let mut command = bookline(fake.addr, &["--color", color, "GET", "klezmer"]);
    command.env(charset.0, charset.1);
    let mut session = Session::start_with_escapes(command);
    // rexpect takes bytes for characters.
    let bytes: String = text.bytes().map(char::from).collect();
    session.wait_for(&bytes);
    session.wait_for_exit();
    fake.join();
}

#[test]
fn text_from_right_to_left_is_isolated_on_a_unicode_terminal_and_not_elsewhere() {
    let unicode = ("LC_ALL", "C.UTF-8");
    shown_on_terminal(
        unicode,
        "never",
        "\r\n klezmer │ \u{2068}כליזמר\u{2069} │ 2027-01-02 │ ░░░░░░░░ 0 of 350\r\n",
    );
    shown_on_terminal(("LC_ALL", "C"), "never", "\r\n klezmer | כליזמר | 2027-01-02 | ........ 0 of 350\r\n");
}

#[test]
fn headings_are_bold_and_what_is_sold_out_is_red() {
    let ascii = ("LC_ALL", "C");
    shown_on_terminal(ascii, "always", " \u{1b}[1mEvent\u{1b}[0m   | \u{1b}[1mName\u{1b}[0m");
    shown_on_terminal(ascii, "auto", "| 2027-01-02 | \u{1b}[31m........ 0 of 350\u{1b}[0m\r\n");
}

#[test]
fn title_of_a_refusal_is_red() {
    let refused = "ERR NOT_FOUND {\"message\":\"there is no event \\u001b[32m\",\"retry\":false}\n";
    let (_, client) =
        crate::support::fake_server::one_shot(&["--format", "table", "--color", "always", "X"], refused);
    assert_eq!(client.stdout, "\u{1b}[31mNot found:\u{1b}[0m there is no event \\u{1b}[32m.\n");
}
