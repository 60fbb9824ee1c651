//! The limits of the protocol. Everything that comes over the wire is bounded by one of these.

/// Bytes in a line, without its end. It holds the largest group and the rest of a MEET or PUT, and is small
/// enough that ten thousand connections cannot exhaust the memory of a machine.
pub const LINE_BYTES_MAX: usize = 65_536;

/// Options in a line. No form of a command has as many; the others are unknown options, which error messages
/// name.
pub const LINE_OPTIONS_MAX: usize = 8;

/// Bytes in the id of an event or a person. Ids are ASCII, so these are characters too. A UUID has 36.
pub const ID_BYTES_MAX: usize = 64;

/// Characters in a name or a title, counted as Unicode scalar values: a headline, not a description.
pub const TEXT_CHARS_MAX: usize = 200;

/// Ids in a group as written, duplicates included: more people than a lecture hall has seats.
pub const GROUP_IDS_MAX: usize = 1_000;

/// Tickets of one event: more than any stadium has seats. Sums over all events stay far below `u64::MAX`.
pub const EVENT_TICKETS_MAX: u32 = 1_000_000_000;

/// Tickets in one BOOK, of all its events. Its reply stays below 400 kB.
pub const BOOKING_TICKETS_MAX: u32 = 10_000;

/// Events in one BOOK: the evenings of a festival week and a workshop. A BOOK locks the shards of all of
/// them.
pub const BOOKING_EVENTS_MAX: usize = 8;

/// Seconds that a hold lives at the most, from its HOLD on and with all its extensions: longer than any
/// payment takes. Endless extension would keep tickets from sale without buying them.
pub const HOLD_SECONDS_MAX: u32 = 7_200;

/// Seconds that a hold lives unless its HOLD says otherwise.
pub const HOLD_SECONDS_DEFAULT: u32 = 300;

/// Tickets in one CANCEL as written, repetitions included.
pub const CANCELLED_TICKETS_MAX: usize = 1_000;

/// Bytes in the shortest key: a number of 64 bits in hexadecimal digits, which nobody draws twice in a day.
/// Keys are ASCII, so these are characters too.
pub const KEY_BYTES_MIN: usize = 16;

/// Bytes in the longest key. A UUID has 36, and a hash of 256 bits in hexadecimal digits has 64.
pub const KEY_BYTES_MAX: usize = 64;

/// Tickets in a BOOK or CONFIRM with a key. The server stores the reply, which stays below 40 kB.
pub const KEYED_TICKETS_MAX: u32 = 1_000;

/// Rows that `limit=` may ask a listing for.
pub const LISTING_ROWS_MAX: u32 = 10_000;

/// Hours that HOD looks back, the current one included: 30 days.
pub const HOD_HOURS: u32 = 30 * 24;

/// Hours of one entry: a day. A meeting across midnight is on two days, and none is on three.
pub const ENTRY_HOURS_MAX: u8 = 24;

/// Occurrences of a series: a year of days.
pub const SERIES_OCCURRENCES_MAX: u32 = 366;

/// Clashes of a series that a reply lists: more than a person looks through. All of them are counted.
pub const CLASHES_MAX: usize = 100;

/// Bytes of the clashes that a reply lists, with the commas between them, so that a reply stays as short as
/// the others.
pub const CLASHES_BYTES_MAX: usize = 64 << 10;

/// Busy people that a clash lists. All of them are counted.
pub const CLASH_PEOPLE_MAX: usize = 20;

/// Days that GET and HOD of a range may have: a year.
pub const RANGE_DAYS_MAX: u32 = 366;

/// Person-hours that one request may add, and that it may remove: entries, times their hours, times their
/// people. It bounds the time under the locks to 5 ms.
pub const CHANGE_PERSON_HOURS_MAX: u64 = 20_000;

/// Bytes of one commit, the stored reply of a request with a key included. A commit does not span frames of
/// the log.
pub const COMMIT_BYTES_MAX: u64 = 256 << 10;

/// People times days that FREE and MEET first may search.
pub const SEARCH_PERSON_DAYS_MAX: u64 = 20_000;

/// Rows that `limit=` may ask FREE for: more than anybody reads.
pub const SEARCH_ROWS_MAX: u32 = 1_000;

/// Rows of FREE unless the request says otherwise.
pub const SEARCH_ROWS_DEFAULT: u32 = 10;

/// What one connection may watch, and what one line may name: more than a board has rows.
pub const WATCHED_MAX: usize = 1_000;

/// Characters in the shortest password: what NIST SP 800-63B asks of one that a user chooses.
pub const PASSWORD_CHARS_MIN: usize = 8;

/// Characters in the longest password.
pub const PASSWORD_CHARS_MAX: usize = 200;

/// Bytes in a line of a connection that has to authenticate, and has not, without its end.
pub const UNAUTHENTICATED_LINE_BYTES_MAX: usize = 4_096;

/// Characters of the input that an error message repeats: enough to recognize it, too few to flood a
/// terminal.
pub const ECHO_CHARS_MAX: usize = 40;

// The longest request, PUT … MEET, fits into a line with the largest group and an ASCII title. A title of
// other characters takes up to four bytes for each, so that title and group cannot both be the largest.
const _: () = {
    const GROUP: usize = GROUP_IDS_MAX * (ID_BYTES_MAX + ",".len()) - ",".len();
    const SLOT: usize = " 31-12-2026 09:00".len();
    const REST: usize = "PUT ".len() + ID_BYTES_MAX + SLOT + " MEET".len() + SLOT;
    const TITLE: usize = " \"\"".len() + TEXT_CHARS_MAX;
    const HOST: usize = " host=".len() + ID_BYTES_MAX;
    assert!(REST + TITLE + " ".len() + GROUP + HOST <= LINE_BYTES_MAX);
};
const _: () = assert!(HOLD_SECONDS_DEFAULT <= HOLD_SECONDS_MAX);
const _: () = assert!(SEARCH_ROWS_DEFAULT <= SEARCH_ROWS_MAX);
const _: () = assert!(BOOKING_TICKETS_MAX <= EVENT_TICKETS_MAX);
const _: () = assert!(KEYED_TICKETS_MAX <= BOOKING_TICKETS_MAX);
const _: () = assert!(PASSWORD_CHARS_MIN <= PASSWORD_CHARS_MAX);
// AUTH with the longest password, each character of which is an escaped surrogate pair.
const _: () = assert!(
    "AUTH ".len() + ID_BYTES_MAX + " \"\"".len() + 12 * PASSWORD_CHARS_MAX <= UNAUTHENTICATED_LINE_BYTES_MAX
);
const _: () = assert!(KEY_BYTES_MIN <= KEY_BYTES_MAX);
const _: () = assert!(TEXT_CHARS_MAX * 4 < LINE_BYTES_MAX);
const _: () = assert!(ID_BYTES_MAX < TEXT_CHARS_MAX && ECHO_CHARS_MAX < TEXT_CHARS_MAX);
