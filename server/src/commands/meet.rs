//! MEET.

use bookline_protocol::Hours;
use bookline_protocol::commands::Meet;
use bookline_protocol::commands::meet::MeetingTime;

use super::command::Command;
use super::entries::{create_entry, new_meeting};
use super::execution_status::ExecutionStatus;
use super::refusals::not_yet;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Meet<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        match self.when {
            MeetingTime::At { period, recurrence: None } if period.hours() == Hours::ONE => {
                let meeting = new_meeting(&self.meeting);
                create_entry(turn, service, key, self.who.as_str(), period.start(), &meeting)
            }
            MeetingTime::At { .. } | MeetingTime::First(_) => turn.refuse(not_yet()),
        }
    }
}
