//! One line of a server, as a client parses it.

use bookline_protocol::Code;
use bookline_protocol::commands::block::BlockReply;
use bookline_protocol::commands::book::{BookReply, BookingsReply};
use bookline_protocol::commands::cancel::CancelReply;
use bookline_protocol::commands::confirm::ConfirmReply;
use bookline_protocol::commands::delete::{DeleteReply, DeletedEventReply};
use bookline_protocol::commands::free::{FreeRow, NoTimeReply};
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::commands::hold::{HoldReply, HoldStatusReply};
use bookline_protocol::commands::meet::MeetReply;
use bookline_protocol::commands::release::ReleaseReply;
use bookline_protocol::commands::stats::StatsReply;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::commands::tickets::TicketRow;
use bookline_protocol::reply::{CountReply, ErrBody, EventReply, ReplyLine};

/// An object that deserializes to one of these types is the same after it was serialized and deserialized
/// again.
macro_rules! assert_round_trips {
    ($body:expr, $($object:ty),*) => {$(
        if let Ok(taken) = serde_json::from_str::<$object>($body) {
            let written = serde_json::to_string(&taken).expect("an object");
            let again: $object = serde_json::from_str(&written).expect("it was written");
            assert_eq!(again, taken);
        }
    )*};
}

/// Panics if a property does not hold.
pub fn check(line: &[u8]) {
    let Ok(line) = std::str::from_utf8(line) else { return };
    let Ok(reply) = ReplyLine::parse(line) else { return };
    let body = match reply {
        ReplyLine::Row(body) | ReplyLine::Ok(body) | ReplyLine::Change { body, .. } => body,
        ReplyLine::Err { code, body } => {
            if let Ok(code) = code.parse::<Code>() {
                assert!(!code.as_str().is_empty());
            }
            if let Ok(read) = serde_json::from_str::<ErrBody>(body) {
                assert!(!read.message.is_empty() || body.contains("\"message\""));
            }
            body
        }
        ReplyLine::Unknown => return,
    };
    assert!(body.starts_with('{') && body.ends_with('}') && line.contains(body));
    assert_round_trips!(
        body,
        EventReply<'_>,
        BookReply<'_>,
        BookingsReply<'_>,
        HoldReply<'_>,
        HoldStatusReply<'_>,
        ConfirmReply<'_>,
        ReleaseReply<'_>,
        CancelReply<'_>,
        TicketReply<'_>,
        TicketRow<'_>,
        BlockReply<'_>,
        MeetReply<'_>,
        DayReply<'_>,
        HodRow<'_>,
        FreeRow,
        NoTimeReply,
        DeleteReply<'_>,
        DeletedEventReply<'_>,
        CountReply<'_>,
        HelpRow<'_>,
        HelloReply<'_>,
        StatsReply<'_>
    );
}
