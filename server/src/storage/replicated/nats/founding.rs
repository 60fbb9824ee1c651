//! The begin of a cluster whose log goes on behind a snapshot.

use thiserror::Error;

use super::bucket::SnapshotBucket;
use super::client::NatsClient;
use super::error::NatsError;
use super::find::{find, find_or_create};
use super::message_limits::MAX_PAYLOAD_MIN;
use super::monitor;
use super::options::NatsOptions;
use super::patience::patiently;
use super::settings::{self, stream_name};
use super::stream::NatsStream;
use crate::storage::replicated::append::{Append, AppendResult};
use crate::storage::replicated::cluster_id::ClusterId;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// Why a cluster cannot begin.
#[derive(Debug, Error)]
pub enum FoundingError {
    #[error(transparent)]
    Nats(#[from] NatsError),
    #[error(
        "the stream {stream} has messages up to {last}: the cluster has begun. Give another --cluster-name, or, if what it \
         has may be lost, stop its servers and remove it with `nats stream rm {stream}`"
    )]
    Begun { stream: String, last: u64 },
    #[error(
        "a server has begun the cluster meanwhile: stop all of them, remove its stream with `nats stream rm {stream}`, and \
         try again"
    )]
    Lost { stream: String },
    #[error(
        "NATS has not acknowledged the first message of the stream {stream}. If `nats stream info {stream}` shows a message, \
         the cluster has begun with the data; otherwise try again"
    )]
    Unknown { stream: String },
}

/// A cluster that has not begun: its stream is empty, or does not exist.
#[derive(Debug)]
pub struct Founding {
    client: NatsClient,
    options: NatsOptions,
    id: ClusterId,
    bucket: SnapshotBucket,
}

impl Founding {
    /// Connects to NATS, and checks that the cluster has not begun. An empty stream that is there is used.
    ///
    /// # Errors
    ///
    /// [`FoundingError`]
    pub async fn open(options: &NatsOptions) -> Result<Self, FoundingError> {
        let connect = async || NatsClient::connect_quietly(options).await;
        let client = patiently(NatsError::is_temporary, connect).await?;
        let max_payload = client.max_payload();
        if max_payload < MAX_PAYLOAD_MIN {
            return Err(NatsError::MaxPayload { max_payload }.into());
        }
        monitor::check_answering(&options.monitors).await?;
        let stream = stream_name(options);
        let find = async || find(&client.jetstream(), &stream).await;
        let found = patiently(NatsError::is_temporary, find).await?;
        let id = match found {
            None => ClusterId::random(),
            Some(info) => {
                let id = settings::cluster_id(&info.config)?;
                settings::check(&info.config, options)?;
                if info.state.last_sequence > 0 {
                    return Err(FoundingError::Begun { stream, last: info.state.last_sequence });
                }
                id
            }
        };
        let bucket = SnapshotBucket::of(&client, options, Some(id));
        Ok(Self { client, options: options.clone(), id, bucket })
    }

    /// The id of the cluster.
    pub fn id(&self) -> ClusterId {
        self.id
    }

    /// The bucket for the snapshot that the log goes on behind. Nobody uses what it has before the log has
    /// begun.
    pub fn bucket(&self) -> &SnapshotBucket {
        &self.bucket
    }

    /// Makes the stream, and appends its first frame.
    ///
    /// # Errors
    ///
    /// [`FoundingError`]
    pub async fn begin(self, append: Append) -> Result<(), FoundingError> {
        let Self { client, options, id, .. } = self;
        let stream = stream_name(&options);
        let create = async || find_or_create(&client.jetstream(), &options, id).await;
        let info = patiently(NatsError::is_temporary, create).await?;
        if settings::cluster_id(&info.config)? != id {
            return Err(FoundingError::Lost { stream });
        }
        let log = NatsStream::of(client, &options, &info).await?;
        // The same append may be sent again: it is stored once.
        let stored = patiently(Option::is_none, async || match log.append(&append).await {
            AppendResult::Stored { sequence } => Ok(sequence == append.expected.next()),
            AppendResult::WrongLastSequence => match log.read(append.expected.next()).await {
                StreamRead::Message { frame, .. } => Ok(frame == append.frame),
                StreamRead::Absent | StreamRead::NoAnswer => Err(None::<StreamSequence>),
            },
            AppendResult::Unknown => Err(None),
        });
        match stored.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(FoundingError::Lost { stream }),
            Err(_) => Err(FoundingError::Unknown { stream }),
        }
    }
}
