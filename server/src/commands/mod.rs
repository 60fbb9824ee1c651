//! Execution of requests: a module for each command, which executes it and words its refusals.

mod authentication;
mod authorization;
pub mod buffers;
mod change;
mod chunk_status;
mod chunked_reply;
mod command;
pub mod counters;
mod entries;
mod events;
mod execution_status;
mod first_time_search;
mod holds;
mod keyed;
mod login;
mod refusals;
mod reply_shares;
mod searches;
mod service;
mod standby;
mod ticket_replies;
mod turn;
pub mod turn_budget;
mod turn_counts;

use bookline_protocol::Request;

pub use authentication::{AccountLimits, Authentication};
pub use authorization::{Denial, authorize, authorize_watcher, dropped};
pub use chunk_status::{CHUNK_BYTES_MAX, ChunkStatus};
pub use chunked_reply::ChunkedReply;
pub use counters::Counters;
pub use execution_status::ExecutionStatus;
pub use keyed::execute_keyed;
pub use login::Login;
pub use service::{CurrentService, Service};
pub use snapshot::snapshot;
pub use standby::check_leads;
pub use turn::Turn;

use crate::state::UnusedKey;
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
        #[inline(always)]
        pub fn execute(
            turn: &mut Turn,
            service: &Service,
            request: &Request<'_>,
            key: Option<UnusedKey<'_>>,
        ) -> ExecutionStatus {
            match request {
                $(Request::$variant(request) => request.execute(turn, service, key),)*
            }
        }
    };
}

bookline_protocol::for_each_command!(dispatch_requests);
