//! What is answered when the answer is no.

use crate::code::Code;
use crate::json;
use crate::limits::LINE_BYTES_MAX;

/// A refusal: a code for scripts, a sentence for people, and what else belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// A sentence that a person can act on, with the numbers and the name of what was wrong.
    pub message: String,
    /// Further fields of the object.
    pub detail: Detail,
}

/// The fields of a refusal beside its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// None.
    None,
    /// Tickets that are left, and tickets that were asked for.
    Available {
        /// Left.
        available: u32,
        /// Asked for.
        requested: u32,
    },
    /// The most that there may be, and how many more were asked for.
    Limit {
        /// The most.
        limit: u64,
        /// How many more.
        requested: u64,
    },
    /// Everyone who is busy, joined by commas.
    Busy(String),
    /// Who alone may do it.
    Host(String),
    /// The verb that was probably meant.
    DidYouMean(&'static str),
}

impl Refusal {
    /// A refusal with no further fields.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: Detail::None }
    }

    /// The line is not a request.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// No command has this verb; `did_you_mean` names one that is close.
    pub fn unknown_command(message: impl Into<String>, did_you_mean: Option<&'static str>) -> Self {
        let detail = did_you_mean.map_or(Detail::None, Detail::DidYouMean);
        Self { code: Code::UnknownCommand, message: message.into(), detail }
    }

    /// A line was discarded because of its length.
    pub fn line_too_long() -> Self {
        Self::new(
            Code::LineTooLong,
            format!(
                "the line was discarded: it has more than {LINE_BYTES_MAX} bytes, the longest that is taken"
            ),
        )
    }

    /// The connection ended in mid-line.
    pub fn incomplete() -> Self {
        Self::new(
            Code::Incomplete,
            "the last line has no end and was not executed: end every line with a line feed",
        )
    }

    /// No such event, ticket or entry.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// Fewer tickets are left than were asked for.
    pub fn sold_out(message: impl Into<String>, available: u32, requested: u32) -> Self {
        Self {
            code: Code::SoldOut,
            message: message.into(),
            detail: Detail::Available { available, requested },
        }
    }

    /// An id is taken.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// Someone is busy; `busy` names all who are, joined by commas.
    pub fn conflict_busy(message: impl Into<String>, busy: String) -> Self {
        Self { code: Code::Conflict, message: message.into(), detail: Detail::Busy(busy) }
    }

    /// Not for the one who asks.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// Only for the host of the meeting.
    pub fn forbidden_host(message: impl Into<String>, host: impl Into<String>) -> Self {
        Self { code: Code::Forbidden, message: message.into(), detail: Detail::Host(host.into()) }
    }

    /// There would be more than the server may hold.
    pub fn full(message: impl Into<String>, limit: u64, requested: u64) -> Self {
        Self { code: Code::Full, message: message.into(), detail: Detail::Limit { limit, requested } }
    }

    /// The server has as many connections as it takes.
    pub fn busy(limit: usize) -> Self {
        Self::new(
            Code::Busy,
            format!("the server has {limit} connections, as many as it takes: try again later"),
        )
    }

    /// The server has as many connections of one address as it takes.
    pub fn busy_address(limit: usize) -> Self {
        let connections = if limit == 1 { "connection" } else { "connections" };
        Self::new(
            Code::Busy,
            format!(
                "the server has {limit} {connections} of your address, as many as it takes of one \
                 (--max-per-address): close one, or try again later"
            ),
        )
    }

    /// No whole line came for too long.
    pub fn idle(timeout: &str) -> Self {
        Self::new(
            Code::Busy,
            format!(
                "no whole line came within {timeout}, and a connection may not be idle for longer (--idle-timeout): \
                 connect again"
            ),
        )
    }

    /// The server holds as many long lines and large replies as it has memory for.
    pub fn no_buffers() -> Self {
        Self::new(
            Code::Busy,
            "the server holds as many long lines and large replies as it has memory for (--max-buffers), and \
             closes this connection: try again later",
        )
    }

    /// The rest of a long line does not come.
    pub fn line_stalled(seconds: u64) -> Self {
        Self::new(
            Code::Busy,
            format!(
                "the end of a long line did not come within {seconds} seconds, and others wait for its memory: \
                 connect again and send it faster"
            ),
        )
    }

    /// Nothing can be changed for now.
    pub fn read_only(reason: impl std::fmt::Display) -> Self {
        Self::new(Code::ReadOnly, format!("nothing can be changed for now, reads go on: {reason}"))
    }

    /// The server is about to stop.
    pub fn shutting_down() -> Self {
        Self::new(Code::ShuttingDown, "the server is stopping: connect again in a moment")
    }

    /// The server is at fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// Appends the whole line: `ERR CODE {"message":…,"retry":…}` and a line feed.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"ERR ");
        out.extend_from_slice(self.code.as_str().as_bytes());
        out.extend_from_slice(b" {\"message\":");
        json::write_string(out, &self.message);
        out.extend_from_slice(if self.code.retry() { b",\"retry\":true" } else { b",\"retry\":false" });
        match &self.detail {
            Detail::None => {}
            Detail::Available { available, requested } => {
                out.extend_from_slice(b",\"available\":");
                json::write_number(out, *available);
                out.extend_from_slice(b",\"requested\":");
                json::write_number(out, *requested);
            }
            Detail::Limit { limit, requested } => {
                out.extend_from_slice(b",\"limit\":");
                json::write_number(out, *limit);
                out.extend_from_slice(b",\"requested\":");
                json::write_number(out, *requested);
            }
            Detail::Busy(busy) => {
                out.extend_from_slice(b",\"busy\":");
                json::write_ids(out, busy.split(','));
            }
            Detail::Host(host) => {
                out.extend_from_slice(b",\"host\":");
                json::write_string(out, host);
            }
            Detail::DidYouMean(verb) => {
                out.extend_from_slice(b",\"did_you_mean\":");
                json::write_string(out, verb);
            }
        }
        out.extend_from_slice(b"}\n");
    }
}
