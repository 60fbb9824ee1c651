//! CONFIRM.

use bookline_protocol::Text;
use bookline_protocol::commands::Confirm;
use bookline_protocol::commands::confirm::write_confirm_reply;

use super::book::ChunkedBookings;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::holds::not_possible;
use super::service::Service;
use super::turn::Turn;
use crate::state::ticket_ids::{BookingTicketIds, DRAWN_TICKET_IDS_MAX};

impl Command for Confirm<'_> {
    /// Checks whether the hold can be confirmed before it draws ids, as BOOK of many tickets does.
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let refuse = |turn: &mut Turn, rejection| turn.refuse(not_possible(self.hold, rejection));
        let count = match service.store.can_confirm(&mut turn.context, self.hold, self.count) {
            Ok(count) => count as usize,
            Err(error) => return turn.fail(error, refuse),
        };
        let attendee = self.attendee.as_ref().map(Text::as_str);
        if count <= DRAWN_TICKET_IDS_MAX {
            let tickets = turn.ticket_ids.draw(count);
            match service.store.confirm(&mut turn.context, self.hold, attendee, tickets) {
                Ok(view) => {
                    write_confirm_reply(&mut turn.replies, self.hold, &view.event, tickets, view.available);
                    ExecutionStatus::Complete
                }
                Err(error) => turn.fail(error, refuse),
            }
        } else {
            let mut ids = BookingTicketIds::default();
            let tickets = &mut ids.draw_and_rewind(count);
            match service.store.confirm(&mut turn.context, self.hold, attendee, tickets) {
                Ok(view) => ExecutionStatus::Chunked(Box::new(ChunkedBookings::confirmed(
                    self.hold, &view, count, ids,
                ))),
                Err(error) => turn.fail(error, refuse),
            }
        }
    }
}
