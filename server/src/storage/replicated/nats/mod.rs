//! The stream of a cluster in NATS JetStream.

mod bucket;
mod client;
mod error;
mod find;
mod flags;
mod founding;
mod message_limits;
mod monitor;
mod options;
mod patience;
mod report;
mod settings;
mod stream;

pub use bucket::{BucketError, SnapshotBucket};
pub use client::{NatsClient, Patience};
pub use error::NatsError;
pub use flags::{NatsFlags, parse_replicas};
pub use founding::{Founding, FoundingError, Progress};
pub use monitor::{Monitor, NodeReport, ask_all};
pub use options::NatsOptions;
pub use patience::{patiently, silence, until_answered};
pub use report::{ReplicaReport, StreamReport};
pub use stream::{NatsStream, StreamCheck};
