//! RELEASE.

use bookline_protocol::commands::Release;
use bookline_protocol::commands::release::ReleaseReply;
use bookline_protocol::reply::write_ok;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::holds::not_possible;
use super::service::Service;
use super::turn::Turn;

impl Command for Release {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        match service.store.release(&mut turn.context, self.hold) {
            Ok(view) => {
                let reply = ReleaseReply {
                    hold_id: self.hold,
                    event_id: view.event.as_str().into(),
                    released: view.hold.tickets,
                    available_tickets: view.available,
                };
                write_ok(&mut turn.replies, &reply);
                ExecutionStatus::Complete
            }
            Err(error) => turn.fail(error, |turn, rejection| turn.refuse(not_possible(self.hold, rejection))),
        }
    }
}
