//! Finds a stream.

use std::fmt::Display;

use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::{Context, ErrorCode};

use super::error::NatsError;

/// The stream with this name. `None` if there is none.
pub(super) async fn find(context: &Context, name: &str) -> Result<Option<Info>, NatsError> {
    match context.get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().clone())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failed("looking for", name, &error)),
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
