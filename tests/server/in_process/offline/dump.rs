//! `booklined dump`: all changes, each complete without the state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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
        assert!(change["sequence"].is_u64() && change.get("at").is_some(), "{change}");
        match change["fact"].as_str().expect("the type of the change") {
            "event_created" => events += 1,
            "event_updated" => assert!(change["event"].is_u64() && change["name"].is_string(), "{change}"),
            "tickets_issued" | "hold_confirmed" => tickets.extend(words(&change["tickets"])),
            "hold_created" => holds.push(change["hold"].as_str().expect("an id").to_owned()),
            "block_taken" | "meeting_taken" | "entry_freed" => {
                let hour =
                    change["time"].as_str().is_some_and(|hour| hour.len() == 5 && hour.ends_with(":00"));
                assert!(hour && change["date"].is_string(), "{change}");
            }
            "entries_created" | "entries_ended" => {
                let entries = change["entries"].as_array().expect("a list of entries");
                let is_hour = |time: &Value| time.as_str().is_some_and(|hour| hour.ends_with(":00"));
                assert!(
                    !entries.is_empty() && entries.iter().all(|entry| is_hour(&entry["time"])),
                    "{change}"
                );
                assert!(entries.iter().all(|entry| entry["hours"].is_u64()), "{change}");
            }
            "hold_extended"
            | "holds_ended"
            | "holds_forgotten"
            | "tickets_cancelled"
            | "ticket_checked_in"
            | "ticket_check_in_undone"
            | "event_deleted" => {
                assert!(change["event"].is_u64(), "{change}");
            }
            "key_used" => assert_shows_no_secret(&change),
            "keys_forgotten" => assert!(change["through"].is_u64(), "{change}"),
            other => panic!("{other}: {change}"),
        }
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

/// Asserts that the use of a key shows neither the key nor the request nor the reply.
fn assert_shows_no_secret(key_used: &Value) {
    let fields = key_used.as_object().expect("an object");
    let shown = ["at", "fact", "reply_bytes", "sequence", "used_at"];
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
    id: Value,
    total: u64,
    issued: u64,
    held: u64,
}

/// It would fail if a change of an event did not name it and its counts, or the end of an entry did not say
/// what ended.
#[tokio::test]
async fn changes_of_the_journal_are_complete_without_the_state() {
    let (directory, _) = stopped().await;
    let (mut events, mut entries, mut holds) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut checked = BTreeMap::<String, u64>::new();
    for change in changes(directory.path()) {
        let number = change["sequence"].as_u64().expect("a sequence number");
        let kind = change["fact"].as_str().expect("the type of the change");
        let Some(event) = change["event"].as_u64() else {
            match kind {
                "event_created" => {
                    let count = |field: &str| change[field].as_u64().expect("a number");
                    let (total, issued) = (count("total_tickets"), count("issued_before"));
                    events.insert(number, Event { id: change["id"].clone(), total, issued, held: 0 });
                }
                "block_taken" | "meeting_taken" => drop(entries.insert((number, 0), change)),
                "entries_created" => {
                    for entry in change["entries"].as_array().expect("a list of entries") {
                        let index = entry["index"].as_u64().expect("an index");
                        let mut created = change.clone();
                        created["entries"] = entry.clone();
                        entries.insert((number, index), created);
                    }
                }
                "entries_ended" => {
                    for entry in change["entries"].as_array().expect("a list of entries") {
                        let number = |field: &str| entry[field].as_u64().expect("a number");
                        let created = entries.remove(&(number("entry"), number("index")));
                        let created = created.unwrap_or_else(|| panic!("no entry: {change}"));
                        for field in ["date", "time", "hours"] {
                            assert_eq!(entry[field], created["entries"][field], "{field}: {change}");
                        }
                        for field in ["who", "title", "group", "host", "series"] {
                            assert_eq!(change[field], created[field], "{field}: {change}");
                        }
                    }
                    *checked.entry(kind.to_owned()).or_default() += 1;
                }
                "entry_freed" => {
                    let entry = change["entry"].as_u64().expect("the number of the entry");
                    let created = entries.remove(&(entry, 0)).unwrap_or_else(|| panic!("no entry: {change}"));
                    for field in ["date", "time", "who", "title", "group", "host"] {
                        assert_eq!(change[field], created[field], "{field}: {change}");
                    }
                    *checked.entry(kind.to_owned()).or_default() += 1;
                }
                "key_used" | "keys_forgotten" => {}
                other => panic!("{other}: {change}"),
            }
            continue;
        };
        events.get_mut(&event).expect("an event").count(&change, &mut holds);
        // The changes of a snapshot have no time, and no counts.
        if !change["at"].is_null() {
            events[&event].check(&change);
            *checked.entry(kind.to_owned()).or_default() += 1;
        }
        if kind == "event_deleted" {
            events.remove(&event);
        }
    }
    for kind in [
        "entry_freed",
        "entries_ended",
        "event_updated",
        "tickets_issued",
        "tickets_cancelled",
        "hold_created",
        "hold_confirmed",
    ] {
        assert!(checked.contains_key(kind), "{kind} was not among the changes: {checked:?}");
    }
}

impl Event {
    /// Counts a change of the event. `holds` has the tickets of each active hold.
    fn count(&mut self, change: &Value, holds: &mut BTreeMap<String, u64>) {
        let mut end = |hold: &str| holds.remove(hold).expect("an active hold");
        match change["fact"].as_str().expect("the type of the change") {
            "event_updated" => {
                self.total = change["total_tickets"].as_u64().expect("a total");
                assert!(["name", "date", "sales"].iter().all(|field| change[field].is_string()), "{change}");
            }
            "tickets_issued" => {
                let statuses = change["statuses"].as_array();
                let cancelled = statuses.into_iter().flatten().filter(|status| **status == "cancelled");
                self.issued += (words(&change["tickets"]).len() - cancelled.count()) as u64;
            }
            "tickets_cancelled" => self.issued -= words(&change["tickets"]).len() as u64,
            "hold_created" if change["status"].is_null() => {
                let tickets = change["tickets"].as_u64().expect("a number");
                self.held += tickets;
                holds.insert(change["hold"].as_str().expect("an id").to_owned(), tickets);
            }
            "hold_confirmed" => {
                self.held -= end(change["hold"].as_str().expect("an id"));
                self.issued += words(&change["tickets"]).len() as u64;
            }
            "holds_ended" => words(&change["holds"]).iter().for_each(|hold| self.held -= end(hold)),
            _ => {}
        }
    }

    /// Asserts that a change of the journal tells the counts after it, if it modifies them.
    fn check(&self, change: &Value) {
        let kind = change["fact"].as_str().expect("the type of the change");
        if kind != "holds_forgotten" {
            assert_eq!(change["event_id"], self.id, "{change}");
        }
        if ["hold_extended", "holds_forgotten", "ticket_checked_in", "ticket_check_in_undone"].contains(&kind)
        {
            return;
        }
        let Self { total, issued, held, .. } = *self;
        for (field, count) in
            [("total_tickets", total), ("available_tickets", total - issued - held), ("held_tickets", held)]
        {
            assert_eq!(change[field], count, "{field}: {change}");
        }
    }
}
