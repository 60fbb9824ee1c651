//! The replicated log: a stream that several members append to, one after the other.
//!
//! A message of the stream is a frame. The one member that leads appends frames of commits; the others, the
//! standbys, read them. Who leads is decided by the stream alone: it stores an append only behind the message
//! that the append expects to be the last one.

pub mod append;
pub mod boot_time;
pub mod cluster_id;
pub mod cluster_name;
#[cfg(feature = "cluster")]
pub mod copy;
mod existing_message;
pub mod extent;
#[cfg(feature = "cluster")]
pub mod found_genesis;
pub mod frames;
pub mod genesis;
pub mod lease;
pub mod log;
pub mod member;
#[cfg(feature = "cluster")]
pub mod nats;
pub mod position;
mod read_ahead;
pub mod replica;
pub mod snapshot;
pub mod snapshot_point;
pub mod start;
pub mod stream;
pub mod stream_read;
pub mod stream_sequence;
