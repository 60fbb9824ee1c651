//! What the commands about a hold share: its reply, and their refusals.

use bookline_protocol::commands::hold::{HoldReply, write_hold_reply};
use bookline_protocol::limits::HOLD_SECONDS_MAX;
use bookline_protocol::{HoldId, Refusal, Timestamp};

use super::refusals::tickets;
use crate::domain::hold::{EndedHold, HoldEnd, HoldRejection};
use crate::state::{HoldView, HoldingRejection};

/// Writes the reply of HOLD and EXTEND.
pub fn write_hold(view: &HoldView, out: &mut Vec<u8>) {
    let reply = HoldReply {
        hold_id: view.id,
        event_id: view.event.as_str().into(),
        tickets: view.hold.tickets,
        expires_at: Timestamp(view.hold.deadline),
        available_tickets: view.available,
    };
    write_hold_reply(out, &reply);
}

pub fn no_such_hold(hold: HoldId) -> Refusal {
    Refusal::not_found(format!(
        "there is no hold {hold}: check that all 36 characters are right; one that ended is forgotten after a \
         day"
    ))
}

/// The refusal of CONFIRM, EXTEND or RELEASE.
pub fn not_possible(hold: HoldId, rejection: HoldingRejection) -> Refusal {
    let HoldingRejection::Hold(rejection) = rejection else { return no_such_hold(hold) };
    match rejection {
        HoldRejection::Expired { deadline } => {
            let at = Timestamp(deadline);
            let message =
                format!("hold {hold} expired at {at}: its tickets are on sale again, HOLD or BOOK once more");
            Refusal::expired(message, at)
        }
        HoldRejection::MoreThanHeld { held, requested } => {
            let noun = tickets(held);
            let message = format!("hold {hold} has {held} {noun}, {requested} asked for: CONFIRM fewer");
            Refusal::limit(message, held.into(), requested.into())
        }
        HoldRejection::TooLong { seconds_left, requested } => {
            let message = format!(
                "a hold lives {HOLD_SECONDS_MAX} seconds at the most: hold {hold} may have {seconds_left} \
                 more, {requested} asked for"
            );
            Refusal::limit(message, seconds_left.into(), requested.into())
        }
        HoldRejection::Ended(ended) => already_ended(hold, ended),
    }
}

fn already_ended(hold: HoldId, EndedHold { end, at }: EndedHold) -> Refusal {
    let at = Timestamp(at);
    let message = match end {
        HoldEnd::Confirmed => format!("hold {hold} was confirmed at {at}: its tickets are booked"),
        HoldEnd::Released => format!("hold {hold} was released at {at}: its tickets are on sale again"),
        HoldEnd::Expired => format!("hold {hold} was ended at {at}: its tickets are on sale again"),
    };
    Refusal::conflict_ended(message, end.status(), at)
}
