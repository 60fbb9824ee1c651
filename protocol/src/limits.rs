//! The bounds of the protocol. Everything that comes over the wire is bounded by one of these.

/// Bytes in a line, its end not counted. Room for a group of [`GROUP_IDS_MAX`] ids of [`ID_BYTES_MAX`] characters with their
/// commas (64,999 bytes) and the rest of a MEET; small enough that ten thousand connections cannot fill a machine.
pub const LINE_BYTES_MAX: usize = 65_536;

/// Characters (which are bytes) in an id of an event or a person: a UUID has 36, a mail-like handle fits too.
pub const ID_BYTES_MAX: usize = 64;

/// Characters in a name or a title, counted as Unicode scalar values: a line of a poster, not its text.
pub const TEXT_CHARS_MAX: usize = 200;

/// Ids in a group as written, before duplicates are folded: more people than a lecture hall has seats.
pub const GROUP_IDS_MAX: usize = 1_000;

/// Tickets of one event: more than any stadium, and sums of it stay far from the end of a u64.
pub const EVENT_TICKETS_MAX: u32 = 1_000_000_000;

/// Tickets in one BOOK: its reply (39 bytes a ticket) stays under 400 kB.
pub const BOOKING_TICKETS_MAX: u32 = 10_000;

/// Rows that a listing may be limited to.
pub const LISTING_ROWS_MAX: u32 = 10_000;

/// Hour slots that HOD looks back over, the current one included: 30 days of 24 hours.
pub const HOD_HOURS: u32 = 720;

/// Characters of what was typed that a message repeats: enough to recognise it, too few to flood a terminal.
pub const ECHO_CHARS_MAX: usize = 40;
