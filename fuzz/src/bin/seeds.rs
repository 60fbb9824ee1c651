//! Writes the seeds of the corpus: valid inputs of every kind, and a few that are almost valid.

use std::fs;
use std::num::NonZeroU64;
use std::path::Path;

use bookline_fuzz::file::file;
use bookline_protocol::{
    Date, Hours, MaxPerBooking, Period, Role, SaleTerms, Sales, SeriesId, Slot, TicketStatus, event_tag,
};
use bookline_server::changes::commit;
use bookline_server::changes::{
    AccountAdded, AccountDropped, AccountSet, BlockTaken, Change, EntriesCreated, EntriesEnded, EntriesMoved,
    EntryEnded, EntryFreed, EntryTexts, EventAdded, EventAfter, EventCreated, EventDeleted, EventUpdated,
    HoldConfirmed, HoldCreated, HoldExtended, HoldExtendedUncounted, HoldKept, HoldsEnded,
    HoldsEndedUncounted, HoldsForgotten, KeyKept, KeyUsed, KeysForgotten, MeetingTaken, TicketCheckedIn,
    TicketCheckedInUncounted, TicketsBooked, TicketsCancelled, TicketsIssued, TicketsKept, UsedKey,
    encode_entry, encode_occurrence,
};
use bookline_server::codec::Sequence;
use bookline_server::codec::frame::Kind;
use bookline_server::codec::segment_header;
use bookline_server::domain::account::{AccountNumber, AccountValues, Actor, SecretHash};
use bookline_server::domain::hold::{EndedHold, Hold, HoldEnd, HoldState};
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues, TicketState};

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
        "HOD F10 21-11-2026 22-11-2026",
        "GET F1 21-11-2026 22-11-2026",
        "FREE F1,F2 21-11-2026 to=22-11-2026 from=08:00 until=24:00 hours=2 days=all limit=5",
        "HELP GET",
        "GET / HTTP/1.1",
        "# a comment",
        "BOOK rustconf 2 workshop 1",
        "BOOK rustconf 2 for=\"Ann \\u00e9\"",
        "HOLD rustconf 2 ttl=60 for=Ann",
        "HOLD 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
        "CONFIRM 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 1 for=Bob",
        "EXTEND 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 7200",
        "RELEASE 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
        "CANCEL 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ef",
        "CHECKIN 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee undo=yes",
        "TICKETS rustconf status=all for=ann ids=yes limit=2",
        "DELETE rustconf tickets=drop",
        "BLOCK F1 21-11-2026 22:00 hours=4 every=weekday last=2026-12-31 on_conflict=skip",
        "MEET F1 21-11-2026 10:00 standup F2 host=F3 hours=2 every=2weeks count=13",
        "MEET F1 21-11-2026 first standup F2 to=2026-11-30 from=08:00 until=24:00 hours=2 days=all",
        "PUT F1 21-11-2026 10:00 BLOCK 22-11-2026 11:00 hours=2 series=following",
        "DELETE F1 21-11-2026 10:00 series=all",
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
        r#"OK {"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"jazz","tickets":2,"expires_at":"2026-11-26T09:57:53.123456Z","available_tickets":8}"#,
        r#"OK {"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"jazz","tickets":2,"expires_at":"2026-11-26T09:57:53.123456Z","status":"held"}"#,
        r#"OK {"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"jazz","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ef"],"available_tickets":8}"#,
        r#"OK {"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"jazz","released":2,"available_tickets":10}"#,
        r#"OK {"cancelled":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"events":[{"event_id":"jazz","available_tickets":9}]}"#,
        r#"OK {"ticket":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"jazz","status":"checked_in","at":"2026-11-26T09:57:53.123456Z","for":"Ann","name":"Jazz","date":"2026-12-31"}"#,
        r#"ROW {"ticket":"13b0ee","status":"booked","at":"2026-11-26T09:57:53.123456Z","for":"Ann"}"#,
        r#"OK {"event_id":"jazz","deleted":"event","tickets":2,"holds":1}"#,
        r#"ERR EXPIRED {"message":"too late","retry":false,"at":"2026-11-26T09:57:53.123456Z"}"#,
        r#"ERR CONFLICT {"message":"released","retry":false,"status":"released","at":"2026-11-26T09:57:53.123456Z"}"#,
        r#"ERR CONFLICT {"message":"sold","retry":false,"tickets":2,"holds":1}"#,
        r#"OK {"name":"F1","date":"21-11-2026","time":"09:00","hours":2,"series":"5f3a9c1e77d20b46","occurrences":2,"skipped":[{"date":"21-11-2026","time":"09:00","busy":["F2"],"busy_count":31}],"skipped_count":1}"#,
        r#"OK {"name":"F1","date":"21-11-2026","time":"09:00","title":"x","group":["F2"],"host":"F2","occurrences":1,"replaced":{"date":"20-11-2026","time":"09:00","hours":2}}"#,
        r#"ERR CONFLICT {"message":"F2 is busy","retry":false,"busy":["F2"],"clashes":[{"date":"21-11-2026","time":"09:00","busy":["F2"]}],"clash_count":1}"#,
    ];
    for (n, line) in replies.iter().enumerate() {
        write("reply", &format!("line-{n:02}"), line.as_bytes())?;
    }
    formats()
}

/// Ids of tickets and holds of the event `jazz`.
fn uuids() -> [[u8; 16]; 15] {
    let [high, low] = event_tag("jazz").to_be_bytes();
    std::array::from_fn(|n| {
        let n = n as u8;
        [high, low, n, n, n, n, n, n, n, n, n, n, n, n, n, n]
    })
}

const MICROS: i64 = 1_700_000_000_000_000;

fn formats() -> std::io::Result<()> {
    let slot = Slot::from_index(17_760_009).expect("an hour of 2026");
    let date = Date::from_day_number(740_000).expect("a day of 2027");
    let tag = event_tag("jazz");
    let event = EventKey { tag, number: EventNumber(1) };
    let after = |issued, held| EventAfter { key: event, id: "jazz", total: 20, issued, held };
    let limit = MaxPerBooking::new(4).expect("a limit");
    let terms = SaleTerms { sales: Sales::Closed, max_per_booking: limit };
    let values = EventValues { id: "jazz", name: "Jazz", date, total: 20, issued: 1, terms };
    let rock = EventValues { id: "rock", ..values };
    let (deadline, ids) = (MICROS + 1, uuids());
    let checked_in =
        |undone| TicketCheckedIn { event: after(6, 0), ticket: ids[1], undone, at: MICROS }.into();
    let checked_in_uncounted = |undone| {
        TicketCheckedInUncounted { event, id: "jazz", ticket: ids[1], undone, at: Some(MICROS) }.into()
    };
    let ended = HoldsEnded { event: after(6, 0), end: HoldEnd::Expired, tickets: 1, holds: &ids[12..13] };
    let ended_uncounted =
        HoldsEndedUncounted { event: after(6, 0), end: HoldEnd::Released, holds: &ids[7..8] };
    let hold = Hold { tickets: 3, created: MICROS, deadline, state: HoldState::Active };
    let released = HoldState::Ended(EndedHold { end: HoldEnd::Released, at: MICROS });
    let booked = TicketState::new(TicketStatus::Booked, None).to_bytes();
    let cancelled = TicketState::new(TicketStatus::Cancelled, Some(MICROS)).to_bytes();
    let states = [booked, cancelled];
    let [tickets_kept, hold_kept, ended_hold_kept]: [Change<'_>; 3] = [
        TicketsKept { event, attendee: "Ann", tickets: &ids[9..11], states: &states }.into(),
        HoldKept { event, id: ids[13], hold, attendee: "Bob" }.into(),
        HoldKept { event, id: ids[14], hold: Hold { state: released, ..hold }, attendee: "" }.into(),
    ];
    let key = |key| UsedKey { identity: "", key, request: [7; 16], reply: b"OK {\"event_id\":\"jazz\"}\n" };
    let key_kept = KeyKept { used: key("an-earlier-key:1"), at: MICROS }.into();
    let standup = EntryTexts { who: "F2", title: "standup", group: "F3,F4", host: "F2" };
    let series = Some(SeriesId(NonZeroU64::MIN));
    let hours = |first, hours| {
        let start = Slot::from_index(slot.index() + first).expect("an hour of 2026");
        Period::new(start, Hours::new(hours).expect("hours of an entry")).expect("hours of 2026")
    };
    // The second is across midnight.
    let occurrences = [encode_occurrence(0, hours(24, 1)), encode_occurrence(2, hours(36, 8))];
    let entries_created = EntriesCreated { series, texts: standup, occurrences: &occurrences }.into();
    let first_number = EntryNumber::first_of(Sequence(32));
    let entries = [encode_entry(first_number, hours(24, 1))];
    let moved_entries = [encode_entry(first_number, hours(60, 3))];
    let entries_moved = EntriesMoved { series, texts: standup, entries: &moved_entries }.into();
    let moved_before = [encode_entry(EntryNumber::first_of(Sequence(2)), hours(70, 1))];
    let account = AccountValues {
        name: "anna",
        role: Role::Seller,
        person: "F1",
        secret: SecretHash::Password(
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ),
    };
    let with_token =
        AccountValues { role: Role::Admin, person: "", secret: SecretHash::Token([7; 32]), ..account };
    // A history that fits the state that it makes.
    let journal: [Change<'_>; 37] = [
        EventCreated { tag, id: "jazz", name: "Jazz", date, total: 10, issued: 1 }.into(),
        TicketsIssued { event, tickets: &ids[1..3] }.into(),
        BlockTaken { slot, who: "F1" }.into(),
        MeetingTaken { slot, who: "F2", title: "standup", group: "F3,F4", host: "F2" }.into(),
        EntryFreed { slot, entry: EntryNumber::first_of(Sequence(3)) }.into(),
        EntryEnded { slot, entry: EntryNumber::first_of(Sequence(4)), texts: standup }.into(),
        EventUpdated { event, held: 0, values: EventValues { name: "Jazz Night", issued: 3, ..values } }
            .into(),
        EventAdded { tag: event_tag("rock"), values: rock }.into(),
        TicketsBooked { event: after(5, 0), attendee: "Ann", tickets: &ids[3..5] }.into(),
        HoldCreated { event: after(5, 3), hold: ids[11], tickets: 3, deadline, attendee: "Bob" }.into(),
        HoldExtended { event: after(5, 3), hold: ids[11], tickets: 3, deadline: deadline + 1 }.into(),
        HoldExtendedUncounted { event, id: "jazz", hold: ids[11], deadline: deadline + 2 }.into(),
        HoldConfirmed { event: after(6, 0), hold: ids[11], attendee: "", tickets: &ids[6..7] }.into(),
        HoldCreated { event: after(6, 1), hold: ids[12], tickets: 1, deadline, attendee: "" }.into(),
        ended.into(),
        HoldCreated { event: after(6, 1), hold: ids[7], tickets: 1, deadline, attendee: "" }.into(),
        ended_uncounted.into(),
        HoldsForgotten { event, holds: &ids[11..13] }.into(),
        checked_in(false),
        checked_in(true),
        checked_in_uncounted(false),
        checked_in_uncounted(true),
        TicketsCancelled { event: after(4, 0), tickets: &ids[1..3] }.into(),
        HoldCreated { event: after(4, 2), hold: ids[8], tickets: 2, deadline, attendee: "" }.into(),
        tickets_kept,
        hold_kept,
        ended_hold_kept,
        EventDeleted { event: after(5, 5) }.into(),
        KeyUsed(key("a.key_of-17:chars")).into(),
        KeysForgotten { through: Sequence(24) }.into(),
        key_kept,
        entries_created,
        AccountAdded(account).into(),
        AccountSet { account: AccountNumber(33), values: with_token }.into(),
        AccountDropped { account: AccountNumber(33), name: account.name }.into(),
        EntriesEnded { series, texts: standup, entries: &entries }.into(),
        entries_moved,
    ];
    // A snapshot whose changes fit one another.
    let snapshot: [Change<'_>; 11] = [
        EventAdded { tag, values }.into(),
        AccountAdded(account).into(),
        BlockTaken { slot, who: "F1" }.into(),
        MeetingTaken { slot, who: "F2", title: "standup", group: "F3,F4", host: "F2" }.into(),
        entries_created,
        EntriesMoved { series: None, texts: standup, entries: &moved_before }.into(),
        key_kept,
        TicketsIssued { event, tickets: &ids[1..3] }.into(),
        tickets_kept,
        hold_kept,
        ended_hold_kept,
    ];
    let (mut commits, mut numbered, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    // Entries are moved by the commit that ends them.
    let (single, moving) = journal.split_at(journal.len() - 2);
    for change in single {
        commit::encode(&mut commits, MICROS, None, std::slice::from_ref(change));
    }
    commit::encode(&mut commits, MICROS, None, moving);
    for change in journal.iter().chain(&snapshot) {
        change.encode(&mut bare);
    }
    for (n, change) in (1..).zip(&snapshot) {
        numbered.extend_from_slice(&change.number(Sequence(n)).to_le_bytes());
        change.encode(&mut numbered);
    }
    write("commit", "one-of-each", &commits)?;
    write("commit", "changes", &bare)?;
    let (mut by_account, anna) = (Vec::new(), Actor { account: AccountNumber(1), name: "anna" });
    commit::encode(&mut by_account, MICROS, Some(anna), &[BlockTaken { slot, who: "F1" }.into()]);
    write("commit", "by-account", &by_account)?;
    // The types before the last one of a kind, whose bodies lack fields.
    write("commit", "earlier-types", &earlier_types())?;
    let marker = (Kind::Marker, 0, Vec::new());
    let next = [&24_u64.to_le_bytes()[..], &[9; 16]].concat();
    let whole = (Kind::Commits, 36, commits.clone());
    frames("segment", "open", std::slice::from_ref(&whole))?;
    frames("segment", "marked", &[whole.clone(), marker])?;
    frames("segment", "closed", &[whole.clone(), (Kind::Trailer, 0, next)])?;
    frames("segment", "twice", &[whole.clone(), whole])?;
    let footer = |changes: u64| (Kind::Footer, 0, changes.to_le_bytes().to_vec());
    frames("snapshot", "empty", &[footer(0)])?;
    frames("snapshot", "whole", &[(Kind::Changes, 11, numbered.clone()), footer(11)])?;
    frames("snapshot", "no-footer", &[(Kind::Changes, 11, numbered)])
}

/// A booking of type 6, an update of type 9 and a check-in of type 14, of the event `jazz`.
fn earlier_types() -> Vec<u8> {
    let key = [&event_tag("jazz").to_le_bytes()[..], &1_u64.to_le_bytes()].concat();
    let counts = [20_u32.to_le_bytes(), 5_u32.to_le_bytes()].concat();
    let id = [&[4, 0][..], b"jazz"].concat();
    let booked = [&[6, 40, 0, 0][..], &key, &counts, &id, &uuids()[1]].concat();
    let date = 740_000_u32.to_le_bytes();
    let updated =
        [&[9, 39, 0, 0][..], &key, &date, &counts, &[1, 4, 0, 0, 0], &id, &[4, 0], b"Jazz"].concat();
    let checked_in = [&[14, 33, 0, 0][..], &key, &uuids()[1], &[0], &id].concat();
    [booked, updated, checked_in].concat()
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
            Kind::Genesis | Kind::Takeover | Kind::Heartbeat | Kind::Resign | Kind::Unknown(_) => 5,
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
