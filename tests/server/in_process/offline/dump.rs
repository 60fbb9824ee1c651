//! `booklined dump`: all changes, each complete without the state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bookline_protocol::json::write_value;
use bookline_protocol::reply::{ChangeBody, ChangeKind};
use bookline_testkit::model::Request;
use serde_json::Value;

use super::{booklined, count_changes, model_after, stopped, text};

/// The changes of a dump.
fn changes(directory: &Path) -> Vec<Value> {
    let dumped = booklined("dump", directory, &[]);
    assert!(dumped.status.success(), "{}", text(&dumped));
    let lines = String::from_utf8(dumped.stdout).expect("UTF-8");
    let changes = lines.lines().map(|line| {
        assert!(!line.contains(bookline_protocol::needs_escape), "an unescaped control character: {line:?}");
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
    });
    changes.collect()
}

fn words(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).expect("a list of words")
}

#[tokio::test]
async fn dump_prints_all_changes_as_an_object_a_line() {
    let (directory, scenario) = stopped().await;
    let (mut tickets, mut holds, mut events) = (Vec::new(), Vec::new(), 0);
    for change in changes(directory.path()) {
        assert!(change["sequence"].is_u64(), "{change}");
        let kind = change["kind"].as_str().expect("a kind");
        match kind {
            "event_created" => events += 1,
            "tickets_booked" | "hold_confirmed" | "tickets_kept" => {
                let ids = words(&change["tickets"]);
                assert_eq!(change["count"], ids.len(), "{change}");
                tickets.extend(ids);
            }
            "hold_made" | "hold_kept" => holds.push(change["hold"].as_str().expect("an id").to_owned()),
            "key_used" | "key_kept" => assert_shows_no_secret(&change),
            "keys_forgotten" => assert!(change["through"].is_u64(), "{change}"),
            "holds_forgotten" => assert!(change["event"].is_u64(), "{change}"),
            other => assert!(other.parse::<ChangeKind>().is_ok(), "{change}"),
        }
        assert_eq!(change.get("at").is_none(), is_of_snapshot(&change), "{change}");
    }
    let naive = model_after(&scenario, count_changes(&scenario));
    assert!(events >= naive.events().len(), "{events} events");
    let created = scenario.iter().filter(|(request, reply)| {
        matches!(request.without_key(), Request::Create { .. }) && reply.code.is_none()
    });
    assert!(events <= created.count(), "{events} events");
    // A snapshot has nothing of the events that were deleted before it.
    assert_each_once("ticket", &tickets, &naive.present_tickets(), &naive.tickets());
    assert_each_once("hold", &holds, &naive.present_holds(), &naive.holds());
}

/// Whether a change is of a kind that only a snapshot has, or creates something and is in one.
fn is_of_snapshot(change: &Value) -> bool {
    let kind = change["kind"].as_str().expect("a kind");
    let is_creation = ["event_created", "block_made", "meeting_made"].contains(&kind);
    kind.ends_with("_kept") || is_creation && change["at"].is_null()
}

/// It would fail if a field had another name or place in `dump` than in the feed.
#[tokio::test]
async fn lines_of_the_feed_are_printed_behind_their_sequence_number() {
    let (directory, _) = stopped().await;
    let dumped = booklined("dump", directory.path(), &[]);
    let lines = String::from_utf8(dumped.stdout).expect("UTF-8");
    let mut kinds = BTreeSet::new();
    for line in lines.lines() {
        let rest = line.strip_prefix("{\"sequence\":").expect("a sequence number");
        let (_, rest) = rest.split_once(',').expect("further fields");
        let object = format!("{{{rest}");
        let body: ChangeBody<'_> = serde_json::from_str(&object).expect("an object of the feed");
        if body.kind.parse::<ChangeKind>().is_ok() {
            let mut written = Vec::new();
            write_value(&mut written, &body);
            assert_eq!(String::from_utf8(written).expect("UTF-8"), object);
            kinds.insert(body.kind.into_owned());
        }
    }
    for kind in ChangeKind::ALL {
        let is_about_a_watcher = [ChangeKind::Progress, ChangeKind::Gap].contains(kind);
        // Extensions, deletions of events and expiries are rare among random requests.
        let is_rare = !COMMON.contains(kind);
        assert!(is_about_a_watcher || is_rare || kinds.contains(kind.as_str()), "{kind}: {kinds:?}");
    }
}

/// Kinds that random requests have for certain.
const COMMON: [ChangeKind; 7] = [
    ChangeKind::EventCreated,
    ChangeKind::EventUpdated,
    ChangeKind::TicketsBooked,
    ChangeKind::TicketsCancelled,
    ChangeKind::HoldMade,
    ChangeKind::BlockMade,
    ChangeKind::EntryDeleted,
];

/// Asserts that the use of a key shows neither the key nor the request nor the reply.
fn assert_shows_no_secret(key_used: &Value) {
    let fields = key_used.as_object().expect("an object");
    let shown = ["at", "kind", "reply_bytes", "sequence", "used_at"];
    assert!(fields.keys().all(|field| shown.contains(&&**field)), "{key_used}");
    assert!(key_used["reply_bytes"].is_u64(), "{key_used}");
}

/// Asserts that all that is present is dumped, and nothing twice or that never was.
fn assert_each_once(what: &str, dumped: &[String], present: &[&String], ever: &[&String]) {
    let different: BTreeSet<&String> = dumped.iter().collect();
    assert_eq!(different.len(), dumped.len(), "a {what} is dumped twice");
    assert!(!present.is_empty() && present.iter().all(|id| different.contains(id)), "a {what} is missing");
    let ever: BTreeSet<&String> = ever.iter().copied().collect();
    assert!(different.is_subset(&ever), "a {what} that never was");
}

/// An event, as the changes so far tell of it.
struct Event {
    total: u64,
    issued: u64,
    held: u64,
}

/// What the changes so far tell.
#[derive(Default)]
struct Copy {
    /// By id.
    events: BTreeMap<String, Event>,
    /// The ids of events by number, which the changes of a snapshot have.
    ids: BTreeMap<u64, String>,
    entries: BTreeMap<String, Value>,
    /// The tickets of each active hold.
    holds: BTreeMap<String, u64>,
    /// How many changes of a kind were compared with the copy.
    checked: BTreeMap<String, u64>,
}

/// It would fail if a change of an event did not name it and its counts, or the end of an entry did not say
/// what ended.
#[tokio::test]
async fn changes_of_the_journal_are_complete_without_the_state() {
    let (directory, _) = stopped().await;
    let mut copy = Copy::default();
    for change in changes(directory.path()) {
        copy.apply(change);
    }
    for kind in [
        "entry_deleted",
        "event_updated",
        "tickets_booked",
        "tickets_cancelled",
        "hold_made",
        "hold_extended",
        "hold_confirmed",
    ] {
        assert!(copy.checked.contains_key(kind), "{kind} was not among the changes: {:?}", copy.checked);
    }
}

impl Copy {
    fn apply(&mut self, change: Value) {
        let kind = change["kind"].as_str().expect("a kind").to_owned();
        match &*kind {
            "key_used" | "key_kept" | "keys_forgotten" | "holds_forgotten" => {}
            "block_made" | "meeting_made" | "entry_moved" | "entry_deleted" => {
                self.apply_to_entry(&kind, change);
            }
            _ => self.apply_to_event(&kind, &change),
        }
    }

    fn apply_to_entry(&mut self, kind: &str, change: Value) {
        let entry = change["entry"].as_str().expect("an entry").to_owned();
        match kind {
            "entry_deleted" => {
                let created = self.entries.remove(&entry).unwrap_or_else(|| panic!("no entry: {change}"));
                for field in ["people", "date", "time", "hours", "title", "group", "host", "series"] {
                    assert_eq!(change[field], created[field], "{field}: {change}");
                }
                *self.checked.entry(kind.to_owned()).or_default() += 1;
            }
            "entry_moved" => {
                let before = self.entries.get(&entry).unwrap_or_else(|| panic!("no entry: {change}"));
                assert_eq!((&change["old_date"], &change["old_time"]), (&before["date"], &before["time"]));
                let (people, then) = (words(&change["people"]), words(&before["people"]));
                let gone: Vec<_> = then.into_iter().filter(|person| !people.contains(person)).collect();
                assert_eq!(words(&change["removed"]), gone, "{change}");
                self.entries.insert(entry, change);
            }
            _ => assert!(self.entries.insert(entry, change).is_none(), "created twice"),
        }
    }

    fn apply_to_event(&mut self, kind: &str, change: &Value) {
        let count = |field: &str| change[field].as_u64().expect("a number");
        let id = match change["event"].as_u64() {
            Some(number) => self.ids[&number].clone(),
            None => change["event_id"].as_str().expect("an id").to_owned(),
        };
        if kind == "event_created" {
            let total = count("total_tickets");
            let issued = total - count("available_tickets");
            self.ids.insert(count("sequence"), id.clone());
            assert!(self.events.insert(id, Event { total, issued, held: 0 }).is_none(), "created twice");
            return;
        }
        if kind == "event_deleted" {
            assert!(self.events.remove(&id).is_some(), "deleted twice");
            return;
        }
        let event = self.events.get_mut(&id).expect("an event");
        event.count(kind, change, &mut self.holds);
        // The changes of a snapshot have no counts.
        if !kind.ends_with("_kept") {
            let Event { total, issued, held } = *event;
            assert_eq!(count("available_tickets"), total - issued - held, "{change}");
            assert_eq!(count("held_tickets"), held, "{change}");
            *self.checked.entry(kind.to_owned()).or_default() += 1;
        }
    }
}

impl Event {
    /// Counts a change of the event. `holds` has the tickets of each active hold.
    fn count(&mut self, kind: &str, change: &Value, holds: &mut BTreeMap<String, u64>) {
        let count = || change["count"].as_u64().expect("a number");
        let hold = || change["hold"].as_str().expect("an id").to_owned();
        match kind {
            "event_updated" => {
                self.total = change["total_tickets"].as_u64().expect("a total");
                assert!(["name", "date", "sales"].iter().all(|field| change[field].is_string()), "{change}");
            }
            "tickets_kept" => {
                let statuses = words(&change["statuses"]);
                self.issued += statuses.iter().filter(|status| **status != "cancelled").count() as u64;
            }
            "tickets_booked" => self.issued += count(),
            "tickets_cancelled" => self.issued -= count(),
            "hold_kept" if change["status"].is_string() => {}
            "hold_made" | "hold_kept" => {
                self.held += count();
                holds.insert(hold(), count());
            }
            "hold_extended" => assert_eq!(holds[&hold()], count(), "{change}"),
            "hold_confirmed" => {
                self.held -= holds.remove(&hold()).expect("an active hold");
                self.issued += count();
            }
            "hold_released" | "hold_expired" => {
                let ended = change.get("holds").map_or_else(|| vec![hold()], words);
                let tickets: u64 = ended.iter().map(|hold| holds.remove(hold).expect("an active hold")).sum();
                assert_eq!(tickets, count(), "{change}");
                self.held -= tickets;
            }
            "ticket_checked_in" => assert!(change["undo"].is_boolean() && count() == 1, "{change}"),
            other => panic!("{other}: {change}"),
        }
    }
}
