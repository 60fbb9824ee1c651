//! What FREE and MEET first share: the bounds of a search.

use bookline_protocol::Refusal;
use bookline_protocol::limits::SEARCH_PERSON_DAYS_MAX;

use super::buffers::Share;
use super::chunk_status::CHUNK_BYTES_MAX;
use super::reply_shares::ReplyShares;
use super::service::Service;
use crate::state::{NoShare, TimeSearch};

/// Refuses a search of too many days of too many people.
pub fn check_search(search: &TimeSearch) -> Result<(), Refusal> {
    let person_days = search.person_days();
    if person_days <= SEARCH_PERSON_DAYS_MAX {
        return Ok(());
    }
    let message = format!(
        "the search is of {person_days} days, counted for each person, and at most {SEARCH_PERSON_DAYS_MAX} are \
         allowed: name fewer people, or an earlier to="
    );
    Err(Refusal::limit(message, SEARCH_PERSON_DAYS_MAX, person_days))
}

/// Takes a share for a search that needs one: that of many people. Fails with the bytes that it needs.
pub fn take_search_share(
    shares: &mut ReplyShares,
    service: &Service,
    search: &TimeSearch,
) -> Result<Option<Share>, usize> {
    let bytes = search.bytes_held();
    if bytes <= CHUNK_BYTES_MAX {
        return Ok(None);
    }
    shares.take(service, bytes).map(Some).map_err(|NoShare(bytes)| bytes)
}
