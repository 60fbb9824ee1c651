//! `--import`: events of another system, from a JSON list.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bookline_protocol::limits::EVENT_TICKETS_MAX;
use bookline_protocol::{Date, Id, SaleTerms, Text};
use serde::Deserialize;
use thiserror::Error;

use crate::state::{Context, DependsOn, Error, EventValues, Full, IdTaken, Store};
use crate::storage::log::{AppendError, Failure, LogExt};
use crate::storage::plain_file;

/// The largest file: two million events of a hundred bytes each. Parsed, they take about as much memory
/// again.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Why events cannot be imported. Unless the message says so, no event was loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    #[error("reading {}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{} is not a list of events, and nothing was imported: {error}", path.display())]
    Malformed {
        path: PathBuf,
        /// Its message ends with line and column.
        error: serde_json::Error,
    },
    #[error(
        "{} has more than {} MiB, and nothing was imported: that is the most, because all of a list is read into memory \
         before any of it is loaded. Split it, and import one part after the other", path.display(), FILE_BYTES_MAX >> 20
    )]
    TooLarge { path: PathBuf },
    #[error(
        "{} has two events with id {id}, number {first} and number {second} of the list, and nothing was imported",
        path.display()
    )]
    Duplicate {
        path: PathBuf,
        id: String,
        /// The positions in the list, from 1.
        first: usize,
        second: usize,
    },
    #[error("the import stopped after {loaded} events: {failure}. Run it again: it goes on where it stopped")]
    Journal {
        /// Events that were loaded. The last ones may be lost.
        loaded: usize,
        failure: Failure,
    },
    #[error(
        "the import stopped after {loaded} events: {error}. Run it again when there is room: it goes on where it stopped"
    )]
    Append { loaded: usize, error: AppendError },
    #[error(
        "the import stopped after {loaded} events: {full}. Run it again then: it goes on where it stopped"
    )]
    Full { loaded: usize, full: Full },
}

/// A valid event of another system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonEvent")]
pub struct ImportedEvent {
    id: String,
    name: String,
    date: Date,
    total: u32,
    available: u32,
}

/// An event as JSON, with keys in snake_case, camelCase or PascalCase.
#[derive(Deserialize)]
struct JsonEvent {
    #[serde(alias = "Id", alias = "ID")]
    id: String,
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Date")]
    date: String,
    #[serde(alias = "totalTickets", alias = "TotalTickets")]
    total_tickets: u32,
    /// Without it, all tickets are available.
    #[serde(alias = "availableTickets", alias = "AvailableTickets")]
    available_tickets: Option<u32>,
}

impl TryFrom<JsonEvent> for ImportedEvent {
    type Error = String;

    fn try_from(event: JsonEvent) -> Result<Self, String> {
        let JsonEvent { id, name, date, total_tickets: total, available_tickets } = event;
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

/// Parses a date, or the date of an RFC 3339 timestamp in its own offset.
fn parse_date(text: &str) -> Option<Date> {
    let timestamp = || chrono::DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.date_naive());
    Date::parse(text).or_else(|| Date::from_naive(timestamp()?))
}

/// Reads and validates the whole file.
///
/// # Errors
///
/// If the file cannot be read, is too large, or contains an invalid event or one twice.
pub fn read(path: &Path) -> Result<Vec<ImportedEvent>, ImportError> {
    let io_error = |source| ImportError::Io { path: path.to_owned(), source };
    let file = plain_file::open(path).map_err(io_error)?;
    if file.metadata().map_err(io_error)?.len() > FILE_BYTES_MAX {
        return Err(ImportError::TooLarge { path: path.to_owned() });
    }
    let mut text = Vec::new();
    // The limit holds even if the file grows meanwhile.
    file.take(FILE_BYTES_MAX).read_to_end(&mut text).map_err(io_error)?;
    parse(&text, path)
}

fn parse(text: &[u8], path: &Path) -> Result<Vec<ImportedEvent>, ImportError> {
    // Some systems write a byte order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let events: Vec<ImportedEvent> = serde_json::from_slice(text)
        .map_err(|error| ImportError::Malformed { path: path.to_owned(), error })?;
    let mut positions = HashMap::new();
    for (i, event) in events.iter().enumerate() {
        if let Some(first) = positions.insert(event.id.as_str(), i + 1) {
            let (path, id) = (path.to_owned(), event.id.clone());
            return Err(ImportError::Duplicate { path, id, first, second: i + 1 });
        }
    }
    Ok(events)
}

/// Creates the events whose ids do not exist, so that another run completes an import that failed.
///
/// # Errors
///
/// If the journal fails, the disk or the state is full. The error has the number of events that were loaded.
pub async fn load(events: &[ImportedEvent], store: &Store) -> Result<(), ImportError> {
    let (mut loaded, mut present) = (0, 0);
    let mut context = Context::default();
    for event in events {
        let ImportedEvent { id, name, date, total, available } = event;
        let (issued, terms) = (total - available, SaleTerms::default());
        let new = EventValues { id, name, date: *date, total: *total, issued, terms };
        loop {
            match store.create(&mut context, &new, None) {
                Ok(()) => loaded += 1,
                Err(Error::Append(AppendError::Backpressure)) => {
                    store.log().capacity().await;
                    continue;
                }
                // The journal is closed because it failed: the server does not serve yet, so nothing has
                // stopped it.
                Err(Error::Append(AppendError::Closed)) => {
                    let failure = store.log().failed().await;
                    return Err(ImportError::Journal { loaded, failure });
                }
                Err(Error::Append(
                    error @ (AppendError::ReadOnly { .. }
                    | AppendError::Misconfigured { .. }
                    | AppendError::Unavailable { .. }),
                )) => {
                    settle(store, context.depends_on, loaded).await?;
                    return Err(ImportError::Append { loaded, error });
                }
                Err(Error::Full(full)) => {
                    settle(store, context.depends_on, loaded).await?;
                    return Err(ImportError::Full { loaded, full });
                }
                Err(Error::Rejected(IdTaken)) => present += 1,
                Err(Error::NoShare(_)) => unreachable!("only a reply needs a share"),
                Err(Error::TooLarge(_)) => unreachable!("an event is no calendar entry"),
            }
            break;
        }
    }
    settle(store, context.depends_on, loaded).await?;
    tracing::info!(loaded, present, "events imported; those that were present are left as they are");
    Ok(())
}

/// Waits until the loaded events are durable, so that a message about them is true.
async fn settle(store: &Store, depends_on: DependsOn, loaded: usize) -> Result<(), ImportError> {
    let settled = store.log().settle(depends_on.0).await;
    settled.map_err(|failure| ImportError::Journal { loaded, failure })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ImportedEvent>, String> {
        parse(text.as_bytes(), Path::new("events.json")).map_err(|e| e.to_string())
    }

    #[test]
    fn keys_and_dates_are_parsed_in_their_usual_forms() {
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
    fn invalid_lists_are_refused_by_line_and_column() {
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
