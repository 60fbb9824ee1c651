//! The whole state as text, read as requests read it. Two states are equal if their texts are.

use std::fmt::Write;

use bookline_protocol::{Date, HoldId, Hour, Slot, TicketId, event_tag};
use bookline_server::domain::EventKey;
use bookline_server::state::{Context, KeyState, RequestKey, Store};
use bookline_testkit::Rng;

/// A few people, so that their meetings conflict.
pub const PEOPLE: [&str; 6] = ["F1", "F2", "F3", "F4", "F5", "F10"];

/// Two days that share a shard (of 64), and one that does not.
pub fn days() -> [Date; 3] {
    [739_000, 739_064, 739_001].map(|number| Date::from_day_number(number).expect("a day of 2024"))
}

/// Ids that were given out. Some may be of deleted events, or lost in a crash.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// One ticket of every booking.
    pub tickets: Vec<TicketId>,
    pub holds: Vec<HoldId>,
    /// The keys of all changes that were tried.
    keys: Vec<String>,
    drawn: u32,
}

impl Ids {
    /// An id that was never drawn before, also by a generator with the same seed.
    pub fn draw(&mut self, rng: &mut Rng) -> [u8; 16] {
        self.drawn += 1;
        let mut id = [0; 16];
        id[4..12].copy_from_slice(&rng.next().to_le_bytes());
        id[12..].copy_from_slice(&self.drawn.to_le_bytes());
        id
    }

    /// A key that was never drawn before.
    pub fn draw_key(&mut self, rng: &mut Rng) -> String {
        self.drawn += 1;
        let key = format!("{:016x}-{}", rng.next(), self.drawn);
        self.keys.push(key.clone());
        key
    }

    pub fn draw_several(&mut self, rng: &mut Rng, count: usize) -> Vec<[u8; 16]> {
        (0..count).map(|_| self.draw(rng)).collect()
    }
}

/// The key and the hash of its request.
pub fn request_key(key: &str) -> RequestKey<'_> {
    let (request, _) = key.as_bytes().split_first_chunk().expect("16 digits");
    RequestKey { owner: "", key, request: *request }
}

/// The reply that is stored with a key.
pub fn stored_reply(key: &str) -> String {
    format!("OK {{\"to\":\"{key}\"}}\n")
}

/// Every event with its tickets in the order of issue, those of `ids` that are known, the stored replies,
/// every day of every person, the meetings of every hour in their order, and the totals.
pub fn state_text(store: &Store, ids: &Ids) -> String {
    let (mut text, mut context) = (String::new(), Context::default());
    for place in store.page(&mut context, None, usize::MAX) {
        let event = store.event(&mut context, &place.id, |event| (event.json.clone(), event.sale));
        let (json, sale) = event.expect("a listed event");
        writeln!(text, "{json} {sale:?}").expect("write to a string");
        let key = EventKey { tag: event_tag(&place.id), number: sale.number };
        let tickets = store.ticket_page(&mut context, key, 0, u32::MAX).expect("a listed event");
        for (ticket, state, name) in tickets.tickets {
            let name = name.map(|index| &tickets.names[index]);
            writeln!(text, "{ticket} {state:?} {name:?}").expect("write to a string");
        }
    }
    for &ticket in &ids.tickets {
        let found = store.ticket(&mut context, ticket, |found| {
            format!("{ticket} {} {:?} {:?}\n", found.event.id, found.state, found.attendee)
        });
        text += &found.unwrap_or_default();
    }
    for &hold in &ids.holds {
        if let Some(found) = store.hold_view(&mut context, hold) {
            writeln!(text, "{hold} {found:?}").expect("write to a string");
        }
    }
    for key in &ids.keys {
        match store.look_up(&mut context, request_key(key)).expect("there is space for a key") {
            KeyState::Used(used) => {
                let reply = std::str::from_utf8(used.reply()).expect("a text");
                assert_eq!(reply, stored_reply(key));
                text += reply;
            }
            KeyState::Unused(_) => {}
            KeyState::Reused => panic!("the request of {key} is another one"),
        }
    }
    for date in days() {
        for who in PEOPLE {
            for entry in store.day(&mut context, who, date) {
                writeln!(text, "{who} {entry:?}").expect("write to a string");
            }
        }
        for hour in (0..).map_while(Hour::new) {
            let (meetings, _) = store.meetings(&mut context, Slot { date, hour }, None, |_, _| true);
            writeln!(text, "{hour} {meetings:?}").expect("write to a string");
        }
    }
    writeln!(text, "{:?}", store.totals(&mut context)).expect("write to a string");
    text
}
