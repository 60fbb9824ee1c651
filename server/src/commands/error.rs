//! Why a request is not answered with `OK`.

use bookline_protocol::Refusal;

use crate::state::StateRejection;
use crate::storage::journal::AppendError;

/// Why a request has no good answer.
#[derive(Debug)]
pub enum CommandError {
    Refused(Box<Refusal>),
    Backpressure,
    /// So many bytes of the common buffers were not free.
    Share(usize),
    /// The journal takes no more changes: the server stops.
    Closed,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
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

/// Puts what the store declined into words, of which those about the request itself come from `refusal`.
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

/// A store declines for the reasons that its function names; another one here is a fault of ours.
pub fn unexpected(rejection: &StateRejection) -> Refusal {
    Refusal::internal(format!("the state rejected for a reason that does not belong here: {rejection:?}"))
}
