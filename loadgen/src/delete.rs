//! The phase after verification, on request: DELETE of the events of the run.

use crate::error::Error;
use crate::names::RunId;
use crate::phase::{Pending, Phase};
use crate::reply::{FinalLine, message};
use crate::template::Template;

/// DELETE of every event that was created, with its tickets.
#[derive(Debug)]
pub struct DeleteEvents {
    delete: Template,
    next: u32,
    count: u32,
}

impl DeleteEvents {
    pub fn new(run: RunId, count: u32) -> Self {
        let delete = format!("DELETE {} tickets=drop\n", run.event_template());
        Self { delete: Template::new(&delete), next: 0, count }
    }
}

impl Phase for DeleteEvents {
    fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        if self.next == self.count {
            return None;
        }
        let event = self.next;
        self.next += 1;
        out.extend_from_slice(self.delete.with(event.into()));
        Some(Pending::Delete(event))
    }

    fn on_reply(&mut self, _request: Pending, line: &[u8]) -> Result<(), Error> {
        match FinalLine::parse(line)? {
            FinalLine::Ok { .. } => Ok(()),
            FinalLine::Err { code, body } => {
                Err(Error::DeletionRefused { code: code.to_owned(), message: message(body) })
            }
        }
    }
}
