//! Why a request gets no `OK`.

use bookline_protocol::Refusal;

use crate::state::StateRejection;
use crate::storage::log::AppendError;

#[derive(Debug)]
pub enum CommandError {
    Refusal(Box<Refusal>),
    Backpressure,
    /// No share of so many bytes was free.
    NeedsShare(usize),
    /// The journal is closed because the server stops.
    Closed,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(Box::new(refusal))
    }
}

impl From<AppendError> for CommandError {
    fn from(append_error: AppendError) -> Self {
        match append_error {
            AppendError::Backpressure => Self::Backpressure,
            AppendError::Closed => Self::Closed,
            AppendError::ReadOnly { .. } => Refusal::read_only(append_error).into(),
        }
    }
}

/// Converts a rejection of the state. `refusal` converts the rejections that are specific to the request.
pub fn command_error(
    rejection: StateRejection,
    refusal: impl FnOnce(StateRejection) -> Refusal,
) -> CommandError {
    match rejection {
        StateRejection::AppendError(append_error) => append_error.into(),
        StateRejection::Full(full) => Refusal::full(full.to_string(), full.limit, full.requested).into(),
        other => refusal(other).into(),
    }
}

/// A function of the store returned a rejection that it never returns for this request: a bug.
pub fn unexpected(rejection: &StateRejection) -> Refusal {
    Refusal::internal(format!("the state rejected the request for an unexpected reason: {rejection:?}"))
}
