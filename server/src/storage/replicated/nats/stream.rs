//! The stream of a cluster: appends and reads, and what their results mean.

use std::ops::RangeInclusive;

use async_nats::connection::State;
use async_nats::header;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{self, Info, LastRawMessageErrorKind};
use tokio::time::timeout;

use super::bucket::SnapshotBucket;
use super::client::NatsClient;
use super::error::NatsError;
use super::find::{create, failed, find};
use super::message_limits::{MAX_PAYLOAD_MIN, MESSAGE_OVERHEAD_BYTES};
use super::monitor::{self, Monitor};
use super::options::{ANSWER_MAX, NatsOptions, READ_MAX};
use super::report::StreamReport;
use super::settings::{self, stream_name, subject};
use crate::codec::frame::PAYLOAD_BYTES_MAX;
use crate::storage::replicated::append::{Append, AppendResult};
use crate::storage::replicated::cluster_id::ClusterId;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// The stream of a cluster, which exists and has the right configuration.
#[derive(Debug)]
pub struct NatsStream {
    client: NatsClient,
    options: NatsOptions,
    context: Context,
    stream: stream::Stream<()>,
    name: String,
    subject: String,
    id: ClusterId,
    bucket: SnapshotBucket,
    created: String,
    /// The smallest `max_payload` of the NATS servers that were asked when it was opened.
    max_payload: usize,
}

/// What a check of the stream has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamCheck {
    Right,
    /// What is wrong, and what to do.
    Wrong(Vec<String>),
    /// NATS does not answer, which says nothing about the stream.
    NoAnswer,
}

impl NatsStream {
    /// Connects to NATS, and finds or creates the stream of the cluster.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn open(options: &NatsOptions) -> Result<Self, NatsError> {
        Self::open_with(NatsClient::connect(options).await?, options, true).await
    }

    /// Connects to NATS, and finds the stream of a cluster that has begun.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn open_existing(options: &NatsOptions) -> Result<Self, NatsError> {
        Self::open_with(NatsClient::connect(options).await?, options, false).await
    }

    async fn open_with(
        client: NatsClient,
        options: &NatsOptions,
        may_create: bool,
    ) -> Result<Self, NatsError> {
        let max_payload = client.max_payload();
        if max_payload < MAX_PAYLOAD_MIN {
            return Err(NatsError::MaxPayload { max_payload });
        }
        let of_nodes = monitor::check_answering(&options.monitors).await?;
        let context = client.jetstream();
        let info = match find(&context, &stream_name(options)).await? {
            Some(info) => info,
            None if !may_create => return Err(NatsError::Deleted { stream: stream_name(options) }),
            None => {
                check_has_no_snapshots(&client, options).await?;
                create(&context, options, ClusterId::random()).await?
            }
        };
        let opened = Self::of(client, options, &info).await?;
        settings::check(&info.config, options)?;
        Ok(Self { max_payload: of_nodes.map_or(max_payload, |of_nodes| of_nodes.min(max_payload)), ..opened })
    }

    /// As [`Self::open`], for a command: a stream that exists may have another number of replicas.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn open_with_its_replicas(options: &NatsOptions) -> Result<Self, NatsError> {
        let client = NatsClient::connect_quietly(options).await?;
        let found = find(&client.jetstream(), &stream_name(options)).await?;
        let replicas = found.map_or(options.replicas, |info| info.config.num_replicas);
        Self::open_with(client, &NatsOptions { replicas, ..options.clone() }, true).await
    }

    /// Finds the stream of the cluster for a command that reads it. `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn find(options: &NatsOptions) -> Result<Option<Self>, NatsError> {
        let client = NatsClient::connect_quietly(options).await?;
        match find(&client.jetstream(), &stream_name(options)).await? {
            Some(info) => Self::of(client, options, &info).await.map(Some),
            None => Ok(None),
        }
    }

    /// The stream that was found, whatever its configuration is.
    pub(super) async fn of(
        client: NatsClient,
        options: &NatsOptions,
        info: &Info,
    ) -> Result<Self, NatsError> {
        let id = settings::cluster_id(&info.config)?;
        let (context, name) = (client.jetstream(), stream_name(options));
        let stream = context.get_stream_no_info(&name).await;
        let stream = stream.map_err(|error| failed("looking for", &name, &error))?;
        Ok(Self {
            bucket: SnapshotBucket::of(&client, options, Some(id)),
            max_payload: client.max_payload(),
            client,
            options: options.clone(),
            context,
            stream,
            name,
            subject: subject(options),
            id,
            created: StreamReport::new(info, options).created,
        })
    }

    /// What NATS says of the stream of a cluster, without changing anything. `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`NatsError`], if NATS does not answer.
    pub async fn report(
        client: &NatsClient,
        options: &NatsOptions,
    ) -> Result<Option<StreamReport>, NatsError> {
        let found = find(&client.jetstream(), &stream_name(options)).await?;
        Ok(found.map(|info| StreamReport::new(&info, options)))
    }

    /// The connection to NATS.
    pub fn client(&self) -> &NatsClient {
        &self.client
    }

    /// Checks whether the stream is the one that was opened, and is as it has to be.
    pub async fn check(&self) -> StreamCheck {
        let Ok(report) = Self::report(&self.client, &self.options).await else {
            return StreamCheck::NoAnswer;
        };
        let stream = self.name.clone();
        let mut wrong = Vec::new();
        match report {
            None => wrong.push(NatsError::Deleted { stream }.to_string()),
            Some(report) => {
                let is_other =
                    report.cluster_id != Some(self.id.to_string()) || report.created != self.created;
                if is_other {
                    let (found, expected) = (report.created, self.created.clone());
                    wrong.push(NatsError::MadeAgain { stream, found, expected }.to_string());
                }
                wrong.extend(report.wrong);
            }
        }
        let (found, wanted) = (self.client.max_payload(), self.max_payload);
        if found < wanted {
            let node = self.client.client.server_info().server_name;
            wrong.push(NatsError::NodeMaxPayload { node, found, wanted }.to_string());
        }
        if wrong.is_empty() { StreamCheck::Right } else { StreamCheck::Wrong(wrong) }
    }

    /// The monitoring ports of the NATS servers.
    pub fn monitors(&self) -> &[Monitor] {
        &self.options.monitors
    }

    /// The subject at which NATS tells that the stream was changed.
    pub fn advisory_subject(&self) -> String {
        format!("$JS.EVENT.ADVISORY.STREAM.*.{}", self.name)
    }

    /// The largest message that all NATS servers have to accept.
    pub fn max_payload(&self) -> usize {
        self.max_payload
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

    /// The messages that the stream has. Empty, from 1, if nothing was ever appended.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn messages(&self) -> Result<RangeInclusive<u64>, NatsError> {
        let info = timeout(ANSWER_MAX, self.stream.get_info()).await;
        let info = info.map_err(|error| failed("looking at", &self.name, &error))?;
        let state = info.map_err(|error| failed("looking at", &self.name, &error))?.state;
        Ok(state.first_sequence.max(1)..=state.last_sequence)
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
        self.max_payload.min(PAYLOAD_BYTES_MAX) - MESSAGE_OVERHEAD_BYTES
    }
}

/// A cluster that has snapshots has begun, and is not begun once more because its stream is gone.
async fn check_has_no_snapshots(client: &NatsClient, options: &NatsOptions) -> Result<(), NatsError> {
    let (stream, bucket) = (stream_name(options), SnapshotBucket::of(client, options, None));
    let contents = bucket.contents().await;
    let contents = contents.map_err(|error| failed("looking for the snapshots of", &stream, &error))?;
    match contents.confirmed().next() {
        None => Ok(()),
        Some(_) => Err(NatsError::OnlySnapshots { stream, bucket: bucket.name().to_owned() }),
    }
}

impl Stream for NatsStream {
    /// Its id and what it expects make it safe to publish the same append again.
    async fn append(&self, append: &Append) -> AppendResult {
        // What is published without a connection is kept in memory, as often as it is repeated.
        if self.client.client.connection_state() != State::Connected {
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
