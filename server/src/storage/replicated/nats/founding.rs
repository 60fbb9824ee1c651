//! The begin of a cluster whose log goes on behind a snapshot.

use std::sync::Arc;

use async_nats::jetstream::stream::Info;
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
use crate::storage::replicated::frames::{FrameError, Frames};
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::member::{Content, Read};
use crate::storage::replicated::position::Position;
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
        "a server or another import has begun the cluster meanwhile: if what it has may be lost, stop its servers, remove \
         its stream with `nats stream rm {stream}`, and try again"
    )]
    Lost { stream: String },
    #[error(
        "NATS has not acknowledged the first message of the stream {stream}, so it is not known whether the cluster has \
         begun: try again, and a cluster that has begun with the data is found"
    )]
    Unknown { stream: String },
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// What an import has begun.
#[derive(Debug)]
struct Begun {
    /// The CRC of the first frame of the log, which names the data.
    crc: u32,
    /// The last message.
    last: u64,
}

/// How far a cluster is that is to begin with some data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It has not begun.
    New,
    /// An import has begun it with the same data, and nobody has led since.
    Begun,
    /// It was begun with the same data, and servers have led since.
    Led,
}

/// A cluster that is to begin with some data: its stream is empty, or does not exist, or an import has begun
/// it.
#[derive(Debug)]
pub struct Founding {
    client: NatsClient,
    options: NatsOptions,
    id: ClusterId,
    bucket: SnapshotBucket,
    begun: Option<Begun>,
}

impl Founding {
    /// Connects to NATS, and checks that no server has begun the cluster. An empty stream that is there is
    /// used.
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
        let (id, begun) = match stream_of(&client, options).await? {
            None => (ClusterId::random(), None),
            Some(info) => {
                let id = settings::cluster_id(&info.config)?;
                settings::check(&info.config, options)?;
                (id, begun_by_import(&client, options, &info).await?)
            }
        };
        let bucket = SnapshotBucket::of(&client, options, Some(id));
        Ok(Self { client, options: options.clone(), id, bucket, begun })
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

    /// How far the cluster is that is to begin with the frame that has this CRC.
    ///
    /// # Errors
    ///
    /// [`FoundingError::Begun`]: it has begun with other data.
    pub fn progress(&self, crc: u32) -> Result<Progress, FoundingError> {
        match &self.begun {
            None => Ok(Progress::New),
            Some(begun) if begun.crc != crc => {
                Err(FoundingError::Begun { stream: stream_name(&self.options), last: begun.last })
            }
            Some(begun) if begun.last > 1 => Ok(Progress::Led),
            Some(_) => Ok(Progress::Begun),
        }
    }

    /// Looks again whether somebody has begun the cluster since [`Self::open`].
    ///
    /// # Errors
    ///
    /// [`FoundingError::Lost`]: somebody has.
    pub async fn check(&self) -> Result<(), FoundingError> {
        let Some(info) = stream_of(&self.client, &self.options).await? else { return Ok(()) };
        let is_own = settings::cluster_id(&info.config)? == self.id;
        let last = self.begun.as_ref().map_or(0, |begun| begun.last);
        if is_own && info.state.last_sequence == last {
            Ok(())
        } else {
            Err(FoundingError::Lost { stream: stream_name(&self.options) })
        }
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

async fn stream_of(client: &NatsClient, options: &NatsOptions) -> Result<Option<Info>, NatsError> {
    let name = stream_name(options);
    patiently(NatsError::is_temporary, async || find(&client.jetstream(), &name).await).await
}

/// What an import has begun in this stream. `None` if it is empty.
async fn begun_by_import(
    client: &NatsClient,
    options: &NatsOptions,
    info: &Info,
) -> Result<Option<Begun>, FoundingError> {
    let (first, last) = (info.state.first_sequence, info.state.last_sequence);
    if last == 0 {
        return Ok(None);
    }
    let by_server = || FoundingError::Begun { stream: stream_name(options), last };
    if first > 1 {
        return Err(by_server());
    }
    let log = Arc::new(NatsStream::of(client.clone(), options, info).await?);
    let salt = log.id().salt();
    let (Read { content, position }, _) = Frames::after(Position::default(), log, salt).next().await?;
    match content {
        Content::Genesis(genesis) if Genesis::parse(&genesis).is_ok_and(|it| it.snapshot.is_some()) => {
            Ok(Some(Begun { crc: position.crc, last }))
        }
        _ => Err(by_server()),
    }
}
