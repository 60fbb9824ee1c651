//! MEET at the first time at which everyone is free.

use bookline_protocol::{Period, Refusal, Window};

use crate::commands::execution_status::ExecutionStatus;
use crate::commands::first_time_search::FirstTimeSearch;
use crate::commands::refusals::busy;
use crate::commands::searches::{check_search, take_search_share};
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::state::{Error, NewEntries, NewEntry, SearchStep, TimeSearch, UnusedKey};

/// Begins a search for the people of a meeting, or says why there is none.
fn begin(
    turn: &mut Turn,
    service: &Service,
    people: String,
    window: Window,
) -> Result<FirstTimeSearch, ExecutionStatus> {
    let search = TimeSearch::new(people, window, service.current_slot());
    check_search(&search).map_err(|refusal| turn.refuse(refusal))?;
    let share = take_search_share(&mut turn.shares, service, &search).map_err(ExecutionStatus::NeedsShare)?;
    Ok(FirstTimeSearch::new(search, share))
}

/// There is no such time. Names the person who is busy at the most hours, of equals the first.
fn no_time(search: &TimeSearch) -> Refusal {
    let busy = search.busy().map(|(who, hours)| (who, hours.count));
    let (who, count) = busy.fold(("", 0), |most, other| if other.1 > most.1 { other } else { most });
    if count == 0 {
        let message =
            "the search has no hour from now on: choose a later date, or days=all to search weekends too";
        return Refusal::conflict_busy(message, String::new());
    }
    let hours = if count == 1 { "hour" } else { "hours" };
    let message = format!(
        "there is no time at which all of them are free, and {who} is busy most, at {count} {hours} of the \
         search: choose a later to=, an earlier from= or a later until=, or leave {who} out"
    );
    Refusal::conflict_busy(message, who.to_owned())
}

/// Executes MEET in a window. It keeps no lock from the search to the creation of the meeting: a time that
/// others took meanwhile is passed over.
pub fn meet_first(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    who: &str,
    meeting: NewEntry<'_>,
    window: Window,
) -> ExecutionStatus {
    let begun = match turn.first_time.take() {
        Some(search) => Ok(search),
        None => {
            let people = meeting.people(who).collect::<Vec<_>>().join(",");
            begin(turn, service, people, window)
        }
    };
    let mut search = match begun {
        Ok(search) => search,
        Err(status) => return status,
    };
    let start = loop {
        if let Some(start) = search.earliest() {
            break start;
        }
        match search.search.advance(&service.store, &mut turn.context) {
            SearchStep::Partial => {}
            SearchStep::Day(date, starts) => search.found = Some((date, starts)),
            SearchStep::End => return turn.refuse(no_time(&search.search)),
        }
        turn.budget.charge(Cost::High, &service.clock);
        if turn.budget.is_exhausted() {
            turn.first_time = Some(search);
            return ExecutionStatus::Unfinished;
        }
    };
    let Ok(period) = Period::new(start, window.hours()) else {
        unreachable!("a time that is found ends on its day");
    };
    let new = NewEntries { who, entry: meeting, periods: &[period], series: None };
    match turn.try_create_entries(service, key, &new) {
        Ok(()) => ExecutionStatus::Complete,
        Err(Error::Rejected(_)) => {
            // Its key can be used for one attempt, so the request is executed again.
            search.pass();
            turn.first_time = Some(search);
            ExecutionStatus::Unfinished
        }
        Err(error) => {
            let status = turn.fail(error, |rejection| busy(period, rejection, ""));
            if status.is_to_repeat() {
                turn.first_time = Some(search);
            }
            status
        }
    }
}
