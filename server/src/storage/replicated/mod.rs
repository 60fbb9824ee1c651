//! The replicated log: a stream that several members append to, one after the other.
//!
//! standbys, read them. Who leads is decided by the stream alone: it stores an append only behind the message
//! that the append expects to be the last one.

pub mod append;
pub mod cluster_id;
pub mod cluster_name;
#[cfg(feature = "cluster")]
pub mod nats;
pub mod stream_read;
pub mod stream_sequence;
