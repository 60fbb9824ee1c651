//! The stream of a cluster: appends and reads, and what their results mean.

use async_nats::connection::State;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{self, Info, LastRawMessageErrorKind};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, header};
use tokio::time::timeout;

use super::bucket::SnapshotBucket;
use super::error::NatsError;
use super::find::{failed, find};
use super::message_limits::{MAX_PAYLOAD_MIN, MESSAGE_OVERHEAD_BYTES};
use super::options::{ANSWER_MAX, NatsOptions, READ_MAX};
use super::settings::{self, bucket_name, stream_name, subject};
use crate::codec::frame::PAYLOAD_BYTES_MAX;
use crate::storage::replicated::append::{Append, AppendResult};
use crate::storage::replicated::cluster_id::ClusterId;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// The stream of a cluster, which exists and has the right configuration.
#[derive(Debug)]
pub struct NatsStream {
    client: Client,
    context: Context,
    stream: stream::Stream<()>,
    name: String,
    subject: String,
    id: ClusterId,
    bucket: SnapshotBucket,
}

impl NatsStream {
    /// Connects to NATS, and finds or creates the stream of the cluster.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn open(options: &NatsOptions) -> Result<Self, NatsError> {
        let connect_options = options.connect_options().await?;
        let client = connect_options
            .connect(&options.servers[..])
            .await
            .map_err(|error| NatsError::Connect { servers: options.server_names(), error })?;
        check_max_payload(&client)?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(ANSWER_MAX);
        let Info { config, .. } = find_or_create(&context, options).await?;
        // First of all, whose it is.
        let id = settings::cluster_id(&config)?;
        settings::check(&config, options)?;
        let (name, subject) = (stream_name(options), subject(options));
        let stream = context.get_stream_no_info(&name).await;
        let stream = stream.map_err(|error| failed("looking for", &name, &error))?;
        let bucket = SnapshotBucket::new(context.clone(), bucket_name(options), options.replicas);
        Ok(Self { client, context, stream, name, subject, id, bucket })
    }

    /// The id of the cluster.
    pub fn id(&self) -> ClusterId {
        self.id
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The snapshots of the cluster.
    pub fn bucket(&self) -> &SnapshotBucket {
        &self.bucket
    }

    /// Removes the messages before `first`, which exists. A purge beyond the end would move the numbers of
    /// the messages that follow.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn purge_before(&self, first: StreamSequence) -> Result<(), NatsError> {
        let info = self.stream.get_info().await.map_err(|error| failed("looking at", &self.name, &error))?;
        let kept = info.state.first_sequence..=info.state.last_sequence;
        if !kept.contains(&first.0) {
            return Ok(());
        }
        let purged = self.stream.purge().sequence(first.0).await;
        purged.map(drop).map_err(|error| failed("purging", &self.name, &error))
    }

    /// The most bytes of a frame, with its header, that a message has space for.
    pub fn frame_bytes_max(&self) -> usize {
        self.client.max_payload().min(PAYLOAD_BYTES_MAX) - MESSAGE_OVERHEAD_BYTES
    }
}

impl Stream for NatsStream {
    /// Its id and what it expects make it safe to publish the same append again.
    async fn append(&self, append: &Append) -> AppendResult {
        // What is published without a connection is kept in memory, as often as it is repeated.
        if self.client.connection_state() != State::Connected {
            return AppendResult::Unknown;
        }
        // Never `expected_last_message_id`: JetStream checks it only when all servers apply the message, and
        // a mismatch stops the stream for good.
        let message = PublishMessage::build()
            .payload(append.frame.clone())
            .message_id(&append.id)
            .expected_stream(&self.name)
            .expected_last_sequence(append.expected.0);
        let acknowledged = match self.context.send_publish(self.subject.clone(), message).await {
            Ok(acknowledgment) => acknowledgment.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            Ok(stored) => AppendResult::Stored { sequence: StreamSequence(stored.sequence) },
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                AppendResult::WrongLastSequence
            }
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                let (bytes, max_payload) = (append.frame.len(), self.client.max_payload());
                tracing::error!(
                    "an append has {bytes} bytes, and the NATS server that this server is connected to now accepts \
                     {max_payload}: give all NATS servers the same max_payload"
                );
                AppendResult::Unknown
            }
            // It may be stored, or be stored later.
            Err(error) => {
                tracing::debug!(id = append.id, %error, "the outcome of an append is not known");
                AppendResult::Unknown
            }
        }
    }

    async fn first(&self) -> Option<StreamSequence> {
        let info = timeout(ANSWER_MAX, self.stream.get_info()).await;
        info.ok()?.ok().map(|info| StreamSequence(info.state.first_sequence))
    }

    async fn read(&self, sequence: StreamSequence) -> StreamRead {
        let Ok(read) = timeout(READ_MAX, self.stream.get_raw_message(sequence.0)).await else {
            return StreamRead::NoAnswer;
        };
        match read {
            Ok(message) => {
                let id = message.headers.get(header::NATS_MESSAGE_ID);
                let id = id.map(|id| id.as_str().to_owned()).unwrap_or_default();
                StreamRead::Message { id, frame: message.payload }
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => StreamRead::Absent,
            Err(error) => {
                tracing::debug!(sequence = sequence.0, %error, "the stream does not answer");
                StreamRead::NoAnswer
            }
        }
    }
}

fn check_max_payload(client: &Client) -> Result<(), NatsError> {
    let max_payload = client.max_payload();
    if max_payload < MAX_PAYLOAD_MIN { Err(NatsError::MaxPayload { max_payload }) } else { Ok(()) }
}

/// The stream of the cluster, as it is, or a new one. Two members may create it at the same time: the second
/// one finds that of the first.
async fn find_or_create(context: &Context, options: &NatsOptions) -> Result<Info, NatsError> {
    let name = stream_name(options);
    if let Some(info) = find(context, &name).await? {
        return Ok(info);
    }
    match context.create_stream(settings::of_new(options, ClusterId::random())).await {
        Ok(created) => Ok(created.cached_info().clone()),
        Err(error) => match find(context, &name).await {
            Ok(Some(info)) => Ok(info),
            _ => Err(failed("creating", &name, &error)),
        },
    }
}
