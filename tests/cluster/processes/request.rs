//! What clients ask.

use bookline_testkit::{Reply, Rng};

use super::fixture::{Fixture, HOURS, TICKETS};
use super::history::hour::PEOPLE;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Book {
        event: usize,
        count: u64,
    },
    /// Tickets of one event, which nobody else cancels.
    Cancel {
        event: usize,
        tickets: Vec<String>,
    },
    Block {
        who: usize,
        hour: usize,
    },
    /// Of these people, in ascending order. The title is used once.
    Meet {
        people: Vec<usize>,
        host: usize,
        hour: usize,
        title: u64,
    },
    Delete {
        who: usize,
        hour: usize,
    },
    Event(usize),
    Day(usize),
}

/// The most tickets in a booking, and in a cancellation.
const TICKETS_MAX: u64 = 4;

impl Request {
    /// A request of any kind but CANCEL, which needs tickets.
    pub fn draw(rng: &mut Rng) -> Self {
        let (event, hour, who) = (rng.below(TICKETS.len()), rng.below(HOURS), rng.below(PEOPLE));
        match rng.below(20) {
            0..6 => Self::Book { event, count: rng.within(1..TICKETS_MAX + 1) },
            6..9 => Self::Block { who, hour },
            9..12 => {
                let everyone: Vec<usize> = (0..PEOPLE).collect();
                let mut people = rng.some(&everyone, PEOPLE - 1);
                // A meeting has two people at least.
                if !people.contains(&who) {
                    people.push(who);
                } else if people.len() == 1 {
                    people.push((who + 1) % PEOPLE);
                }
                let host = *rng.pick(&people);
                people.sort_unstable();
                Self::Meet { people, host, hour, title: rng.next() }
            }
            12..16 => Self::Delete { who, hour },
            _ => Self::draw_read(rng),
        }
    }

    pub fn draw_read(rng: &mut Rng) -> Self {
        if rng.one_in(2) { Self::Event(rng.below(TICKETS.len())) } else { Self::Day(rng.below(PEOPLE)) }
    }

    /// Some tickets of one event, from those that a client has bought. It has them no more.
    pub fn draw_cancel(owned: &mut [Vec<String>], rng: &mut Rng) -> Option<Self> {
        let events: Vec<usize> = (0..owned.len()).filter(|&event| !owned[event].is_empty()).collect();
        if events.is_empty() {
            return None;
        }
        let event = *rng.pick(&events);
        let some = rng.within(1..TICKETS_MAX + 1) as usize;
        let from = owned[event].len().saturating_sub(some);
        Some(Self::Cancel { event, tickets: owned[event].split_off(from) })
    }

    pub fn changes(&self) -> bool {
        !matches!(self, Self::Event(_) | Self::Day(_))
    }

    /// The line without a key and without its LF.
    pub fn line(&self, fixture: &Fixture) -> String {
        let date = fixture.date();
        match self {
            Self::Book { event, count } => format!("BOOK {} {count}", fixture.event(*event)),
            Self::Cancel { tickets, .. } => format!("CANCEL {}", tickets.join(" ")),
            Self::Block { who, hour } => {
                format!("BLOCK {} {date} {}", fixture.person(*who), fixture.time(*hour))
            }
            Self::Meet { people, host, hour, title } => {
                let names: Vec<String> = people.iter().map(|&who| fixture.person(who)).collect();
                let time = fixture.time(*hour);
                let (who, group) = names.split_first().expect("people");
                format!(
                    "MEET {who} {date} {time} t{title} {} host={}",
                    group.join(","),
                    fixture.person(*host)
                )
            }
            Self::Delete { who, hour } => {
                format!("DELETE {} {date} {}", fixture.person(*who), fixture.time(*hour))
            }
            Self::Event(event) => format!("GET {}", fixture.event(*event)),
            Self::Day(who) => format!("GET {} {date}", fixture.person(*who)),
        }
    }

    /// Whether a server that has lost nothing may reply so.
    pub fn allows(&self, reply: &Reply) -> bool {
        matches!(
            (reply.code.as_deref(), self),
            (None, _)
                | (Some("SOLD_OUT"), Self::Book { .. })
                | (Some("CONFLICT"), Self::Block { .. } | Self::Meet { .. })
                | (Some("NOT_FOUND" | "FORBIDDEN"), Self::Delete { .. })
        )
    }
}
