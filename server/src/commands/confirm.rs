//! CONFIRM.

use bookline_protocol::Text;
use bookline_protocol::commands::Confirm;
use bookline_protocol::commands::confirm::write_confirm_reply;
use bookline_protocol::limits::KEYED_TICKETS_MAX;

use super::book::{ChunkedBookings, too_many_for_key};
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::holds::not_possible;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;
use crate::state::ticket_ids::{BookingTicketIds, DRAWN_TICKET_IDS_MAX};

impl Command for Confirm<'_> {
    /// Checks whether the hold can be confirmed before it draws ids, as BOOK of many tickets does.
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let refusal = |rejection| not_possible(self.hold, rejection);
        let count = match service.store.can_confirm(&mut turn.context, self.hold, self.count) {
            Ok(count) => count as usize,
            Err(error) => return turn.fail(error, refusal),
        };
        if key.is_some() && count > KEYED_TICKETS_MAX as usize {
            return turn.refuse(too_many_for_key(count as u64));
        }
        let attendee = self.attendee.as_ref().map(Text::as_str);
        let cipher = service.store.place_cipher();
        let mut tickets = vec![[0; 16]; count];
        let tickets = if count > DRAWN_TICKET_IDS_MAX {
            let ids = BookingTicketIds::new(*cipher);
            let tickets = ids.rewound().draw(&mut tickets);
            if key.is_none() {
                return match service.store.confirm(&mut turn.context, self.hold, attendee, tickets, None) {
                    Ok(confirmed) => {
                        let reply = ChunkedBookings::confirmed(self.hold, &confirmed, ids);
                        ExecutionStatus::Chunked(Box::new(reply))
                    }
                    Err(error) => turn.fail(error, refusal),
                };
            }
            tickets
        } else {
            turn.ticket_ids.draw(count, cipher).copied_to(&mut tickets)
        };
        turn.change(
            service,
            key,
            move |context, keyed| service.store.confirm(context, self.hold, attendee, tickets, keyed),
            |confirmed, out| {
                write_confirm_reply(out, self.hold, &confirmed.event, confirmed.tickets, confirmed.available);
            },
            refusal,
        )
    }
}
