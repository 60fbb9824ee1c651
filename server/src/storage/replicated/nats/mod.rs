//! The stream of a cluster in NATS JetStream.

mod bucket;
mod error;
mod find;
mod message_limits;
mod options;
mod settings;
mod stream;

pub use bucket::{BucketError, SnapshotBucket};
pub use error::NatsError;
pub use options::NatsOptions;
pub use stream::NatsStream;
