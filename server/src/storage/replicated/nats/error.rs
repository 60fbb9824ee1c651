//! Why the stream of a cluster cannot be used.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::message_limits::MAX_PAYLOAD_MIN;

/// Why the stream of a cluster cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NatsError {
    #[error("reading the NATS credentials in {}: {error}", file.display())]
    Credentials { file: PathBuf, error: io::Error },
    #[error("connecting to NATS at {servers}: {error}")]
    Connect { servers: String, error: async_nats::ConnectError },
    #[error(
        "NATS at {servers} refuses who connects: give the right user and password in the addresses of --cluster, as in \
         nats://user:password@host:4222, or the right file to --nats-creds"
    )]
    Refused { servers: String },
    #[error(
        "NATS accepts messages of at most {max_payload} bytes, and a cluster needs {MAX_PAYLOAD_MIN}: raise max_payload \
         in the configuration of every NATS server"
    )]
    MaxPayload { max_payload: usize },
    /// The same of a NATS server that is asked at its monitoring port, or of a running cluster.
    #[error(
        "the NATS server {node} accepts messages of at most {found} bytes, and this cluster needs {wanted}: give all \
         NATS servers the same max_payload"
    )]
    NodeMaxPayload { node: String, found: usize, wanted: usize },
    #[error(
        "the NATS server {node} at {monitor} does not sync before it acknowledges, so that a power cut may lose what \
         it has acknowledged: write `sync_interval: always` into jetstream {{ }} of its configuration, and start it again"
    )]
    SyncsLate { node: String, monitor: String },
    /// A request of core NATS cannot be sent.
    #[error("{doing} {subject}: {reason}")]
    Request { doing: &'static str, subject: String, reason: String },
    #[error("the stream {stream} does not exist: it was deleted. Restore it, and start all servers again")]
    Deleted { stream: String },
    #[error(
        "the stream {stream} does not exist, and the bucket {bucket} has snapshots of its cluster: the stream was deleted, \
         or `booklined cluster import` was interrupted. Restore the stream, or run the import again; to begin an empty \
         cluster, remove the snapshots with `nats object del {bucket}`"
    )]
    OnlySnapshots { stream: String, bucket: String },
    #[error(
        "the stream {stream} was deleted and made again at {found}, and this server has joined that of {expected}: \
         restore the one before, or, if this one is right, start all servers again"
    )]
    MadeAgain { stream: String, found: String, expected: String },
    /// JetStream refuses a request about the stream, or does not answer.
    #[error("{doing} the stream {stream}: {reason}")]
    Stream { doing: &'static str, stream: String, reason: String },
    /// Its configuration is not what the promises of a cluster rest on.
    #[error(
        "the stream {stream} has {}, and a cluster needs {}: correct it with `nats stream edit {stream}{flags}`",
        found.join(", "), wanted.join(", ")
    )]
    Settings { stream: String, found: Vec<String>, wanted: Vec<String>, flags: String },
    #[error(
        "the stream {stream} begins with message {first}: the messages before it were purged, and there is no snapshot that \
         holds them: {why}"
    )]
    Purged { stream: String, first: u64, why: String },
    #[error(
        "the stream {stream} is empty, and the data that its cluster is to begin with is there: `booklined cluster import` \
         was interrupted. Run it again, or, to begin without the data, remove the stream with `nats stream rm {stream}`"
    )]
    Unfinished { stream: String },
    #[error(
        "the stream {stream} is not of a cluster of Bookline: its metadata has no valid {key}. Give another --cluster-name"
    )]
    NoClusterId { stream: String, key: &'static str },
}

impl NatsError {
    /// The stream does not return a message.
    pub fn no_answer(stream: &str, message: u64) -> Self {
        let reason = format!("it does not return message {message}");
        Self::Stream { doing: "reading", stream: stream.to_owned(), reason }
    }

    /// Whether the same attempt may succeed later without anybody's help: NATS may be starting, or electing a
    /// leader.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Stream { .. } | Self::Request { .. } => true,
            Self::Credentials { .. }
            | Self::Refused { .. }
            | Self::MaxPayload { .. }
            | Self::NodeMaxPayload { .. }
            | Self::SyncsLate { .. }
            | Self::Deleted { .. }
            | Self::OnlySnapshots { .. }
            | Self::MadeAgain { .. }
            | Self::Purged { .. }
            | Self::Unfinished { .. }
            | Self::Settings { .. }
            | Self::NoClusterId { .. } => false,
        }
    }
}
