//! The limits of messages.

/// The smallest `max_payload` of NATS with which the largest commit fits into a message.
pub(super) const MAX_PAYLOAD_MIN: usize = 512 << 10;

/// What a message has beside its frame: the headers, and the protocol of NATS. A message that is larger than
/// `max_payload` with its headers costs the connection.
pub(super) const MESSAGE_OVERHEAD_BYTES: usize = 4 << 10;
