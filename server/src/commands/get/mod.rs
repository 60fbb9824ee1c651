//! GET: the listing of events, an event, a person's day, or a range of days.

mod day;
mod listing;
mod range;

use bookline_protocol::Refusal;
use bookline_protocol::commands::Get;
use bookline_protocol::reply::LineKind;

use day::ChunkedDay;
use listing::ChunkedListing;
use range::ChunkedRange;

use crate::commands::chunked_reply::ChunkedReply;
use crate::commands::command::Command;
use crate::commands::events::write_event;
use crate::commands::execution_status::ExecutionStatus;
use crate::commands::refusals::{check_range, no_such_event};
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::state::Context;
use crate::state::UnusedKey;

impl Command for Get<'_> {
    #[inline]
    fn cost(&self) -> Cost {
        match self {
            Self::Event { .. } => Cost::Low,
            Self::List { .. } | Self::Day { .. } | Self::Range { .. } => Cost::High,
        }
    }

    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        match self {
            Self::List { limit, after } => {
                ExecutionStatus::Chunked(Box::new(ChunkedListing::new(*limit, after.as_ref())))
            }
            Self::Event { id } => show_event(turn, service, id.as_str()),
            Self::Day { who, date } => {
                match ChunkedDay::read(turn, service, LineKind::Ok, who.as_str(), *date) {
                    Ok(day) if day.is_large() => ExecutionStatus::Chunked(Box::new(day)),
                    Ok(mut day) => {
                        day.write(turn, service, usize::MAX);
                        ExecutionStatus::Complete
                    }
                    Err(bytes) => ExecutionStatus::NeedsShare(bytes),
                }
            }
            Self::Range { who, range } => match check_range(*range) {
                Ok(()) => ExecutionStatus::Chunked(Box::new(ChunkedRange::new(who.as_str(), *range))),
                Err(refusal) => turn.refuse(refusal),
            },
        }
    }
}

fn show_event(turn: &mut Turn, service: &Service, id: &str) -> ExecutionStatus {
    let Turn { context, replies, .. } = turn;
    let shown = service.store.event(context, id, |event| {
        write_event(replies, event, LineKind::Ok);
    });
    match shown {
        Some(()) => ExecutionStatus::Complete,
        None => {
            let refusal = event_not_found(context, service, id);
            turn.refuse(refusal)
        }
    }
}

/// The client may have meant a person, or the same id in another case. Only this refusal searches for it,
/// because GET of unknown events is rare.
fn event_not_found(context: &mut Context, service: &Service, id: &str) -> Refusal {
    let event = match find_in_other_case(context, service, id) {
        Some(other) => format!("there is no event {id}, but there is {other}: ids are case-sensitive"),
        None => no_such_event(id),
    };
    Refusal::not_found(format!("{event}, and GET {id} <date> shows a person's day"))
}

/// Finds an event with the same id in lower case, in upper case, or capitalized. Other spellings would need a
/// search through all events.
fn find_in_other_case(context: &mut Context, service: &Service, id: &str) -> Option<String> {
    let lower = id.to_ascii_lowercase();
    let mut capitalized = lower.clone();
    capitalized[..1].make_ascii_uppercase();
    [lower, id.to_ascii_uppercase(), capitalized].into_iter().find(|other| {
        // The id itself was looked up already.
        other != id && service.store.event(context, other, |_| ()).is_some()
    })
}
