//! The order of the reasons to refuse a request.

use crate::code::Code;

/// A reason to refuse a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalReason {
    /// The codes of the refusal.
    pub codes: &'static [Code],
    /// When it holds.
    pub when: &'static str,
}

/// The reasons to refuse a request, in the order in which all commands check them: a request for which
/// several hold is refused for the first. `protocol.md` prints this table.
///
/// The codes that are not here are about a line, the connection or the server, not about a request.
pub const REFUSAL_ORDER: &[RefusalReason] = &[
    RefusalReason {
        codes: &[Code::BadRequest, Code::UnknownCommand],
        when: "the line is not a valid request",
    },
    RefusalReason { codes: &[Code::NotLeader], when: "the server is a standby" },
    RefusalReason { codes: &[Code::Unavailable], when: "the log cannot be appended to at the moment" },
    RefusalReason { codes: &[Code::Unauthenticated], when: "the command needs an account" },
    RefusalReason { codes: &[Code::Forbidden], when: "the requester's role does not allow it" },
    RefusalReason { codes: &[Code::RateLimited], when: "the requester sends more requests than it may" },
    RefusalReason {
        codes: &[Code::KeyReused],
        when: "the key was used for another request; for the same one, the stored reply is sent",
    },
    RefusalReason { codes: &[Code::NotFound], when: "there is no such event, ticket, hold or entry" },
    RefusalReason { codes: &[Code::Gone], when: "the changes are not in the log any more" },
    RefusalReason { codes: &[Code::Forbidden], when: "only its host or its person may change it" },
    RefusalReason { codes: &[Code::Expired], when: "the deadline of the hold has passed" },
    RefusalReason { codes: &[Code::Closed], when: "the event is not on sale" },
    RefusalReason {
        codes: &[Code::Limit],
        when: "the request exceeds a limit of its command, of the event or of an active hold",
    },
    RefusalReason {
        codes: &[Code::Conflict, Code::SoldOut],
        when: "the id is taken, someone is busy, too few tickets are left, too many are issued or held, the \
               hold has ended, the ticket has another status, or the event has tickets or holds",
    },
    RefusalReason { codes: &[Code::Full], when: "the change would exceed a limit of the server" },
    RefusalReason { codes: &[Code::ReadOnly], when: "changes are refused for now" },
];
