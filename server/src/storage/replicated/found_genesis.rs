//! What the members of a cluster have agreed on, as its log says.

use std::sync::Arc;

use thiserror::Error;

use super::frames::{FrameError, Frames};
use super::genesis::{Genesis, GenesisMismatch};
use super::member::Content;
use super::nats::{BucketError, NatsError, NatsStream, patiently};
use super::position::Position;

/// Why it cannot be read.
#[derive(Debug, Error)]
pub enum NoGenesis {
    #[error(transparent)]
    Nats(#[from] NatsError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Unreadable(#[from] GenesisMismatch),
    #[error(
        "the stream {0} has lost its first message, and the bucket has no snapshot that says what it was"
    )]
    Lost(String),
}

/// What the members have agreed on. None if the cluster has not begun.
///
/// # Errors
///
/// [`NoGenesis`]
pub async fn find_genesis(stream: &Arc<NatsStream>) -> Result<Option<Genesis>, NoGenesis> {
    let messages = patiently(NatsError::is_temporary, async || stream.messages().await).await?;
    if *messages.end() == 0 {
        return Ok(None);
    }
    let lost = || NoGenesis::Lost(stream.name().to_owned());
    if *messages.start() > 1 {
        let contents = patiently(|_| true, async || stream.bucket().contents().await).await?;
        let newest = contents.confirmed().next().ok_or_else(lost)?;
        return Ok(Some(Genesis::parse(newest.genesis.as_bytes())?));
    }
    let mut frames = Frames::after(Position::default(), stream.clone(), stream.id().salt());
    match frames.next().await?.0.content {
        Content::Genesis(payload) => Ok(Some(Genesis::parse(&payload)?)),
        _ => Err(lost()),
    }
}
