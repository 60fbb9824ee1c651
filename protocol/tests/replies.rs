//! Replies: every JSON object as it is written on the wire, and the functions that write an object without
//! its struct compared with the struct.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::num::NonZeroU64;

use bookline_protocol::commands::block::{BlockReply, write_block_reply};
use bookline_protocol::commands::book::{
    BookReply, BookingPlace, BookingsReply, close_booking, open_booking, write_book_reply, write_tickets,
};
use bookline_protocol::commands::cancel::{CancelReply, EventAvailability, write_cancel_reply};
use bookline_protocol::commands::confirm::{ConfirmReply, write_confirm_reply};
use bookline_protocol::commands::delete::{
    DeleteReply, DeletedEventReply, EntryKind, EventKind, write_delete_reply, write_deleted_event_reply,
};
use bookline_protocol::commands::free::{
    BusyHours, FreeRow, NoTimeReply, close_no_time_reply, open_no_time_reply, write_busy_count,
    write_busy_hours, write_free_row,
};
use bookline_protocol::commands::get::{
    DayEntry, DayReply, close_day_entry, close_day_reply, open_day_entry, open_day_reply,
};
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::commands::help::help_rows;
use bookline_protocol::commands::hod::{HodMeeting, HodRow, write_hod_row};
use bookline_protocol::commands::hold::{HoldReply, HoldStatusReply, write_hold_reply};
use bookline_protocol::commands::meet::{MeetReply, write_meet_reply};
use bookline_protocol::commands::release::ReleaseReply;
use bookline_protocol::commands::snapshot::SnapshotReply;
use bookline_protocol::commands::stats::StatsReply;
use bookline_protocol::commands::ticket::{TicketReply, WrittenTicket, write_ticket_reply};
use bookline_protocol::commands::tickets::{TicketRow, write_ticket_row};
use bookline_protocol::limits::{
    BOOKING_EVENTS_MAX, CANCELLED_TICKETS_MAX, CLASHES_BYTES_MAX, ENTRY_HOURS_MAX, GROUP_IDS_MAX,
    ID_BYTES_MAX, KEYED_TICKETS_MAX, SERIES_OCCURRENCES_MAX, TEXT_CHARS_MAX,
};
use bookline_protocol::reply::{
    Clash, Clashes, ClusterReply, ClusterRole, CountReply, ENTRY_PLACE_BYTES_MAX, EmptyReply, EntryFields,
    EntryPlace, ErrBody, ErrTickets, EventReply, EventSale, KEYED_REPLY_BYTES_MAX, LineKind, MalformedLine,
    Members, ReplacedEntry, ReplacedMeeting, ReplyLine, SeriesFields, SkippedFields, WrittenEntry,
    entry_fields_bytes_max, event_reply_prefix, name_and_date, parse_event_reply_prefix, write_entry_fields,
    write_event_reply, write_ok, write_row,
};
use bookline_protocol::{
    Code, Date, HoldId, HoldStatus, Hour, Hours, MaxPerBooking, Period, Refusal, SaleTerms, Sales, SeriesId,
    Slot, TicketId, TicketStatus, Timestamp, Verb, needs_escape,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Writes an object as an `OK` line, compares it with `body`, and reads it back.
#[track_caller]
fn assert_object<'a, T: Serialize + Deserialize<'a> + PartialEq + Debug>(value: &T, body: &'a str) {
    let mut out = Vec::new();
    write_ok(&mut out, value);
    assert_eq!(String::from_utf8(out).unwrap(), format!("OK {body}\n"));
    assert_eq!(&serde_json::from_str::<T>(body).unwrap(), value);
}

fn nine() -> Slot {
    Slot { date: Date::parse("2026-11-21").unwrap(), hour: Hour::new(9).unwrap() }
}

const SERIES: SeriesId = SeriesId(NonZeroU64::new(0x5f3a_9c1e_77d2_0b46).unwrap());

/// The reply to a BLOCK of an entry in no series.
fn blocked(name: &str, period: Period) -> BlockReply<'_> {
    let (Slot { date, hour: time }, hours) = (period.start(), period.hours().above_one());
    BlockReply { name: name.into(), date, time, hours, series: None, skipped: None, replaced: None }
}

/// The reply to a MEET of an entry in no series.
fn met<'a>(name: &'a str, period: Period, meet: EntryFields<'a>) -> MeetReply<'a> {
    let (Slot { date, hour: time }, hours) = (period.start(), period.hours().above_one());
    let EntryFields { title, group, host } = meet;
    let (series, skipped, replaced) = (None, None, None);
    MeetReply { name: name.into(), date, time, hours, title, group, host, series, skipped, replaced }
}

/// An entry of 14 hours from ten in the evening on, in a series.
fn of_night() -> EntryPlace {
    let start = Slot { date: Date::parse("2026-11-20").unwrap(), hour: Hour::new(22).unwrap() };
    let period = Period::new(start, Hours::new(14).unwrap()).unwrap();
    EntryPlace::of(period, Some("000000000000abcd".parse::<SeriesId>().unwrap()))
}

fn class_meeting() -> EntryFields<'static> {
    EntryFields { title: "class committee meeting".into(), group: Members::from("F2,F3"), host: "F1".into() }
}

/// 2026-11-26 09:57:53.123456 UTC.
const MOMENT: Timestamp = Timestamp(1_795_687_073_123_456);

const HOLD: HoldId = HoldId(TICKET.0);

const TICKET: TicketId = TicketId([
    0x2c, 0xdb, 0xa4, 0xd5, 0x65, 0xe5, 0x8a, 0x4e, 0x9d, 0x2b, 0x64, 0xa5, 0xba, 0x13, 0xb0, 0xee,
]);

#[test]
fn objects_of_events_have_the_documented_json() {
    let event = EventReply {
        id: "rustconf".into(),
        name: "Rust \"Conf\"".into(),
        date: Date::parse("2026-12-31").unwrap(),
        total_tickets: 100,
        available_tickets: 96,
        held_tickets: 2,
        sales: Sales::Open,
        max_per_booking: None,
    };
    assert_object(
        &event,
        r#"{"id":"rustconf","name":"Rust \"Conf\"","date":"2026-12-31","total_tickets":100,"available_tickets":96,"held_tickets":2,"sales":"open"}"#,
    );
    let event = EventReply { sales: Sales::Closed, max_per_booking: Some(4), ..event };
    assert_object(
        &event,
        r#"{"id":"rustconf","name":"Rust \"Conf\"","date":"2026-12-31","total_tickets":100,"available_tickets":96,"held_tickets":2,"sales":"closed","max_per_booking":4}"#,
    );
    assert_object(
        &BookReply { event_id: "rustconf".into(), tickets: vec![TICKET], available_tickets: 98 },
        r#"{"event_id":"rustconf","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"available_tickets":98}"#,
    );
    let booked = BookReply { event_id: "a".into(), tickets: vec![TICKET], available_tickets: 0 };
    assert_object(
        &BookingsReply { bookings: vec![booked] },
        r#"{"bookings":[{"event_id":"a","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"available_tickets":0}]}"#,
    );
    assert_object(
        &DeletedEventReply { event_id: "a".into(), deleted: EventKind::Event, tickets: 3, holds: 1 },
        r#"{"event_id":"a","deleted":"event","tickets":3,"holds":1}"#,
    );
}

#[test]
fn objects_of_holds_have_the_documented_json() {
    let event_id = || "rustconf".into();
    assert_object(
        &HoldReply {
            hold_id: HOLD,
            event_id: event_id(),
            tickets: 2,
            expires_at: MOMENT,
            available_tickets: 98,
        },
        r#"{"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"rustconf","tickets":2,"expires_at":"2026-11-26T09:57:53.123456Z","available_tickets":98}"#,
    );
    assert_object(
        &HoldStatusReply {
            hold_id: HOLD,
            event_id: event_id(),
            tickets: 2,
            expires_at: MOMENT,
            status: HoldStatus::Held,
        },
        r#"{"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"rustconf","tickets":2,"expires_at":"2026-11-26T09:57:53.123456Z","status":"held"}"#,
    );
    assert_object(
        &ConfirmReply { hold_id: HOLD, event_id: event_id(), tickets: vec![TICKET], available_tickets: 98 },
        r#"{"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"rustconf","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"available_tickets":98}"#,
    );
    assert_object(
        &ReleaseReply { hold_id: HOLD, event_id: event_id(), released: 2, available_tickets: 100 },
        r#"{"hold_id":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"rustconf","released":2,"available_tickets":100}"#,
    );
}

#[test]
fn objects_of_tickets_have_the_documented_json() {
    assert_object(
        &CancelReply {
            cancelled: vec![TICKET],
            events: vec![EventAvailability { event_id: "rustconf".into(), available_tickets: 99 }],
        },
        r#"{"cancelled":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"events":[{"event_id":"rustconf","available_tickets":99}]}"#,
    );
    let ticket = TicketReply {
        ticket: TICKET,
        event_id: "rustconf".into(),
        status: TicketStatus::CheckedIn,
        at: Some(MOMENT),
        attendee: Some("Ada Lovelace".into()),
        name: "Rust Conf".into(),
        date: Date::parse("2026-12-31").unwrap(),
    };
    assert_object(
        &ticket,
        r#"{"ticket":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"rustconf","status":"checked_in","at":"2026-11-26T09:57:53.123456Z","for":"Ada Lovelace","name":"Rust Conf","date":"2026-12-31"}"#,
    );
    assert_object(
        &TicketReply { status: TicketStatus::Booked, at: None, attendee: None, ..ticket },
        r#"{"ticket":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"rustconf","status":"booked","name":"Rust Conf","date":"2026-12-31"}"#,
    );
    assert_object(
        &TicketRow {
            ticket: "13b0ee".into(),
            status: TicketStatus::Cancelled,
            at: Some(MOMENT),
            attendee: Some("Ada Lovelace".into()),
        },
        r#"{"ticket":"13b0ee","status":"cancelled","at":"2026-11-26T09:57:53.123456Z","for":"Ada Lovelace"}"#,
    );
}

#[test]
fn objects_of_calendars_have_the_documented_json() {
    let Slot { date, hour: time } = nine();
    assert_object(
        &blocked("F1", Period::of_slot(nine())),
        r#"{"name":"F1","date":"21-11-2026","time":"09:00"}"#,
    );
    assert_object(
        &met("F1", Period::of_slot(nine()), class_meeting()),
        r#"{"name":"F1","date":"21-11-2026","time":"09:00","title":"class committee meeting","group":["F2","F3"],"host":"F1"}"#,
    );
    let block = EntryFields { title: "".into(), group: Members::default(), host: "F1".into() };
    let ten = Hour::new(10).unwrap();
    assert_object(
        &DayReply {
            name: "F1".into(),
            date,
            schedule: vec![
                DayEntry { time, place: EntryPlace::default(), meet: block },
                DayEntry { time: ten, place: of_night(), meet: class_meeting() },
            ],
        },
        r#"{"name":"F1","date":"21-11-2026","schedule":[{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}},{"time":"10:00","from":"20-11-2026 22:00","hours":14,"series":"000000000000abcd","meet":{"title":"class committee meeting","group":["F2","F3"],"host":"F1"}}]}"#,
    );
    assert_object(
        &HodRow {
            date,
            time,
            meetings: vec![
                HodMeeting { place: EntryPlace::default(), meet: class_meeting() },
                HodMeeting { place: of_night(), meet: class_meeting() },
            ],
        },
        r#"{"date":"21-11-2026","time":"09:00","meetings":[{"title":"class committee meeting","group":["F2","F3"],"host":"F1"},{"from":"20-11-2026 22:00","hours":14,"series":"000000000000abcd","title":"class committee meeting","group":["F2","F3"],"host":"F1"}]}"#,
    );
    let hours = Hours::new(2).unwrap();
    assert_object(&FreeRow { date, time, hours }, r#"{"date":"21-11-2026","time":"09:00","hours":2}"#);
    let of_day = BusyHours::OfDay([("F1".to_owned(), vec![time, ten])].into());
    assert_object(&NoTimeReply { count: 0, busy: of_day }, r#"{"count":0,"busy":{"F1":["09:00","10:00"]}}"#);
    let counts = BusyHours::Counts([("F1".to_owned(), 31), ("F2".to_owned(), 1)].into());
    assert_object(&NoTimeReply { count: 0, busy: counts }, r#"{"count":0,"busy":{"F1":31,"F2":1}}"#);
    assert_object(
        &DeleteReply {
            name: "F1".into(),
            date,
            time,
            hours: None,
            series: None,
            deleted: EntryKind::Meeting,
        },
        r#"{"name":"F1","date":"21-11-2026","time":"09:00","deleted":"meeting"}"#,
    );
}

#[test]
fn objects_of_longer_entries_and_series_have_the_documented_json() {
    let Slot { date, hour: time } = nine();
    let period = Period::new(nine(), Hours::new(4).unwrap()).unwrap();
    let series = Some(SeriesFields { series: Some(SERIES), occurrences: 12 });
    let clash = Clash { date, time, busy: Members::from("F2,F3"), busy_count: None };
    let crowded = Clash { busy: Members::from("F2"), busy_count: Some(31), ..clash.clone() };
    let skipped = Some(SkippedFields { skipped: vec![clash, crowded], skipped_count: 2 });
    assert_object(
        &BlockReply { series, skipped: skipped.clone(), ..blocked("F1", period) },
        r#"{"name":"F1","date":"21-11-2026","time":"09:00","hours":4,"series":"5f3a9c1e77d20b46","occurrences":12,"skipped":[{"date":"21-11-2026","time":"09:00","busy":["F2","F3"]},{"date":"21-11-2026","time":"09:00","busy":["F2"],"busy_count":31}],"skipped_count":2}"#,
    );
    let none = Some(SkippedFields { skipped: Vec::new(), skipped_count: 0 });
    assert_object(
        &MeetReply { series, skipped: none, ..met("F1", period, class_meeting()) },
        r#"{"name":"F1","date":"21-11-2026","time":"09:00","hours":4,"title":"class committee meeting","group":["F2","F3"],"host":"F1","series":"5f3a9c1e77d20b46","occurrences":12,"skipped":[],"skipped_count":0}"#,
    );
    // The occurrence has left its series.
    let left = Some(SeriesFields { series: None, occurrences: 1 });
    let replaced = Some(ReplacedEntry { date, time, hours: period.hours().above_one(), meeting: None });
    assert_object(
        &MeetReply { series: left, replaced, ..met("F1", period, class_meeting()) },
        r#"{"name":"F1","date":"21-11-2026","time":"09:00","hours":4,"title":"class committee meeting","group":["F2","F3"],"host":"F1","occurrences":1,"replaced":{"date":"21-11-2026","time":"09:00","hours":4}}"#,
    );
    let hours = period.hours().above_one();
    assert_object(
        &DeleteReply { name: "F1".into(), date, time, hours, series, deleted: EntryKind::Block },
        r#"{"name":"F1","date":"21-11-2026","time":"09:00","hours":4,"series":"5f3a9c1e77d20b46","occurrences":12,"deleted":"block"}"#,
    );
}

#[test]
fn objects_of_the_server_have_the_documented_json() {
    assert_object(&EmptyReply {}, "{}");
    assert_object(&CountReply::of(2), r#"{"count":2}"#);
    assert_object(&CountReply { count: 2, next: Some("AAAA".into()) }, r#"{"count":2,"next":"AAAA"}"#);
    assert_object(
        &HelloReply {
            server: "bookline".into(),
            version: "0.1.0".into(),
            protocol: 1,
            welcome: "Welcome to the ticket reservation system".into(),
            max_line: 65_536,
            time_zone: "Asia/Kolkata".into(),
            now: "2026-11-21T09:00:00+05:30".into(),
            instance: "5f3a9c1e77d20b46".into(),
            auth: "".into(),
            cluster: None,
        },
        r#"{"server":"bookline","version":"0.1.0","protocol":1,"welcome":"Welcome to the ticket reservation system","max_line":65536,"time_zone":"Asia/Kolkata","now":"2026-11-21T09:00:00+05:30","instance":"5f3a9c1e77d20b46"}"#,
    );
    assert_object(
        &StatsReply {
            version: "0.1.0".into(),
            uptime_seconds: 1,
            connections: 2,
            commands: 3,
            events: 4,
            tickets: 5,
            entries: 6,
            ticket_ids: 3,
            person_hours: 12,
            holds: 13,
            ended_holds: 14,
            name_bytes: 15,
            keys: 16,
            key_bytes: 17,
            oldest_key: Some(MOMENT),
            accounts: 18,
            max_events: 100,
            max_tickets: 200,
            max_person_hours: 300,
            max_holds: 400,
            max_ended_holds: 500,
            max_name_bytes: 600,
            max_keys: 700,
            max_key_bytes: 800,
            max_accounts: 900,
            sequence: 7,
            durable_sequence: 8,
            snapshot_sequence: 6,
            oldest_sequence: 5,
            read_only: false,
            cluster: None,
        },
        r#"{"version":"0.1.0","uptime_seconds":1,"connections":2,"commands":3,"events":4,"tickets":5,"entries":6,"ticket_ids":3,"person_hours":12,"holds":13,"ended_holds":14,"name_bytes":15,"keys":16,"key_bytes":17,"oldest_key":"2026-11-26T09:57:53.123456Z","accounts":18,"max_events":100,"max_tickets":200,"max_person_hours":300,"max_holds":400,"max_ended_holds":500,"max_name_bytes":600,"max_keys":700,"max_key_bytes":800,"max_accounts":900,"sequence":7,"durable_sequence":8,"snapshot_sequence":6,"oldest_sequence":5,"read_only":false}"#,
    );
    assert_object(
        &SnapshotReply { sequence: 7, bytes: 4096, milliseconds: 12 },
        r#"{"sequence":7,"bytes":4096,"milliseconds":12}"#,
    );
}

#[test]
fn server_in_a_cluster_says_so_in_its_replies() {
    let cluster = |role, leader: Option<&'static str>| ClusterReply {
        name: "sales".into(),
        role,
        term: 7,
        leader: leader.map(Into::into),
    };
    assert_object(
        &cluster(ClusterRole::Leader, Some("a.example:2665")),
        r#"{"name":"sales","role":"leader","term":7,"leader":"a.example:2665"}"#,
    );
    let standby = r#"{"name":"sales","role":"standby","term":7,"leader":null}"#;
    assert_object(&cluster(ClusterRole::Standby, None), standby);
    assert_object(
        &HelloReply { cluster: Some(cluster(ClusterRole::Standby, None)), ..HelloReply::before_auth() },
        &format!(
            r#"{{"server":"bookline","protocol":1,"max_line":4096,"auth":"required","cluster":{standby}}}"#
        ),
    );
    let later = standby.replace("standby", "observer");
    assert_eq!(serde_json::from_str::<ClusterReply<'_>>(&later).unwrap().role, ClusterRole::Other);
}

#[test]
fn help_rows_equal_the_table() {
    let rows: Vec<_> = help_rows(None, |_| true).collect();
    assert_eq!(rows.len(), Verb::ALL.iter().map(|verb| verb.forms().len()).sum::<usize>());
    assert_eq!(help_rows(Some(Verb::Get), |_| true).count(), 4);
    let mut out = Vec::new();
    write_row(&mut out, &rows[3]);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "ROW {\"command\":\"GET\",\"usage\":\"GET <event-id>\",\"help\":\"shows one event and how many tickets are left\",\"topic\":\"tickets\",\"example\":\"GET rustconf\"}\n"
    );
}

#[test]
fn replies_of_version_0_1_0_have_no_holds() {
    let body = r#"{"id":"e","name":"E","date":"2026-12-31","total_tickets":1,"available_tickets":1}"#;
    assert_eq!(serde_json::from_str::<EventReply<'_>>(body).unwrap().held_tickets, 0);
    let body = r#"{"version":"0.1.0","uptime_seconds":1,"connections":2,"commands":3,"events":4,"tickets":5,"entries":6,"ticket_ids":3,"person_hours":12,"max_events":100,"max_tickets":200,"max_person_hours":300,"sequence":7,"durable_sequence":8,"snapshot_sequence":6,"read_only":false}"#;
    let stats: StatsReply<'_> = serde_json::from_str(body).unwrap();
    assert_eq!((stats.holds, stats.max_holds, stats.ended_holds, stats.max_ended_holds), (0, 0, 0, 0));
    assert_eq!((stats.name_bytes, stats.max_name_bytes), (0, 0));
    assert_eq!((stats.keys, stats.max_keys, stats.key_bytes, stats.max_key_bytes), (0, 0, 0, 0));
    assert_eq!(stats.oldest_key, None);
    assert_eq!((stats.accounts, stats.max_accounts), (0, 0));
}

#[test]
fn unknown_fields_are_skipped() {
    let body = r#"{"id":"e","name":"E","date":"2026-12-31","total_tickets":1,"available_tickets":1,"doors":"19:00"}"#;
    assert_eq!(serde_json::from_str::<EventReply<'_>>(body).unwrap().id, "e");
    let body = r#"{"message":"m","retry":true,"after_seconds":5}"#;
    let expected = ErrBody { message: "m".into(), retry: true, ..ErrBody::default() };
    assert_eq!(serde_json::from_str::<ErrBody>(body).unwrap(), expected);
}

#[track_caller]
fn assert_refusal(refusal: &Refusal, line: &str) {
    let mut out = Vec::new();
    refusal.write(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("{line}\n"));
    let Ok(ReplyLine::Err { code, body }) = ReplyLine::parse(line) else { panic!("{line}") };
    assert_eq!(code.parse::<Code>().unwrap(), refusal.code);
    assert_eq!(serde_json::from_str::<ErrBody>(body).unwrap().message, refusal.message);
}

#[test]
fn refusals_have_the_documented_fields_in_order() {
    assert_refusal(
        &Refusal::sold_out("10 left", 10, 3, 11),
        r#"ERR SOLD_OUT {"message":"10 left","retry":false,"available":10,"held":3,"requested":11}"#,
    );
    assert_refusal(
        &Refusal::sold_out("m", 1, 0, 2).about_event("jazz"),
        r#"ERR SOLD_OUT {"message":"m","retry":false,"event_id":"jazz","available":1,"held":0,"requested":2}"#,
    );
    assert_refusal(
        &Refusal::full("m", 10_000_000_000, 3),
        r#"ERR FULL {"message":"m","retry":false,"limit":10000000000,"requested":3}"#,
    );
    assert_refusal(
        &Refusal::conflict_busy("m", "F2,F3".into()),
        r#"ERR CONFLICT {"message":"m","retry":false,"busy":["F2","F3"]}"#,
    );
    assert_refusal(
        &Refusal::conflict_clashes("m", "F2,F3".into(), clashes(&[&["F3", "F2"], &["F3"]])),
        r#"ERR CONFLICT {"message":"m","retry":false,"busy":["F2","F3"],"clashes":[{"date":"21-11-2026","time":"09:00","busy":["F3","F2"]},{"date":"21-11-2026","time":"09:00","busy":["F3"]}],"clash_count":2}"#,
    );
    assert_refusal(&Refusal::closed("m"), r#"ERR CLOSED {"message":"m","retry":false}"#);
    assert_refusal(
        &Refusal::limit("m", 4, 6),
        r#"ERR LIMIT {"message":"m","retry":false,"limit":4,"requested":6}"#,
    );
    assert_refusal(
        &Refusal::conflict_issued("m", 7, 1, 6),
        r#"ERR CONFLICT {"message":"m","retry":false,"issued":7,"held":1,"requested":6}"#,
    );
    assert_refusal(&Refusal::conflict("m"), r#"ERR CONFLICT {"message":"m","retry":false}"#);
    assert_refusal(
        &Refusal::forbidden_host("m", "F1"),
        r#"ERR FORBIDDEN {"message":"m","retry":false,"host":"F1"}"#,
    );
    assert_refusal(
        &Refusal::unknown_command("m", Some("BOOK")),
        r#"ERR UNKNOWN_COMMAND {"message":"m","retry":false,"did_you_mean":"BOOK"}"#,
    );
    assert_refusal(
        &Refusal::busy(3),
        r#"ERR BUSY {"message":"the server has 3 connections, as many as it allows: try again later","retry":true}"#,
    );
    assert_refusal(
        &Refusal::not_leader(Some("a.example:2665")),
        r#"ERR NOT_LEADER {"message":"this server is a standby, and the leader is a.example:2665: connect to it","retry":true,"leader":"a.example:2665"}"#,
    );
    assert_refusal(
        &Refusal::not_leader(None),
        r#"ERR NOT_LEADER {"message":"this server is a standby, and knows no leader at the moment: try again in a moment, here or at another server of the cluster","retry":true,"leader":null}"#,
    );
    assert_refusal(
        &Refusal::unavailable("the log of the cluster does not answer"),
        r#"ERR UNAVAILABLE {"message":"nothing was done, try again in a moment: the log of the cluster does not answer","retry":true}"#,
    );
    assert_refusal(
        &Refusal::read_only("the disk\u{9b}\u{7f}\u{1b}\n is \"full\""),
        r#"ERR READ_ONLY {"message":"changes are refused for now, reads are served: the disk\u009b\u007f\u001b\n is \"full\"","retry":true}"#,
    );
}

#[test]
fn refusals_about_holds_and_tickets_have_the_documented_fields_in_order() {
    const AT: &str = "2026-11-26T09:57:53.123456Z";
    const ID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
    assert_refusal(
        &Refusal::expired("m", MOMENT),
        &format!(r#"ERR EXPIRED {{"message":"m","retry":false,"at":"{AT}"}}"#),
    );
    assert_refusal(
        &Refusal::conflict_ended("m", HoldStatus::Released, MOMENT),
        &format!(r#"ERR CONFLICT {{"message":"m","retry":false,"status":"released","at":"{AT}"}}"#),
    );
    assert_refusal(
        &Refusal::conflict_ticket("m", TicketStatus::CheckedIn, Some(MOMENT)),
        &format!(r#"ERR CONFLICT {{"message":"m","retry":false,"status":"checked_in","at":"{AT}"}}"#),
    );
    assert_refusal(
        &Refusal::conflict_ticket("m", TicketStatus::Booked, None),
        r#"ERR CONFLICT {"message":"m","retry":false,"status":"booked"}"#,
    );
    assert_refusal(
        &Refusal::conflict_tickets("m", vec![TICKET, TICKET]),
        &format!(r#"ERR CONFLICT {{"message":"m","retry":false,"tickets":["{ID}","{ID}"]}}"#),
    );
    assert_refusal(
        &Refusal::not_found_tickets("m", vec![TICKET]),
        &format!(r#"ERR NOT_FOUND {{"message":"m","retry":false,"tickets":["{ID}"]}}"#),
    );
    assert_refusal(
        &Refusal::conflict_sold("m", 3, 1),
        r#"ERR CONFLICT {"message":"m","retry":false,"tickets":3,"holds":1}"#,
    );
}

#[test]
fn fields_of_refusals_about_holds_and_tickets_are_read_back() {
    let read = |refusal: Refusal| {
        let line = written(|out| refusal.write(out));
        let Ok(ReplyLine::Err { body, .. }) = ReplyLine::parse(&line) else { panic!("{line}") };
        ErrBody { message: String::new(), ..serde_json::from_str(body).unwrap() }
    };
    let expected = ErrBody { at: Some(MOMENT), ..ErrBody::default() };
    assert_eq!(read(Refusal::expired("m", MOMENT)), expected);
    let expected = ErrBody { status: Some("confirmed".into()), ..expected };
    assert_eq!(read(Refusal::conflict_ended("m", HoldStatus::Confirmed, MOMENT)), expected);
    let tickets = |tickets| ErrBody { tickets: Some(tickets), ..ErrBody::default() };
    assert_eq!(read(Refusal::conflict_tickets("m", vec![TICKET])), tickets(ErrTickets::Ids(vec![TICKET])));
    let expected = ErrBody { holds: Some(1), ..tickets(ErrTickets::Count(3)) };
    assert_eq!(read(Refusal::conflict_sold("m", 3, 1)), expected);
    let expected = ErrBody {
        busy: Some(vec!["F2".into()]),
        clashes: Some(vec![clash("F2")]),
        clash_count: Some(1),
        ..ErrBody::default()
    };
    assert_eq!(read(Refusal::conflict_clashes("m", "F2".into(), clashes(&[&["F2"]]))), expected);
    let expected = ErrBody { available: Some(5), held: Some(2), requested: Some(6), ..ErrBody::default() };
    assert_eq!(read(Refusal::sold_out("m", 5, 2, 6)), expected);
}

#[test]
fn retry_is_true_for_temporary_conditions_only() {
    let temporary: Vec<&str> = Code::ALL.into_iter().filter(|code| code.retry()).map(Code::as_str).collect();
    assert_eq!(
        temporary,
        ["RATE_LIMITED", "BUSY", "READ_ONLY", "SHUTTING_DOWN", "NOT_LEADER", "UNAVAILABLE"]
    );
    assert_eq!("TEAPOT".parse::<Code>().unwrap_err().code, "TEAPOT");
}

#[test]
fn line_that_is_not_of_a_reply_is_malformed() {
    assert_eq!(ReplyLine::parse("OK {}\r\n"), Ok(ReplyLine::Ok("{}")));
    assert_eq!(ReplyLine::parse("ROW {\"a\":1}"), Ok(ReplyLine::Row("{\"a\":1}")));
    assert_eq!(ReplyLine::parse("ERR TEAPOT {}"), Ok(ReplyLine::Err { code: "TEAPOT", body: "{}" }));
    for line in
        ["", "OK", "OK ", "OK 1", "ok {}", "ERR {}", "ERR  {}", "ERR BUSY", "HTTP/1.1 400 Bad Request"]
    {
        assert_eq!(ReplyLine::parse(line), Err(MalformedLine), "{line:?}");
    }
}

#[test]
fn line_of_a_change_has_a_sequence_number_and_an_object() {
    let change = ReplyLine::Change { sequence: 7, body: "{\"a\":1}" };
    assert_eq!(ReplyLine::parse("CHANGE 7 {\"a\":1}\r\n"), Ok(change));
    assert!(!change.is_final());
    for line in ["CHANGE {}", "CHANGE 7", "CHANGE x {}", "CHANGE -7 {}", "CHANGE 7 8"] {
        assert_eq!(ReplyLine::parse(line), Err(MalformedLine), "{line:?}");
    }
}

#[test]
fn line_with_an_unknown_word_is_unknown_and_not_malformed() {
    for line in ["LATER 7 {\"a\":1}", "LATER {}", "PARTIAL_RESULT x\r\n", "NOTE some text"] {
        assert_eq!(ReplyLine::parse(line), Ok(ReplyLine::Unknown), "{line:?}");
    }
    assert!(!ReplyLine::Unknown.is_final());
    for line in ["CHANGE", "Change 7 {}", " LATER 7", "SSH-2.0-OpenSSH_10.0 x", "CHANGÉ {}"] {
        assert_eq!(ReplyLine::parse(line), Err(MalformedLine), "{line:?}");
    }
}

/// Clashes at nine, with these busy people.
fn clashes(busy: &[&[&str]]) -> Clashes {
    let mut clashes = Clashes::default();
    busy.iter().for_each(|people| clashes.push(nine(), people.iter().copied()));
    clashes
}

/// A clash at nine, as it is listed.
fn clash(busy: &str) -> Clash<'_> {
    Clash { date: nine().date, time: nine().hour, busy: busy.into(), busy_count: None }
}

fn json_of(value: &impl Serialize) -> String {
    written(|out| write_ok(out, value)).trim_start_matches("OK ").trim_end().to_owned()
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

/// Writes a booking in pieces of two tickets.
fn write_booking(out: &mut Vec<u8>, place: BookingPlace, id: &str, tickets: &[[u8; 16]], available: u32) {
    open_booking(out, place, id, tickets[0]);
    tickets[1..].chunks(2).for_each(|some| write_tickets(out, some));
    close_booking(out, place, available);
}

#[test]
fn no_reply_to_a_request_with_a_key_is_longer_than_that_to_the_largest_put() {
    let id = "x".repeat(ID_BYTES_MAX);
    let ids = |count| vec![id.as_str(); count].join(",");
    let title = "\u{e0041}".repeat(TEXT_CHARS_MAX);
    let meet = || EntryFields {
        title: title.as_str().into(),
        group: Members::from(ids(GROUP_IDS_MAX)),
        host: id.as_str().into(),
    };
    // All people of the old meeting, with its requester and its host, are removed.
    let removed = Members::from(ids(GROUP_IDS_MAX + 2));
    let meeting = Some(ReplacedMeeting { meet: meet(), removed });
    let period = Period::new(nine(), Hours::new(ENTRY_HOURS_MAX).unwrap()).unwrap();
    let series = Some(SeriesFields { series: Some(SERIES), occurrences: SERIES_OCCURRENCES_MAX });
    let entry = WrittenEntry { series, ..WrittenEntry::new(&id, period) };
    let hours = Some(period.hours());
    let replaced = ReplacedEntry { date: nine().date, time: nine().hour, hours, meeting };
    let replacing = WrittenEntry { replaced: Some(&replaced), ..entry };
    let put = written(|out| write_meet_reply(out, &replacing, &meet()));
    assert_eq!(put.len(), KEYED_REPLY_BYTES_MAX);

    let mut skipped = Clashes::default();
    (0..SERIES_OCCURRENCES_MAX).for_each(|_| skipped.push(nine(), (0..20).map(|_| id.as_str())));
    let skipping = WrittenEntry { skipped: Some(&skipped), ..entry };
    let meet_series = written(|out| write_meet_reply(out, &skipping, &meet()));
    assert!(meet_series.len() > CLASHES_BYTES_MAX * 9 / 10 + GROUP_IDS_MAX * ID_BYTES_MAX);

    let tickets = vec![TICKET; KEYED_TICKETS_MAX as usize];
    let events: Vec<_> = tickets.chunks(tickets.len() / BOOKING_EVENTS_MAX).map(bytes_of).collect();
    let book = written(|out| {
        for (index, tickets) in events.iter().enumerate() {
            write_booking(out, BookingPlace::of(index, events.len()), &id, tickets, u32::MAX);
        }
    });
    let confirm = written(|out| write_confirm_reply(out, HOLD, &id, &bytes_of(&tickets), u32::MAX));
    let cancelled = vec![TICKET; CANCELLED_TICKETS_MAX];
    let cancel =
        written(|out| write_cancel_reply(out, &cancelled, cancelled.iter().map(|_| (&*id, u32::MAX))));
    for shorter in [meet_series, book, confirm, cancel] {
        assert!(shorter.ends_with("}\n") && shorter.len() < KEYED_REPLY_BYTES_MAX, "{}", shorter.len());
    }
}

#[test]
fn invisible_characters_are_escaped() {
    let line = written(|out| {
        Refusal::internal("a\u{202e}b\u{2028}OK\u{200b}\u{feff}\u{e0041}é❤\u{fe0f}").write(out)
    });
    let message = r"a\u202eb\u2028OK\u200b\ufeff\udb40\udc41é❤".to_owned() + "\u{fe0f}";
    assert_eq!(line, format!("ERR INTERNAL {{\"message\":\"{message}\",\"retry\":false}}\n"));
}

proptest! {
    #[test]
    fn direct_writers_agree_with_serde(
        name in any::<String>(),
        id in "[A-Za-z0-9._-]{1,64}",
        group in "[a-z]{1,3}(,[a-z]{1,3}){0,4}",
        numbers in any::<[u32; 3]>(),
        index in 24..87_649_440_u32,
        tickets in prop::collection::vec(any::<[u8; 16]>(), 1..5),
        is_closed in any::<bool>(),
        limit in 0..10_001_u32,
        hours in 1..25_u8,
        series in any::<u64>(),
    ) {
        let slot = Slot::from_index(index).unwrap();
        let Slot { date, hour: time } = slot;
        let event = EventReply {
            id: (&*id).into(),
            name: (&*name).into(),
            date,
            total_tickets: numbers[0],
            available_tickets: numbers[1],
            held_tickets: numbers[2],
            sales: if is_closed { Sales::Closed } else { Sales::Open },
            max_per_booking: Some(limit).filter(|limit| *limit > 0),
        };
        let max_per_booking = MaxPerBooking::new(limit).unwrap_or_default();
        let terms = SaleTerms { sales: event.sales, max_per_booking };
        let prefix = event_reply_prefix(&id, &name, date, numbers[0]);
        let sale = EventSale { available_tickets: numbers[1], held_tickets: numbers[2], terms };
        let direct = |kind| written(|out| write_event_reply(out, &prefix, sale, kind));
        prop_assert_eq!(direct(LineKind::Ok), written(|out| write_ok(out, &event)));
        prop_assert_eq!(direct(LineKind::Row), written(|out| write_row(out, &event)));
        prop_assert_eq!(parse_event_reply_prefix(&prefix), Some((name.clone(), date)));

        let tickets: Vec<TicketId> = tickets.into_iter().map(TicketId).collect();
        let direct = written(|out| write_book_reply(out, &id, &bytes_of(&tickets), numbers[1]));
        let in_pieces = written(|out| {
            write_booking(out, BookingPlace::Only, &id, &bytes_of(&tickets), numbers[1]);
        });
        prop_assert_eq!(&in_pieces, &direct);
        let booked = BookReply { event_id: (&*id).into(), tickets, available_tickets: numbers[1] };
        prop_assert_eq!(direct, written(|out| write_ok(out, &booked)));
        for count in 2..5 {
            let direct = written(|out| {
                for index in 0..count {
                    let (place, tickets) = (BookingPlace::of(index, count), bytes_of(&booked.tickets));
                    write_booking(out, place, &id, &tickets, numbers[1]);
                }
            });
            let reply = BookingsReply { bookings: vec![booked.clone(); count] };
            prop_assert_eq!(direct, written(|out| write_ok(out, &reply)));
        }

        let hold_id = HoldId(booked.tickets[0].0);
        let direct = written(|out| {
            write_confirm_reply(out, hold_id, &id, &bytes_of(&booked.tickets), numbers[1]);
        });
        let in_pieces = written(|out| {
            write_booking(out, BookingPlace::Confirmed(hold_id), &id, &bytes_of(&booked.tickets), numbers[1]);
        });
        prop_assert_eq!(&in_pieces, &direct);
        let BookReply { event_id, tickets, available_tickets } = booked;
        let confirmed = ConfirmReply { hold_id, event_id, tickets, available_tickets };
        prop_assert_eq!(direct, written(|out| write_ok(out, &confirmed)));

        let meet = EntryFields { title: (&*name).into(), group: Members::from(&*group), host: (&*id).into() };
        let meeting = ReplacedMeeting { meet: meet.clone(), removed: Members::from(&*group) };
        let period = Period::new(slot, Hours::new(hours).unwrap()).unwrap_or(Period::of_slot(slot));
        let hours = period.hours().above_one();
        let clashes = clashes(&[&[&*id], &["F2", "F3"]]);
        let skipped = SkippedFields {
            skipped: vec![clash(&id), clash("F2,F3")],
            skipped_count: clashes.count(),
        };
        let (clashes, skipped) = if is_closed { (Some(&clashes), Some(skipped)) } else { (None, None) };
        let series = NonZeroU64::new(series).map(SeriesId);
        let series = Some(SeriesFields { series, occurrences: numbers[0] }).filter(|_| numbers[1] % 2 == 0);
        let replaced = |meeting| Some(ReplacedEntry { date, time, hours, meeting });
        for replaced in [None, replaced(None), replaced(Some(meeting))] {
            let entry = WrittenEntry { series, skipped: clashes, replaced: replaced.as_ref(), ..WrittenEntry::new(&id, period) };
            let direct = written(|out| write_block_reply(out, &entry));
            let blocked = BlockReply { series, skipped: skipped.clone(), replaced: replaced.clone(), ..blocked(&id, period) };
            prop_assert_eq!(&direct, &written(|out| write_ok(out, &blocked)));
            prop_assert_eq!(serde_json::from_str::<BlockReply<'_>>(&direct["OK ".len()..]).unwrap(), blocked);

            let direct = written(|out| write_meet_reply(out, &entry, &meet));
            let met = MeetReply { series, skipped: skipped.clone(), replaced: replaced.clone(), ..met(&id, period, meet.clone()) };
            prop_assert_eq!(&direct, &written(|out| write_ok(out, &met)));
            prop_assert_eq!(serde_json::from_str::<MeetReply<'_>>(&direct["OK ".len()..]).unwrap(), met);
        }
        for deleted in [EntryKind::Block, EntryKind::Meeting] {
            let direct = written(|out| write_delete_reply(out, &id, period, series, deleted));
            let reply = DeleteReply { name: (&*id).into(), date, time, hours, series, deleted };
            prop_assert_eq!(&direct, &written(|out| write_ok(out, &reply)));
            prop_assert_eq!(serde_json::from_str::<DeleteReply<'_>>(&direct["OK ".len()..]).unwrap(), reply);
        }

        let texts = (&*name, &*group, &*id);
        for piece in [1, 7, 40, usize::MAX] {
            // A buffer that is empty for each piece, as in a connection.
            let (mut whole, mut progress, mut done) = (Vec::new(), None, false);
            while !done {
                let mut out = Vec::new();
                done = write_entry_fields(&mut out, of_night(), texts, &mut progress, piece);
                whole.extend(out);
            }
            let meeting = HodMeeting { place: of_night(), meet: meet.clone() };
            prop_assert_eq!(String::from_utf8(whole.clone()).unwrap(), json_of(&meeting));
            prop_assert!(whole.len() <= ENTRY_PLACE_BYTES_MAX + entry_fields_bytes_max(&name, &group, &id));
        }

        for (count, place) in [(0, of_night()), (1, of_night()), (2, EntryPlace::default())] {
            let direct_day = |kind| written(|out| {
                open_day_reply(out, kind, &id, date);
                for index in 0..count {
                    open_day_entry(out, time, place, index == 0);
                    write_entry_fields(out, EntryPlace::default(), texts, &mut None, usize::MAX);
                    close_day_entry(out);
                }
                close_day_reply(out);
            });
            let schedule = vec![DayEntry { time, place, meet: meet.clone() }; count];
            let day = DayReply { name: (&*id).into(), date, schedule };
            prop_assert_eq!(direct_day(LineKind::Ok), written(|out| write_ok(out, &day)));
            prop_assert_eq!(direct_day(LineKind::Row), written(|out| write_row(out, &day)));

            let meetings = vec![(place, texts); count];
            let direct = written(|out| write_hod_row(out, slot, meetings.iter().copied()));
            let row = HodRow { date, time, meetings: vec![HodMeeting { place, meet: meet.clone() }; count] };
            prop_assert_eq!(direct, written(|out| write_row(out, &row)));
        }

        let hours = Hours::new(3).unwrap();
        let direct = written(|out| write_free_row(out, slot, hours));
        prop_assert_eq!(direct, written(|out| write_row(out, &FreeRow { date, time, hours })));
        let people: BTreeSet<_> = group.split(',').filter(|id| !id.is_empty()).collect();
        let no_time = |write: &dyn Fn(&mut Vec<u8>, &str, bool)| written(|out| {
            open_no_time_reply(out);
            people.iter().enumerate().for_each(|(index, who)| write(out, who, index == 0));
            close_no_time_reply(out);
        });
        let of_day = no_time(&|out, who, is_first| write_busy_hours(out, who, [time; 3].into_iter(), is_first));
        let busy = BusyHours::OfDay(people.iter().map(|&who| (who.to_owned(), vec![time; 3])).collect());
        prop_assert_eq!(of_day, written(|out| write_ok(out, &NoTimeReply { count: 0, busy })));
        let counts = no_time(&|out, who, is_first| write_busy_count(out, who, 31, is_first));
        let busy = BusyHours::Counts(people.iter().map(|&who| (who.to_owned(), 31)).collect());
        prop_assert_eq!(counts, written(|out| write_ok(out, &NoTimeReply { count: 0, busy })));
    }

    #[test]
    fn direct_writers_of_holds_and_tickets_agree_with_serde(
        name in any::<String>(),
        attendee in prop::option::of(any::<String>()),
        event_ids in prop::collection::vec("[A-Za-z0-9._-]{1,64}", 1..4),
        numbers in any::<[u32; 2]>(),
        day in 1..=3_652_059_u32,
        micros in prop::option::of(any::<i64>()),
        status in prop::sample::select(vec![
            TicketStatus::Booked, TicketStatus::CheckedIn, TicketStatus::Cancelled,
        ]),
        tickets in prop::collection::vec(any::<[u8; 16]>(), 1..5),
        whole_id in any::<bool>(),
    ) {
        let (id, ticket) = (&*event_ids[0], TicketId(tickets[0]));
        let [tickets_count, available_tickets] = numbers;
        let at = micros.map(Timestamp);
        let date = Date::from_day_number(day).unwrap();
        let attendee = attendee.as_deref();

        let held = HoldReply {
            hold_id: HoldId(tickets[0]),
            event_id: id.into(),
            tickets: tickets_count,
            expires_at: at.unwrap_or(MOMENT),
            available_tickets,
        };
        let direct = written(|out| write_hold_reply(out, &held));
        prop_assert_eq!(direct, written(|out| write_ok(out, &held)));

        let prefix = event_reply_prefix(id, &name, date, tickets_count);
        let direct = written(|out| {
            let name_and_date = name_and_date(&prefix, id);
            let ticket = WrittenTicket { ticket, event_id: id, status, at, attendee, name_and_date };
            write_ticket_reply(out, &ticket);
        });
        let reply = TicketReply {
            ticket,
            event_id: id.into(),
            status,
            at,
            attendee: attendee.map(Into::into),
            name: (&*name).into(),
            date,
        };
        prop_assert_eq!(direct, written(|out| write_ok(out, &reply)));

        let direct = written(|out| write_ticket_row(out, ticket, whole_id, status, at, attendee));
        let written_id = ticket.to_string();
        let shown_id = if whole_id { &written_id } else { &written_id[30..] };
        let row = TicketRow { ticket: shown_id.into(), status, at, attendee: attendee.map(Into::into) };
        prop_assert_eq!(direct, written(|out| write_row(out, &row)));

        let cancelled: Vec<TicketId> = tickets.into_iter().map(TicketId).collect();
        let direct = written(|out| {
            write_cancel_reply(out, &cancelled, event_ids.iter().map(|id| (&**id, available_tickets)));
        });
        let availability = |id| EventAvailability { event_id: std::borrow::Cow::Borrowed(id), available_tickets };
        let events = event_ids.iter().map(String::as_str).map(availability).collect();
        let reply = CancelReply { cancelled, events };
        prop_assert_eq!(direct, written(|out| write_ok(out, &reply)));

        let direct = written(|out| write_deleted_event_reply(out, id, numbers[0], numbers[1]));
        let reply = DeletedEventReply {
            event_id: id.into(),
            deleted: EventKind::Event,
            tickets: numbers[0],
            holds: numbers[1],
        };
        prop_assert_eq!(direct, written(|out| write_ok(out, &reply)));
    }

    #[test]
    fn strings_agree_with_serde_json_and_have_no_terminal_controls(
        text in any::<String>(),
        invisible in r"[\x00-\x1f\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]{0,3}",
    ) {
        let text = text + &invisible;
        let line = written(|out| Refusal::internal(&*text).write(out));
        let Ok(ReplyLine::Err { body, .. }) = ReplyLine::parse(&line) else { panic!("{line}") };
        prop_assert_eq!(serde_json::from_str::<ErrBody>(body).unwrap().message, text.clone());
        prop_assert!(!line.trim_end_matches('\n').contains(needs_escape));
        if !text.contains(|c| c > '\u{1f}' && needs_escape(c)) {
            let plain = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(line, format!("ERR INTERNAL {{\"message\":{plain},\"retry\":false}}\n"));
        }
    }
}

fn bytes_of(tickets: &[TicketId]) -> Vec<[u8; 16]> {
    tickets.iter().map(|ticket| ticket.0).collect()
}
