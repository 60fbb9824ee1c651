//! Events of another system: the JSON list that such systems keep.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bookline_protocol::limits::EVENT_TICKETS_MAX;
use bookline_protocol::{Date, Id, Text};
use serde::Deserialize;
use thiserror::Error;

use crate::clock;
use crate::state::{DependsOn, Full, NewEvent, StateRejection, Store};
use crate::storage::journal::{AppendError, Failure};
use crate::storage::plain_file;

/// The largest list: two million events at a hundred bytes each, which take about as much memory again when
/// they are parsed.
const MAX_BYTES: u64 = 256 << 20;

/// Why events cannot be imported. Nothing was loaded, unless it says so.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("reading {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not a list of events; the message ends with line and column.
    #[error("{} is not a list of events, and nothing was imported: {error}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: serde_json::Error,
    },
    /// More than is read into memory.
    #[error(
        "{} has more than {} MiB, and nothing was imported: that is the most, because all of a list is read into memory \
         before any of it is loaded. Split it, and import one part after the other", path.display(), MAX_BYTES >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Two events have one id.
    #[error(
        "{} has two events with id {id}, number {first} and number {second} of the list, and nothing was imported",
        path.display()
    )]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
        /// The first one's place in the list, from 1.
        first: usize,
        /// The second one's.
        second: usize,
    },
    /// A write or a sync failed.
    #[error("the import stopped after {loaded} events: {failure}. Run it again: it goes on where it stopped")]
    Journal {
        /// Events that were loaded, of which the last may be missing.
        loaded: usize,
        /// What failed.
        failure: Failure,
    },
    /// The disk is full.
    #[error(
        "the import stopped after {loaded} events: {reason}. Run it again when there is room: it goes on where it stopped"
    )]
    AppendError {
        /// Events that were loaded.
        loaded: usize,
        /// What the journal said.
        reason: AppendError,
    },
    /// There would be more than there may be.
    #[error(
        "the import stopped after {loaded} events: {full}. Run it again then: it goes on where it stopped"
    )]
    Full {
        /// Events that were loaded.
        loaded: usize,
        /// Of what.
        full: Full,
    },
}

/// An event of another system, checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Listed")]
pub struct Imported {
    id: String,
    name: String,
    date: Date,
    total: u32,
    available: u32,
}

/// As it stands in the file: keys in snake_case, camelCase or PascalCase.
#[derive(Deserialize)]
struct Listed {
    #[serde(alias = "Id", alias = "ID")]
    id: String,
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Date")]
    date: String,
    #[serde(alias = "totalTickets", alias = "TotalTickets")]
    total_tickets: u32,
    /// Nothing is sold when it is left out.
    #[serde(alias = "availableTickets", alias = "AvailableTickets")]
    available_tickets: Option<u32>,
}

impl TryFrom<Listed> for Imported {
    type Error = String;

    fn try_from(listed: Listed) -> Result<Self, String> {
        let Listed { id, name, date, total_tickets: total, available_tickets } = listed;
        Id::new(id.as_str()).map_err(|e| format!("id {id:?} {e}"))?;
        Text::new(name.as_str()).map_err(|e| format!("name {name:?} {e}"))?;
        let date = parse_date(&date).ok_or_else(|| {
            format!("date {date:?} is not a date: write yyyy-mm-dd, dd-mm-yyyy or RFC 3339, as in 2026-12-31")
        })?;
        if !(1..=EVENT_TICKETS_MAX).contains(&total) {
            return Err(format!(
                "event {id} has {total} tickets in all: from 1 to {EVENT_TICKETS_MAX} are possible"
            ));
        }
        let available = available_tickets.unwrap_or(total);
        if available > total {
            return Err(format!("event {id} has {available} tickets left of {total}"));
        }
        Ok(Self { id, name, date, total, available })
    }
}

/// A date, or the date of a moment in the offset it is written with.
fn parse_date(text: &str) -> Option<Date> {
    let of_moment = || chrono::DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.date_naive());
    Date::parse(text).or_else(|| Date::from_naive(of_moment()?))
}

/// Reads and checks the whole file.
pub fn read(path: &Path) -> Result<Vec<Imported>, ImportError> {
    let failed = |error| ImportError::Io { path: path.to_owned(), error };
    let file = plain_file::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > MAX_BYTES {
        return Err(ImportError::TooLarge { path: path.to_owned() });
    }
    let mut text = Vec::new();
    // No more, even if it grows.
    file.take(MAX_BYTES).read_to_end(&mut text).map_err(failed)?;
    parse(&text, path)
}

fn parse(text: &[u8], path: &Path) -> Result<Vec<Imported>, ImportError> {
    // Some systems begin their files with a byte order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let events: Vec<Imported> = serde_json::from_slice(text)
        .map_err(|error| ImportError::Malformed { path: path.to_owned(), error })?;
    let mut places = HashMap::new();
    for (i, event) in events.iter().enumerate() {
        if let Some(first) = places.insert(event.id.as_str(), i + 1) {
            let (path, id) = (path.to_owned(), event.id.clone());
            return Err(ImportError::Duplicate { path, id, first, second: i + 1 });
        }
    }
    Ok(events)
}

/// Loads the events, leaving those that are there as they are, so that running it again completes it.
pub async fn load(events: &[Imported], store: &Store) -> Result<(), ImportError> {
    let (mut loaded, mut present) = (0, 0);
    let mut seen = DependsOn::default();
    for event in events {
        let Imported { id, name, date, total, available } = event;
        let new = NewEvent { id, name, date: *date, total: *total, issued: total - available };
        loop {
            match store.create(&new, clock::micros(), &mut seen) {
                Ok(()) => loaded += 1,
                Err(StateRejection::AppendError(AppendError::Backpressure)) => {
                    store.journal().capacity().await;
                    continue;
                }
                // The journal closes only because it failed: nobody stops a server that does not serve yet.
                Err(StateRejection::AppendError(AppendError::Closed)) => {
                    let failure = store.journal().failed().await;
                    return Err(ImportError::Journal { loaded, failure });
                }
                Err(StateRejection::AppendError(reason)) => {
                    settle(store, seen, loaded).await?;
                    return Err(ImportError::AppendError { loaded, reason });
                }
                Err(StateRejection::Full(full)) => {
                    settle(store, seen, loaded).await?;
                    return Err(ImportError::Full { loaded, full });
                }
                // The one other reason not to create an event: its id is taken.
                Err(_) => present += 1,
            }
            break;
        }
    }
    settle(store, seen, loaded).await?;
    tracing::info!(loaded, present, "events imported; those that were present are left as they are");
    Ok(())
}

/// Waits until what was loaded is kept, so that what is said of it is true.
async fn settle(store: &Store, seen: DependsOn, loaded: usize) -> Result<(), ImportError> {
    let settled = store.journal().settle(seen.0).await;
    settled.map_err(|failure| ImportError::Journal { loaded, failure })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::state::{Records, StateLimits};
    use crate::storage::journal::tests::history::{History, SMALL, block_on};
    use crate::storage::journal::tests::sim_disk::{Faults, SimDisk, Whose};

    fn read(text: &str) -> Result<Vec<Imported>, String> {
        parse(text.as_bytes(), Path::new("events.json")).map_err(|e| e.to_string())
    }

    /// A wait for a journal that has failed never ends by itself.
    #[test]
    fn a_sync_that_fails_ends_the_import() {
        let disk = SimDisk::new(1);
        let (journal, _) = History::default().open(&disk, SMALL).expect("a fresh journal");
        let store = Store::new(Records::new(2), StateLimits::NONE, Arc::new(journal));
        let syncs = disk.counts(Whose::Commits).syncs;
        disk.set_faults(Faults { fail_sync: Some(syncs + 1), ..Faults::default() });
        let events = (0..500).map(|n| Imported {
            id: n.to_string(),
            name: "a concert".into(),
            date: Date::parse("2026-12-31").expect("a date"),
            total: 10,
            available: 10,
        });
        let stopped = block_on(load(&events.collect::<Vec<_>>(), &store)).expect_err("the sync fails");
        assert!(stopped.to_string().contains("EIO"), "{stopped}");
    }

    #[test]
    fn keys_and_dates_are_understood_in_their_usual_forms() {
        let events = read(
            r#"[{"id":"1","name":"Event 1","date":"2021-03-01","totalTickets":10,"availableTickets":5},
                {"id":"2","name":"Event 2","date":"01-03-2021","total_tickets":10,"available_tickets":10},
                {"ID":"3","Name":"Event 3","Date":"2021-03-01T23:30:00-05:00","TotalTickets":7,"extra":null}]"#,
        )
        .unwrap();
        let summary: Vec<_> =
            events.iter().map(|e| (e.id.as_str(), e.date.iso().to_string(), e.total, e.available)).collect();
        let day = || "2021-03-01".to_owned();
        assert_eq!(summary, [("1", day(), 10, 5), ("2", day(), 10, 10), ("3", day(), 7, 7)]);
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        let cases = [
            ("[\n{\"id\":\"1\",", "line 2 column"),
            (r#"[{"id":"1","name":"E","date":"2021-02-30","totalTickets":1}]"#, "2021-02-30"),
            (r#"[{"id":"1","name":"E","date":"2021-03-01","totalTickets":-1}]"#, "line 1 column"),
            (
                r#"[{"id":"1","name":"E","date":"2021-03-01","totalTickets":1,"availableTickets":2}]"#,
                "2 tickets left of 1",
            ),
            (r#"[{"id":"a b","name":"E","date":"2021-03-01","totalTickets":1}]"#, "a b"),
            (r#"{"id":"1"}"#, "line 1 column"),
        ];
        for (text, expected) in cases {
            let message = read(text).unwrap_err();
            assert!(message.contains(expected) && message.contains("nothing was imported"), "{message}");
        }
        let twice = r#"[{"id":"x","name":"E","date":"2021-03-01","totalTickets":1},
                        {"id":"x","name":"F","date":"2021-03-02","totalTickets":1}]"#;
        assert!(read(twice).unwrap_err().contains("two events with id x"));
    }
}
