//! The length of the longest reply to a request with a key. The server keeps such replies for a while, so
//! its commits and its memory depend on it.

use crate::limits::{
    BOOKING_EVENTS_MAX, CANCELLED_TICKETS_MAX, CLASHES_BYTES_MAX, GROUP_IDS_MAX, ID_BYTES_MAX,
    KEYED_TICKETS_MAX, TEXT_CHARS_MAX,
};
use crate::ticket::TICKET_ID_CHARS;

/// Bytes in the `OK` line of a request with a key, with its line feed: that of a PUT which replaces the
/// largest meeting by the largest.
pub const KEYED_REPLY_BYTES_MAX: usize =
    PUT.len() + ID_BYTES_MAX + 2 * MEETING_BYTES_MAX + ids_bytes_max(MEETING_PEOPLE_MAX);

const PUT: &str = concat!(
    r#"OK {"name":"","date":"21-11-2026","time":"09:00","hours":24,"title":"","group":[],"host":"","#,
    r#""series":"5f3a9c1e77d20b46","occurrences":366,"#,
    r#""replaced":{"date":"21-11-2026","time":"09:00","hours":24,"title":"","group":[],"host":"","removed":[]}}"#,
    "\n"
);

/// The title, the group and the host of the largest meeting.
const MEETING_BYTES_MAX: usize = TEXT_BYTES_MAX + ids_bytes_max(GROUP_IDS_MAX) + ID_BYTES_MAX;

/// The group of a meeting, who created it, and the host.
const MEETING_PEOPLE_MAX: usize = GROUP_IDS_MAX + 2;

/// A name or title whose characters are all written as two escapes, as in `\udb40\udc41`.
const TEXT_BYTES_MAX: usize = TEXT_CHARS_MAX * r"\udb40\udc41".len();

/// So many ids, with quotes and commas.
const fn ids_bytes_max(ids: usize) -> usize {
    ids * ("\"\",".len() + ID_BYTES_MAX) - ",".len()
}

/// So many ids of tickets, with quotes and commas.
const fn tickets_bytes(tickets: usize) -> usize {
    tickets * (TICKET_ID_CHARS + "\"\",".len())
}

const BOOK: usize = r#"OK {"bookings":[]}"#.len()
    + BOOKING_EVENTS_MAX
        * (r#"{"event_id":"","tickets":[],"available_tickets":1000000000},"#.len() + ID_BYTES_MAX)
    + tickets_bytes(KEYED_TICKETS_MAX as usize);

const CONFIRM: usize = r#"OK {"hold_id":"","event_id":"","tickets":[],"available_tickets":1000000000}"#.len()
    + TICKET_ID_CHARS
    + ID_BYTES_MAX
    + tickets_bytes(KEYED_TICKETS_MAX as usize);

const CANCEL: usize = r#"OK {"cancelled":[],"events":[]}"#.len()
    + tickets_bytes(CANCELLED_TICKETS_MAX)
    + CANCELLED_TICKETS_MAX * (r#"{"event_id":"","available_tickets":1000000000},"#.len() + ID_BYTES_MAX);

/// The reply to CHECKIN has a name for whom the ticket is, and the name of the event. All others are shorter.
const CHECKIN: usize = 2 * TEXT_BYTES_MAX + ID_BYTES_MAX + 512;

/// A series with occurrences that were skipped.
const MEET: usize = concat!(
    r#"OK {"name":"","date":"21-11-2026","time":"09:00","hours":24,"title":"","group":[],"host":"","#,
    r#""series":"5f3a9c1e77d20b46","occurrences":366,"skipped":[],"skipped_count":366}"#,
)
.len()
    + ID_BYTES_MAX
    + MEETING_BYTES_MAX
    + CLASHES_BYTES_MAX;

const _: () = assert!(MEET < KEYED_REPLY_BYTES_MAX);
const _: () = assert!(BOOK < KEYED_REPLY_BYTES_MAX && CONFIRM < KEYED_REPLY_BYTES_MAX);
const _: () = assert!(CANCEL < KEYED_REPLY_BYTES_MAX && CHECKIN < KEYED_REPLY_BYTES_MAX);
