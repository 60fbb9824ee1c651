//! Writes the seeds of the corpus: valid inputs of every kind, and a few that are almost valid.

use std::fs;
use std::path::Path;

use bookline_fuzz::file::file;
use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales, Slot, event_tag};
use bookline_server::changes::commit;
use bookline_server::changes::{
    BlockTaken, Change, EntryEnded, EntryFreed, EventAdded, EventCreated, EventUpdated, MeetingTaken,
    TicketsBooked, TicketsIssued,
};
use bookline_server::codec::Sequence;
use bookline_server::codec::frame::Kind;
use bookline_server::codec::segment_header;
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues};

fn main() -> std::io::Result<()> {
    let requests: &[&str] = &[
        "CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf",
        "CREATE Jazz 31-12-2026 10 sales=closed max_per_booking=4",
        "UPDATE rustconf name=\"Rust \\u00e9\" date=2027-01-01 tickets=50 sales=open max_per_booking=none",
        "GET limit=2 after=MjAyNi0xMi0zMQ",
        "GET rustconf",
        "GET F1 21-11-2026",
        "book rustconf 2",
        "TICKET 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
        "BLOCK F1 21-11-2026 09:00",
        "MEET F1 21-11-2026 10:00 \"class \\u00e9 \\\"x\\\"\\n\" F2,F3,F2 F4",
        "PUT F1 21-11-2026 10:00 MEET 22-11-2026 11:00 standup F2",
        "PUT F1 21-11-2026 10:00 BLOCK 22-11-2026 11:00",
        "DELETE F1 21-11-2026 10:00",
        "HOD F10",
        "HELP GET",
        "GET / HTTP/1.1",
        "# a comment",
        "BOOK rustconf 2 workshop 1",
    ];
    for (n, line) in requests.iter().enumerate() {
        write("request", &format!("line-{n:02}"), line.as_bytes())?;
    }
    write("request", "telnet", b"\xff\xfd\x06GET \xff\xfarust\xff\xf0 rustconf")?;
    write("framing", "ends", b"\x03PING\r\nGET ev\xff\xfd\x06 1\nBOOK e 1\r\0\n\rx\r\r\nlast")?;
    let replies: &[&str] = &[
        r#"OK {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","total_tickets":100,"available_tickets":98}"#,
        r#"ROW {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","total_tickets":100,"available_tickets":98}"#,
        r#"OK {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","total_tickets":100,"available_tickets":98,"sales":"closed","max_per_booking":4}"#,
        r#"ERR LIMIT {"message":"at most 4","retry":false,"limit":4,"requested":6}"#,
        r#"ERR CONFLICT {"message":"7 issued","retry":false,"issued":7,"requested":6}"#,
        r#"ERR SOLD_OUT {"message":"10 left","retry":false,"available":10,"requested":11}"#,
        r#"ERR CONFLICT {"message":"F3 is busy","retry":false,"busy":["F3"]}"#,
        r#"OK {"name":"F1","date":"21-11-2026","schedule":[{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}}]}"#,
        r#"ERR NOT_FOUND {"message":"no event","retry":false,"event_id":"jazz"}"#,
        r#"OK {"bookings":[{"event_id":"a","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"available_tickets":0}]}"#,
    ];
    for (n, line) in replies.iter().enumerate() {
        write("reply", &format!("line-{n:02}"), line.as_bytes())?;
    }
    formats()
}

fn formats() -> std::io::Result<()> {
    let slot = Slot::from_index(17_760_009).expect("an hour of 2026");
    let date = Date::from_day_number(740_000).expect("a day of 2027");
    let tag = event_tag("jazz");
    let event = EventKey { tag, number: EventNumber(1) };
    let ticket = |n| {
        let mut id = [n; 16];
        [id[0], id[1]] = tag.to_be_bytes();
        id
    };
    let tickets = [ticket(1), ticket(2)];
    let limit = MaxPerBooking::new(4).expect("a limit");
    let terms = SaleTerms { sales: Sales::Closed, max_per_booking: limit };
    let values = EventValues { id: "jazz", name: "Jazz", date, total: 10, issued: 1, terms };
    let changes: [Change<'_>; 9] = [
        EventCreated { tag, id: "jazz", name: "Jazz", date, total: 10, issued: 1 }.into(),
        TicketsIssued { event, tickets: &tickets }.into(),
        BlockTaken { slot, who: "F1" }.into(),
        MeetingTaken { slot, who: "F2", title: "standup", group: "F3,F4", host: "F2" }.into(),
        EntryFreed { slot, entry: EntryNumber(3) }.into(),
        TicketsBooked { event, id: "jazz", total: 10, issued: 5, tickets: &tickets }.into(),
        EntryEnded { slot, entry: EntryNumber(4), who: "F2", title: "standup", group: "F3,F4", host: "F2" }
            .into(),
        EventUpdated { event, values: EventValues { name: "Jazz Night", total: 20, issued: 5, ..values } }
            .into(),
        EventAdded { tag, values }.into(),
    ];
    let (mut commits, mut numbered, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for (n, change) in (1_u64..).zip(&changes) {
        commit::encode(&mut commits, 1_700_000_000_000_000, std::slice::from_ref(change));
        change.encode(&mut bare);
        // A snapshot has no bookings, no ends of entries and no updates.
        if n <= 4 {
            // The number of a change of tickets is that of their event.
            let number = if let Change::TicketsIssued(issued) = change { issued.event.number.0 } else { n };
            numbered.extend_from_slice(&number.to_le_bytes());
            change.encode(&mut numbered);
        }
    }
    write("commit", "one-of-each", &commits)?;
    write("commit", "changes", &bare)?;
    let marker = (Kind::Marker, 0, Vec::new());
    let close = (Kind::Trailer, 0, [&8_u64.to_le_bytes()[..], &[9; 16]].concat());
    let whole = (Kind::Commits, 7, commits.clone());
    frames("segment", "open", std::slice::from_ref(&whole))?;
    frames("segment", "marked", &[whole.clone(), marker])?;
    frames("segment", "closed", &[whole.clone(), close])?;
    frames("segment", "twice", &[whole.clone(), whole])?;
    let footer = |changes: u64| (Kind::Footer, 0, changes.to_le_bytes().to_vec());
    frames("snapshot", "empty", &[footer(0)])?;
    frames("snapshot", "whole", &[(Kind::Changes, 4, numbered.clone()), footer(4)])?;
    frames("snapshot", "no-footer", &[(Kind::Changes, 4, numbered)])
}

/// Writes frames as an input to build them from, and as the frames themselves.
fn frames(target: &str, name: &str, frames: &[(Kind, u8, Vec<u8>)]) -> std::io::Result<()> {
    let input = input(frames);
    // The sequence numbers that the targets expect. The magic does not matter here.
    let first = Sequence(if target == "snapshot" { 7 } else { 1 });
    let file = file(&input, segment_header::MAGIC, first);
    write(target, name, &input)?;
    write(target, &format!("{name}-mended"), &[&[2][..], &file[segment_header::BYTES..]].concat())
}

/// An input from which `bookline_fuzz::file` makes these frames.
fn input(frames: &[(Kind, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0];
    for (kind, commits, payload) in frames {
        let kind = match kind {
            Kind::Commits => 0,
            Kind::Marker => 1,
            Kind::Trailer => 2,
            Kind::Changes => 3,
            Kind::Footer => 4,
            Kind::Unknown(_) => 5,
        };
        let length = u16::try_from(payload.len()).expect("seeds are short");
        bytes.extend_from_slice(&[kind, *commits]);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}

fn write(target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join(name), bytes)
}
