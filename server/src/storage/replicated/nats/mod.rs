//! The stream of a cluster in NATS JetStream.

mod error;
mod message_limits;
mod options;
mod settings;
mod stream;

pub use error::NatsError;
pub use options::NatsOptions;
pub use stream::NatsStream;
