//! MEET.

mod first;

use bookline_protocol::commands::Meet;
use bookline_protocol::commands::meet::MeetingTime;

use crate::commands::command::Command;
use crate::commands::entries::{create_entries, new_meeting};
use crate::commands::execution_status::ExecutionStatus;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::state::UnusedKey;

impl Command for Meet<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let (who, meeting) = (self.who.as_str(), new_meeting(&self.meeting));
        match self.when {
            MeetingTime::At { period, recurrence } => {
                create_entries(turn, service, key, who, meeting, (period, recurrence))
            }
            MeetingTime::First(window) => first::meet_first(turn, service, key, who, meeting, window),
        }
    }
}
