//! Refusals: replies that are not `OK`.

use crate::code::Code;
use crate::hold::HoldStatus;
use crate::json;
use crate::limits::LINE_BYTES_MAX;
use crate::reply::Clashes;
use crate::ticket::{TicketId, TicketStatus, write_ticket_ids};
use crate::timestamp::{Timestamp, write_at};

/// A refusal: a code for scripts, a sentence for people, and further fields that depend on the code.
/// The constructors give each code its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// A sentence that a person can act on. It says what was requested, what there is, and what to do
    /// instead.
    pub message: String,
    /// Further fields of the JSON object.
    pub detail: Detail,
    /// The event that the refusal is about, if the request is about several.
    pub event_id: Option<Box<str>>,
}

/// The fields of a refusal besides `message`, `retry` and `event_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// No further fields.
    None,
    /// The fields of `SOLD_OUT`.
    Available {
        /// Tickets that are left.
        available: u32,
        /// Tickets that are held.
        held: u32,
        /// Tickets that were requested.
        requested: u32,
    },
    /// The fields of `FULL` and `LIMIT`.
    Limit {
        /// The maximum.
        limit: u64,
        /// How many were requested; for `FULL`, how many more.
        requested: u64,
    },
    /// The field of `EXPIRED`.
    Deadline {
        /// The deadline of the hold.
        at: Timestamp,
    },
    /// The fields of `CONFLICT` when the status of a hold or a ticket does not allow the change.
    Status {
        /// The status as written on the wire.
        status: &'static str,
        /// When the hold or the ticket got it, if that is known.
        at: Option<Timestamp>,
    },
    /// The tickets of a CANCEL for which it is refused, for `NOT_FOUND` and `CONFLICT`.
    Tickets(Vec<TicketId>),
    /// The fields of `CONFLICT` when an event has tickets or holds, and is not deleted for that reason.
    Sold {
        /// Valid tickets.
        tickets: u32,
        /// Holds.
        holds: u32,
    },
    /// The fields of `CONFLICT` when an event would have fewer tickets than are issued and held.
    Issued {
        /// Tickets that are issued.
        issued: u32,
        /// Tickets that are held.
        held: u32,
        /// Tickets that the event was to have.
        requested: u32,
    },
    /// The people who are busy, joined by commas, for `CONFLICT`.
    Busy(String),
    /// The fields of `CONFLICT` when people are busy at occurrences of a series.
    Clashes {
        /// Everyone who is busy at one of them, joined by commas.
        busy: String,
        /// The occurrences.
        clashes: Clashes,
    },
    /// The host, who alone may change the meeting, for `FORBIDDEN`.
    Host(String),
    /// The least role that would be needed, for `FORBIDDEN`.
    Needs(String),
    /// When the same request may succeed, for `RATE_LIMITED`.
    RetryAfter {
        /// Milliseconds from now.
        ms: u64,
    },
    /// The smallest `since=` that would be granted, for `GONE`.
    Oldest {
        /// Commits after this one can be read from the log.
        oldest: u64,
    },
    /// The sequence number of the last commit, for `BAD_REQUEST` of a WATCH since a later one.
    Sequence {
        /// The sequence number.
        sequence: u64,
    },
    /// The leader as `host:port`, if it is known, for `NOT_LEADER`.
    Leader(Option<Box<str>>),
    /// The verb that was probably intended, for `UNKNOWN_COMMAND`.
    DidYouMean(&'static str),
}

impl Refusal {
    /// A refusal without further fields.
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: Detail::None, event_id: None }
    }

    /// A refusal with the fields of its code.
    fn with_detail(code: Code, message: impl Into<String>, detail: Detail) -> Self {
        Self { detail, ..Self::new(code, message) }
    }

    /// The refusal, of a request about several events for the reason that it is about this one.
    #[must_use]
    pub fn about_event(self, event_id: &str) -> Self {
        Self { event_id: Some(event_id.into()), ..self }
    }

    /// The line is not a valid request.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// No command has this verb. `did_you_mean` is a similar verb.
    pub fn unknown_command(message: impl Into<String>, did_you_mean: Option<&'static str>) -> Self {
        let detail = did_you_mean.map_or(Detail::None, Detail::DidYouMean);
        Self::with_detail(Code::UnknownCommand, message, detail)
    }

    /// A line is longer than `bytes_max` and was discarded.
    pub fn line_too_long(bytes_max: usize) -> Self {
        let before_auth = if bytes_max < LINE_BYTES_MAX { " before AUTH" } else { "" };
        Self::new(
            Code::LineTooLong,
            format!("the line was discarded: it has more than {bytes_max} bytes, the maximum{before_auth}"),
        )
    }

    /// The connection ended in the middle of a line.
    pub fn incomplete() -> Self {
        Self::new(
            Code::Incomplete,
            "the last line has no end and was not executed: end every line with a line feed",
        )
    }

    /// The key was used for another request.
    pub fn key_reused(message: impl Into<String>) -> Self {
        Self::new(Code::KeyReused, message)
    }

    /// There is no such event, ticket, hold or entry.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// There are no such tickets. `tickets` has those of a CANCEL that are unknown.
    pub fn not_found_tickets(message: impl Into<String>, tickets: Vec<TicketId>) -> Self {
        Self::with_detail(Code::NotFound, message, Detail::Tickets(tickets))
    }

    /// The deadline of the hold, `at`, has passed.
    pub fn expired(message: impl Into<String>, at: Timestamp) -> Self {
        Self::with_detail(Code::Expired, message, Detail::Deadline { at })
    }

    /// The event is not on sale.
    pub fn closed(message: impl Into<String>) -> Self {
        Self::new(Code::Closed, message)
    }

    /// The request exceeds a limit of its command or of the event.
    pub fn limit(message: impl Into<String>, limit: u64, requested: u64) -> Self {
        Self::with_detail(Code::Limit, message, Detail::Limit { limit, requested })
    }

    /// Fewer tickets are left than were requested.
    pub fn sold_out(message: impl Into<String>, available: u32, held: u32, requested: u32) -> Self {
        Self::with_detail(Code::SoldOut, message, Detail::Available { available, held, requested })
    }

    /// An id is taken.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// The hold has ended otherwise than by its deadline. It got this status at this moment.
    pub fn conflict_ended(message: impl Into<String>, status: HoldStatus, at: Timestamp) -> Self {
        let detail = Detail::Status { status: status.as_str(), at: Some(at) };
        Self::with_detail(Code::Conflict, message, detail)
    }

    /// The ticket has a status that does not allow the change. It got it at this moment, if that is known.
    pub fn conflict_ticket(message: impl Into<String>, status: TicketStatus, at: Option<Timestamp>) -> Self {
        Self::with_detail(Code::Conflict, message, Detail::Status { status: status.as_str(), at })
    }

    /// The status of these tickets does not allow it to cancel them.
    pub fn conflict_tickets(message: impl Into<String>, tickets: Vec<TicketId>) -> Self {
        Self::with_detail(Code::Conflict, message, Detail::Tickets(tickets))
    }

    /// An event to delete has valid tickets or holds.
    pub fn conflict_sold(message: impl Into<String>, tickets: u32, holds: u32) -> Self {
        Self::with_detail(Code::Conflict, message, Detail::Sold { tickets, holds })
    }

    /// An event would have fewer tickets than are issued and held.
    pub fn conflict_issued(message: impl Into<String>, issued: u32, held: u32, requested: u32) -> Self {
        Self::with_detail(Code::Conflict, message, Detail::Issued { issued, held, requested })
    }

    /// Someone is busy. `busy` has everyone who is, joined by commas.
    pub fn conflict_busy(message: impl Into<String>, busy: String) -> Self {
        Self::with_detail(Code::Conflict, message, Detail::Busy(busy))
    }

    /// Someone is busy at occurrences of a series, which are `clashes`. `busy` has everyone who is, joined by
    /// commas.
    pub fn conflict_clashes(message: impl Into<String>, busy: String, clashes: Clashes) -> Self {
        Self::with_detail(Code::Conflict, message, Detail::Clashes { busy, clashes })
    }

    /// The role of the requester does not allow the command.
    pub fn forbidden_role(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// The role of the requester does not allow the command. `needs` is the least that would.
    pub fn forbidden_needs(message: impl Into<String>, needs: impl Into<String>) -> Self {
        Self::with_detail(Code::Forbidden, message, Detail::Needs(needs.into()))
    }

    /// The command needs an account, or the name or the secret of an AUTH is wrong.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    /// The peer has not proved who it is for too long.
    pub fn not_authenticated_in_time() -> Self {
        Self::unauthenticated(
            "no account was proved in time, and this server has accounts: connect again, and AUTH within ten \
             seconds",
        )
    }

    /// The requester sends more than it may. The same request may succeed in `ms` milliseconds.
    pub fn rate_limited(message: impl Into<String>, ms: u64) -> Self {
        Self::with_detail(Code::RateLimited, message, Detail::RetryAfter { ms })
    }

    /// Only the host of the meeting may change it.
    pub fn forbidden_host(message: impl Into<String>, host: impl Into<String>) -> Self {
        Self::with_detail(Code::Forbidden, message, Detail::Host(host.into()))
    }

    /// The change would exceed a limit of the server.
    pub fn full(message: impl Into<String>, limit: u64, requested: u64) -> Self {
        Self::with_detail(Code::Full, message, Detail::Limit { limit, requested })
    }

    /// The server has reached its limit of connections.
    pub fn busy(limit: usize) -> Self {
        Self::new(
            Code::Busy,
            format!("the server has {limit} connections, as many as it allows: try again later"),
        )
    }

    /// The server has reached its limit of connections from one address.
    pub fn busy_address(limit: usize) -> Self {
        let connections = if limit == 1 { "connection" } else { "connections" };
        Self::new(
            Code::Busy,
            format!(
                "the server has {limit} {connections} of your address, as many as it allows of one \
                 (--max-per-address): close one, or try again later"
            ),
        )
    }

    /// The account has as many connections as it may.
    pub fn busy_account(account: &str, limit: usize) -> Self {
        Self::new(
            Code::Busy,
            format!(
                "{account} has {limit} connections, as many as the server allows of one account \
                 (--max-per-account): close one, or try again later"
            ),
        )
    }

    /// The server has reached its limit of connections that have not authenticated.
    pub fn busy_unauthenticated(limit: usize) -> Self {
        let have = if limit == 1 { "connection has" } else { "connections have" };
        Self::new(
            Code::Busy,
            format!(
                "{limit} {have} not authenticated yet, as many as the server allows: try again in a moment"
            ),
        )
    }

    /// The connection was idle for `timeout`, as the flag writes it.
    pub fn idle(timeout: &str) -> Self {
        Self::new(
            Code::Busy,
            format!(
                "no whole line came within {timeout}, and a connection may not be idle for longer \
                 (--idle-timeout): connect again"
            ),
        )
    }

    /// The memory for long lines and large replies is in use.
    pub fn no_buffers() -> Self {
        Self::new(
            Code::Busy,
            "the server holds as many long lines and large replies as it has memory for (--max-buffers), and \
             closes this connection: try again later",
        )
    }

    /// The end of a long line did not arrive in time.
    pub fn line_stalled(seconds: u64) -> Self {
        Self::new(
            Code::Busy,
            format!(
                "the end of a long line did not come within {seconds} seconds, and others wait for its \
                 memory: connect again and send it faster"
            ),
        )
    }

    /// The log has no changes before `oldest` any more.
    pub fn gone(since: u64, oldest: u64) -> Self {
        let message = format!(
            "the changes after sequence {since} are not in the log any more, only those after {oldest}: WATCH \
             without since=, GET what you need, and apply the changes that follow"
        );
        Self::with_detail(Code::Gone, message, Detail::Oldest { oldest })
    }

    /// WATCH names a commit that does not exist yet.
    pub fn beyond_last_commit(since: u64, sequence: u64) -> Self {
        let message = format!(
            "since={since} is beyond the last commit, which is {sequence}: is it from another server? Write \
             WATCH without since=, and GET what you need"
        );
        Self::with_detail(Code::BadRequest, message, Detail::Sequence { sequence })
    }

    /// Changes are refused for now.
    pub fn read_only(reason: impl std::fmt::Display) -> Self {
        Self::new(Code::ReadOnly, format!("changes are refused for now, reads are served: {reason}"))
    }

    /// The server is a standby, and changes nothing. `leader` is the `host:port` of the leader, if it is
    /// known.
    pub fn not_leader(leader: Option<&str>) -> Self {
        let message = match leader {
            Some(leader) => format!("this server is a standby, and the leader is {leader}: connect to it"),
            None => {
                "this server is a standby, and knows no leader at the moment: try again in a moment, here or \
                     at another server of the cluster"
                    .to_owned()
            }
        };
        Self::with_detail(Code::NotLeader, message, Detail::Leader(leader.map(Into::into)))
    }

    /// The replicated log does not answer. The request was not begun.
    pub fn unavailable(reason: impl std::fmt::Display) -> Self {
        Self::new(Code::Unavailable, format!("nothing was done, try again in a moment: {reason}"))
    }

    /// The server is shutting down.
    pub fn shutting_down() -> Self {
        Self::new(Code::ShuttingDown, "the server is stopping: connect again in a moment")
    }

    /// The client does not speak TLS, and the port does.
    pub fn needs_tls() -> Self {
        Self::bad_request(
            "this port speaks TLS and got something else, and it closes now: connect with bookline --tls",
        )
    }

    /// An error of the server.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// Appends the line `ERR CODE {"message":…,"retry":…}` with its line feed.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"ERR ");
        out.extend_from_slice(self.code.as_str().as_bytes());
        out.extend_from_slice(b" {\"message\":");
        json::write_string(out, &self.message);
        out.extend_from_slice(if self.code.retry() { b",\"retry\":true" } else { b",\"retry\":false" });
        if let Some(event_id) = &self.event_id {
            out.extend_from_slice(b",\"event_id\":");
            json::write_string(out, event_id);
        }
        self.detail.write(out);
        out.extend_from_slice(b"}\n");
    }
}

impl Detail {
    /// Appends the fields, each with a comma before it.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Available { available, held, requested } => {
                write_number_field(out, b",\"available\":", *available);
                write_number_field(out, b",\"held\":", *held);
                write_number_field(out, b",\"requested\":", *requested);
            }
            Self::Limit { limit, requested } => {
                write_number_field(out, b",\"limit\":", *limit);
                write_number_field(out, b",\"requested\":", *requested);
            }
            Self::Deadline { at } => write_at(out, Some(*at)),
            Self::Status { status, at } => {
                out.extend_from_slice(b",\"status\":");
                json::write_string(out, status);
                write_at(out, *at);
            }
            Self::Tickets(tickets) => {
                out.extend_from_slice(b",\"tickets\":");
                write_ticket_ids(out, tickets);
            }
            Self::Sold { tickets, holds } => {
                write_number_field(out, b",\"tickets\":", *tickets);
                write_number_field(out, b",\"holds\":", *holds);
            }
            Self::Issued { issued, held, requested } => {
                write_number_field(out, b",\"issued\":", *issued);
                write_number_field(out, b",\"held\":", *held);
                write_number_field(out, b",\"requested\":", *requested);
            }
            Self::Busy(busy) => write_busy(out, busy),
            Self::Clashes { busy, clashes } => {
                write_busy(out, busy);
                out.extend_from_slice(b",\"clashes\":");
                clashes.write(out);
                write_number_field(out, b",\"clash_count\":", clashes.count());
            }
            Self::Host(host) => {
                out.extend_from_slice(b",\"host\":");
                json::write_string(out, host);
            }
            Self::Needs(needs) => {
                out.extend_from_slice(b",\"needs\":");
                json::write_string(out, needs);
            }
            Self::RetryAfter { ms } => write_number_field(out, b",\"retry_after_ms\":", *ms),
            Self::Oldest { oldest } => write_number_field(out, b",\"oldest\":", *oldest),
            Self::Sequence { sequence } => write_number_field(out, b",\"sequence\":", *sequence),
            Self::Leader(leader) => {
                out.extend_from_slice(b",\"leader\":");
                match leader {
                    Some(leader) => json::write_string(out, leader),
                    None => out.extend_from_slice(b"null"),
                }
            }
            Self::DidYouMean(verb) => {
                out.extend_from_slice(b",\"did_you_mean\":");
                json::write_string(out, verb);
            }
        }
    }
}

fn write_busy(out: &mut Vec<u8>, busy: &str) {
    out.extend_from_slice(b",\"busy\":");
    json::write_ids(out, busy.split(',').filter(|id| !id.is_empty()));
}

/// Appends a field. `name` has its quotes, the comma before it and the colon after it.
fn write_number_field(out: &mut Vec<u8>, name: &[u8], number: impl itoa::Integer) {
    out.extend_from_slice(name);
    json::write_number(out, number);
}
