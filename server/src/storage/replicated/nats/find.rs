//! Finds a stream, or makes that of a cluster.

use std::fmt::Display;

use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::{Context, ErrorCode};

use super::error::NatsError;
use super::options::NatsOptions;
use super::settings::{self, stream_name};
use crate::storage::replicated::cluster_id::ClusterId;

/// The stream with this name. `None` if there is none.
pub(super) async fn find(context: &Context, name: &str) -> Result<Option<Info>, NatsError> {
    match context.get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().clone())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failed("looking for", name, &error)),
    }
}

/// The stream of the cluster, as it is, or a new one with this id.
pub(super) async fn find_or_create(
    context: &Context,
    options: &NatsOptions,
    id: ClusterId,
) -> Result<Info, NatsError> {
    match find(context, &stream_name(options)).await? {
        Some(info) => Ok(info),
        None => create(context, options, id).await,
    }
}

/// A new stream of the cluster with this id. Two members may create it at the same time: the second one finds
/// that of the first.
pub(super) async fn create(
    context: &Context,
    options: &NatsOptions,
    id: ClusterId,
) -> Result<Info, NatsError> {
    let name = stream_name(options);
    match context.create_stream(settings::of_new(options, id)).await {
        Ok(created) => Ok(created.cached_info().clone()),
        Err(error) => match find(context, &name).await {
            Ok(Some(info)) => Ok(info),
            _ => Err(failed("creating", &name, &error)),
        },
    }
}

/// Whether JetStream has answered that there is no such stream.
pub(super) fn is_absent(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// JetStream refuses a request about the stream, or does not answer.
pub(super) fn failed(doing: &'static str, stream: &str, error: &dyn Display) -> NatsError {
    NatsError::Stream { doing, stream: stream.to_owned(), reason: error.to_string() }
}
