//! MEET.

use bookline_protocol::commands::Meet;
use bookline_protocol::commands::meet::MeetingTime;

use super::command::Command;
use super::entries::{create_entries, new_meeting};
use super::execution_status::ExecutionStatus;
use super::refusals::not_yet;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Meet<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let (who, meeting) = (self.who.as_str(), new_meeting(&self.meeting));
        match self.when {
            MeetingTime::At { period, recurrence } => {
                create_entries(turn, service, key, who, meeting, (period, recurrence))
            }
            MeetingTime::First(_) => turn.refuse(not_yet()),
        }
    }
}
