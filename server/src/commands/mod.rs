//! Execution of requests: a module for each command, which executes it and words its refusals.

pub mod buffers;
mod chunk_status;
mod chunked_reply;
mod command;
mod entries;
mod execution_status;
mod refusals;
mod service;
pub mod turn_budget;
mod turn_context;

use bookline_protocol::Request;

pub use chunk_status::{CHUNK_BYTES_MAX, ChunkStatus};
pub use chunked_reply::ChunkedReply;
pub use execution_status::ExecutionStatus;
pub use service::{Counters, Identity, Service};
pub use snapshot::snapshot;
pub use turn_context::TurnContext;

use command::Command;
use turn_budget::Cost;

macro_rules! dispatch_requests {
    ($(
        $variant:ident $(<$lifetime:lifetime>)? in $module:ident: $($word:literal)|+;
    )*) => {
        $(mod $module;)*

        /// What a request costs of the budget of a turn.
        #[inline]
        pub fn cost(request: &Request<'_>) -> Cost {
            match request {
                $(Request::$variant(request) => request.cost(),)*
            }
        }

        /// Executes a request and writes its reply.
        pub fn execute(
            service: &Service,
            _identity: Identity,
            request: &Request<'_>,
            context: &mut TurnContext,
        ) -> ExecutionStatus {
            match request {
                $(Request::$variant(request) => request.execute(context, service),)*
            }
        }
    };
}

bookline_protocol::for_each_command!(dispatch_requests);
