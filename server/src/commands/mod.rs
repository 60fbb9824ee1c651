//! Execution of requests: a module for each command, which executes it and words its refusals.

pub mod buffers;
mod chunk_status;
mod chunked_reply;
mod command;
mod entries;
mod events;
mod execution_status;
mod holds;
mod refusals;
mod service;
mod ticket_replies;
mod turn;
pub mod turn_budget;

use bookline_protocol::Request;

pub use chunk_status::{CHUNK_BYTES_MAX, ChunkStatus};
pub use chunked_reply::ChunkedReply;
pub use execution_status::ExecutionStatus;
pub use service::{Counters, Service};
pub use snapshot::snapshot;
pub use turn::Turn;

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
        pub fn execute(turn: &mut Turn, service: &Service, request: &Request<'_>) -> ExecutionStatus {
            match request {
                $(Request::$variant(request) => request.execute(turn, service),)*
            }
        }
    };
}

bookline_protocol::for_each_command!(dispatch_requests);
