//! The hold load: a box office with a payment step. Most customers pay, some need more time for it, and some
//! give up.

use std::collections::VecDeque;

use bookline_protocol::commands::hold::HoldReply;
use bookline_protocol::commands::release::ReleaseReply;
use bookline_protocol::hold::{HoldId, HoldStatus};
use bookline_protocol::ticket::TICKET_ID_CHARS;

use crate::names::{Random, RunId};
use crate::reply::parse_ok;
use crate::tagged_id;
use crate::template::Template;

/// Ended holds that are kept for verification, the latest ones: a server forgets the oldest.
pub const ENDED_HOLDS_KEPT_MAX: usize = 100_000;

/// Seconds of each EXTEND: twice the time that a hold has without one.
const EXTENSION_SECONDS: u32 = 600;

/// What every reply about a hold begins with. The id follows.
const BEFORE_HOLD_ID: &[u8] = b"OK {\"hold_id\":\"";

/// What is requested next for a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Confirm,
    /// CONFIRM follows.
    Extend,
    Release,
}

impl Step {
    /// The first step of a hold, by a number below ten.
    const fn first(number: u32) -> Self {
        match number {
            0..7 => Self::Confirm,
            7 => Self::Extend,
            _ => Self::Release,
        }
    }

    pub const fn verb(self) -> &'static str {
        match self {
            Self::Confirm => "CONFIRM",
            Self::Extend => "EXTEND",
            Self::Release => "RELEASE",
        }
    }
}

/// A hold that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenHold {
    pub id: HoldId,
    /// The number of the event.
    pub event: u32,
    pub step: Step,
}

/// A hold whose end was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedHold {
    pub id: HoldId,
    /// The number of the event.
    pub event: u32,
    pub status: HoldStatus,
}

/// The holds of a run.
#[derive(Debug)]
pub struct Holds {
    run: RunId,
    tickets_per_hold: u32,
    random: Random,
    hold: Template,
    /// The reply to HOLD and EXTEND, between the id and the deadline.
    held: Template,
    /// The reply to RELEASE, between the id and the number of tickets that are left.
    released: Template,
    /// Holds whose next step was not requested. They are at most as many as requests in flight: the reply to
    /// a HOLD is followed by a step, of the one hold or another.
    open: VecDeque<OpenHold>,
    /// The last [`ENDED_HOLDS_KEPT_MAX`] holds that have ended.
    pub ended: VecDeque<EndedHold>,
    /// Holds that have ended, kept or not.
    pub ended_count: u64,
}

impl Holds {
    pub fn new(run: RunId, seed: u64, tickets_per_hold: u32) -> Self {
        let event = run.event_template();
        Self {
            run,
            tickets_per_hold,
            random: Random::new(seed),
            hold: Template::new(&format!("HOLD {event} {tickets_per_hold}\n")),
            held: Template::new(&format!(
                "\",\"event_id\":\"{event}\",\"tickets\":{tickets_per_hold},\"expires_at\":\""
            )),
            released: Template::new(&format!(
                "\",\"event_id\":\"{event}\",\"released\":{tickets_per_hold},\"available_tickets\":"
            )),
            open: VecDeque::new(),
            ended: VecDeque::new(),
            ended_count: 0,
        }
    }

    /// Appends a HOLD of the event with this number.
    #[inline]
    pub fn request_hold(&mut self, event: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(self.hold.with(event.into()));
    }

    /// Appends the next step of the oldest open hold, if there is one, and returns it.
    #[inline]
    pub fn request_step(&mut self, out: &mut Vec<u8>) -> Option<OpenHold> {
        let hold = self.open.pop_front()?;
        out.extend_from_slice(hold.step.verb().as_bytes());
        out.push(b' ');
        hold.id.write(out);
        if hold.step == Step::Extend {
            out.push(b' ');
            out.extend_from_slice(EXTENSION_SECONDS.to_string().as_bytes());
        }
        out.push(b'\n');
        Some(hold)
    }

    /// The hold of a reply to HOLD of this event, if it is the one that was requested.
    #[inline]
    pub fn parse_held(&mut self, event: u32, line: &[u8]) -> Option<HoldId> {
        if let Some((id, after)) = split_hold_id(line)
            && after.starts_with(self.held.with(event.into()))
        {
            return Some(id);
        }
        let reply: HoldReply<'_> = parse_ok(line)?;
        self.is_about(event, &reply.event_id, reply.tickets).then_some(reply.hold_id)
    }

    /// Whether a line is the reply to EXTEND or RELEASE of this hold.
    #[inline]
    pub fn is_reply(&mut self, hold: OpenHold, line: &[u8]) -> bool {
        let OpenHold { id, event, step } = hold;
        if step == Step::Extend {
            return self.parse_held(event, line) == Some(id);
        }
        if let Some((released, after)) = split_hold_id(line)
            && after.starts_with(self.released.with(event.into()))
        {
            return released == id;
        }
        parse_ok::<ReleaseReply<'_>>(line)
            .is_some_and(|reply| reply.hold_id == id && self.is_about(event, &reply.event_id, reply.released))
    }

    fn is_about(&self, event: u32, event_id: &str, tickets: u32) -> bool {
        event_id == self.run.event_id(event) && tickets == self.tickets_per_hold
    }

    /// Adds a hold that was acknowledged, and draws its next step.
    #[inline]
    pub fn open(&mut self, id: HoldId, event: u32) {
        let step = Step::first(self.random.below(10));
        self.open.push_back(OpenHold { id, event, step });
    }

    /// Adds the last step of a hold that was extended.
    #[inline]
    pub fn extended(&mut self, hold: OpenHold) {
        self.open.push_back(OpenHold { step: Step::Confirm, ..hold });
    }

    /// Records the end of a hold.
    #[inline]
    pub fn end(&mut self, hold: OpenHold, status: HoldStatus) {
        if self.ended.len() == ENDED_HOLDS_KEPT_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(EndedHold { id: hold.id, event: hold.event, status });
        self.ended_count += 1;
    }
}

/// The id of the hold in a reply, and what follows it.
#[inline]
pub fn split_hold_id(line: &[u8]) -> Option<(HoldId, &[u8])> {
    let (id, after) = line.strip_prefix(BEFORE_HOLD_ID)?.split_first_chunk::<TICKET_ID_CHARS>()?;
    Some((HoldId(tagged_id::parse(id)?), after))
}
