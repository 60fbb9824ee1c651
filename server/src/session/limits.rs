//! The memory of a session: what its buffers hold without a share, and while it is idle.

use bookline_protocol::limits::LINE_BYTES_MAX;

use crate::commands::CHUNK_BYTES_MAX;
use crate::commands::buffers::LINE_SHARE_BYTES;

/// The reply buffer that a session has without a share.
pub const OWN_REPLY_BYTES: usize = 64 << 10;

/// Reply bytes after which a turn ends. One more chunk fits into the session's own buffer.
pub const TURN_REPLY_BYTES_TARGET: usize = OWN_REPLY_BYTES - CHUNK_BYTES_MAX;

/// The request buffer that a session has without a share. It is also the most that one read takes, so that
/// never more than this follows the end of a long line, and every long line waits for a share of its own.
pub const OWN_REQUEST_BYTES: usize = 16 << 10;

/// The longest line with the longest line end.
pub const LONG_LINE_BYTES_MAX: usize = LINE_BYTES_MAX + 2;

// A share covers the part of a line that exceeds the session's own buffer, and a reply of the length of a
// line.
const _: () = assert!(LONG_LINE_BYTES_MAX - OWN_REQUEST_BYTES + LINE_BYTES_MAX <= LINE_SHARE_BYTES);

/// The initial capacity of each of the two buffers, which an idle session keeps: idle connections are many.
pub const IDLE_BUFFER_BYTES: usize = 4 << 10;

// Doubling the initial capacity ends at the size of the session's own buffer, and does not exceed it.
const _: () = assert!((OWN_REPLY_BYTES / IDLE_BUFFER_BYTES).is_power_of_two());
const _: () = assert!(IDLE_BUFFER_BYTES <= OWN_REQUEST_BYTES);
