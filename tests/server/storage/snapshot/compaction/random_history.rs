//! Random commits that the rules can have decided, one after the other.

use std::num::NonZeroU64;

use bookline_protocol::limits::HOLD_SECONDS_MAX;
use bookline_protocol::{
    Date, Hours, Period, Role, SaleTerms, Sales, SeriesId, Slot, TicketStatus, event_tag,
};
use bookline_server::changes::{EntryTexts, Origin, encode_entry, encode_occurrence};
use bookline_server::codec::Sequence;
use bookline_server::domain::EntryNumber;
use bookline_server::domain::account::StoredSecret;
use bookline_server::domain::calendar::{Entry, EntryContent};
use bookline_server::domain::hold::{HoldEnd, HoldState};
use bookline_server::domain::sale::Sale;
use bookline_testkit::Rng;

use super::naive_state::{NaiveEvent, NaiveHold, NaiveState, NaiveTicket};
use crate::storage::journal::generate::{OwnedActor, RandomCommit};
use crate::storage::journal::owned_change::{
    OwnedAccount, OwnedChange, OwnedEvent, OwnedKey, OwnedTexts, OwnedValues, Uuid,
};

/// Ids of events. They are used again after an event is deleted.
const EVENTS: [&str; 3] = ["alpha", "beta", "gamma"];

/// Names behind `for=`, often none, and often the same one after the other.
const ATTENDEES: [&str; 4] = ["", "", "Ann", "Grüße 🎫"];

/// Names of accounts. They are used again after an account is dropped.
const ACCOUNTS: [&str; 3] = ["anna", "ben", "Anna"];

/// The hash of a password.
const PASSWORD: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

const SECOND_MICROS: i64 = 1_000_000;

/// The most tickets or holds that a commit is about.
const MANY: usize = 4;

/// The state after the commits so far.
#[derive(Debug, Default)]
pub struct RandomHistory {
    pub state: NaiveState,
    /// The number of commits.
    pub commits: u64,
    /// The time of the last commit.
    micros: i64,
    /// The changes of the next commit, which are applied already.
    changes: Vec<OwnedChange>,
}

impl RandomHistory {
    /// Makes the next commit, and applies it.
    pub fn next(&mut self, rng: &mut Rng) -> RandomCommit {
        self.micros += 1 + i64::from(rng.next() as u32 % 100_000_000);
        if rng.one_in(20) {
            self.forget_keys(rng);
        }
        while self.changes.is_empty() {
            self.any(rng);
        }
        if rng.one_in(2) {
            self.use_key(rng);
        }
        self.commits += 1;
        let actor = if rng.one_in(2) { OwnedActor::older_than(self.commits, rng) } else { None };
        RandomCommit { micros: self.micros, actor, changes: std::mem::take(&mut self.changes) }
    }

    /// Makes a change, if the rules allow it.
    fn any(&mut self, rng: &mut Rng) {
        match rng.below(33) {
            0 => return self.create(rng),
            1 => return self.block(rng),
            2 => return self.end_single(rng),
            3 => return self.create_entries(rng),
            4 => return self.end_entries(rng),
            5 | 6 => return self.move_entries(rng),
            7 => return self.move_single(rng),
            8 => return self.replace_entries(rng),
            9 => return self.add_account(rng),
            10 => return self.set_account(rng),
            11 => return self.drop_account(rng),
            _ => {}
        }
        let Some(event) = pick(rng, self.state.events.values().cloned()) else { return };
        match rng.below(24) {
            0..4 => self.book(rng, &event),
            4 => self.update(rng, &event),
            5..10 => self.hold(rng, &event),
            10..12 => self.confirm(rng, &event),
            12 => self.extend(rng, &event),
            13..15 => self.end_holds(rng, &event),
            15 => {
                // As a booking that ends due holds first.
                self.end_holds(rng, &event);
                let event = self.state.events[&event.number.0].clone();
                self.book(rng, &event);
            }
            16..18 => self.forget(rng, &event),
            18 => self.state.events.clone().values().for_each(|event| self.cancel(rng, event)),
            19..22 => self.check_in(rng, &event),
            22 => self.issue(rng, &event),
            _ => self.delete(rng, &event),
        }
    }

    /// Applies a change, and adds it to the next commit.
    fn push(&mut self, change: OwnedChange) {
        let origin = Origin { sequence: Sequence(self.commits + 1), micros: Some(self.micros) };
        let applied = self.state.commit(origin, &[change.change()]);
        applied.unwrap_or_else(|refused| panic!("{change:?}: {refused}"));
        self.changes.push(change);
    }

    /// Uses a key that is not known, which may have been forgotten.
    fn use_key(&mut self, rng: &mut Rng) {
        let key = format!("key-of-a-request-{}", rng.below(100));
        if self.state.keys.values().all(|known| known.key != key) {
            let (identity, mut request) = (String::new(), [0; 16]);
            request[..8].copy_from_slice(&rng.next().to_le_bytes());
            let reply = format!("OK {{\"drawn\":{}}}\n", rng.next());
            self.push(OwnedChange::KeyUsed(OwnedKey { identity, key, request, reply: reply.into() }));
        }
    }

    /// Forgets the keys that were used up to one of the commits so far, which may have used none.
    fn forget_keys(&mut self, rng: &mut Rng) {
        if self.commits > 0 {
            let through = Sequence(rng.within(1..self.commits + 1));
            self.push(OwnedChange::KeysForgotten { through });
        }
    }

    fn add_account(&mut self, rng: &mut Rng) {
        let name = *rng.pick(&ACCOUNTS);
        if self.state.accounts.values().all(|known| known.name != name) {
            self.push(OwnedChange::AccountAdded(account(rng, name)));
        }
    }

    fn set_account(&mut self, rng: &mut Rng) {
        let known = self.state.accounts.iter().map(|(number, known)| (*number, known.name.clone()));
        if let Some((number, name)) = pick(rng, known) {
            self.push(OwnedChange::AccountSet { account: number, values: account(rng, &name) });
        }
    }

    fn drop_account(&mut self, rng: &mut Rng) {
        let known = self.state.accounts.iter().map(|(number, known)| (*number, known.name.clone()));
        if let Some((account, name)) = pick(rng, known) {
            self.push(OwnedChange::AccountDropped { account, name });
        }
    }

    fn create(&mut self, rng: &mut Rng) {
        let id = EVENTS[rng.below(EVENTS.len())];
        if self.state.events.values().any(|event| event.id == id) {
            return;
        }
        let values = OwnedValues {
            id: id.to_owned(),
            name: "Jazz".to_owned(),
            date: date(),
            total: small(rng, 60) + 40,
            issued: small(rng, 3),
            terms: SaleTerms::default(),
        };
        self.push(OwnedChange::Added { tag: event_tag(id), values });
    }

    fn update(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let Sale { issued, held, .. } = event.sale();
        let sales = if rng.one_in(2) { Sales::Open } else { Sales::Closed };
        let values = OwnedValues {
            id: event.id.clone(),
            name: ["Jazz", "Jazz Night"][rng.below(2)].to_owned(),
            date: date(),
            total: (issued + held + small(rng, 60)).max(1),
            issued,
            terms: SaleTerms { sales, ..SaleTerms::default() },
        };
        self.push(OwnedChange::Updated { event: event.key(), held, values });
    }

    fn book(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let tickets = new_ids(rng, event, event.sale().available());
        if !tickets.is_empty() {
            let event = after(event, i64::from(count(&tickets)), 0);
            self.push(OwnedChange::Booked { event, attendee: attendee(rng), tickets });
        }
    }

    /// A booking as version 0.1.0 journaled it.
    fn issue(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let tickets = new_ids(rng, event, event.sale().available());
        if !tickets.is_empty() {
            self.push(OwnedChange::Issued { event: event.key(), tickets });
        }
    }

    fn cancel(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let tickets = some(rng, event.tickets.iter().filter(|ticket| is(ticket, TicketStatus::Booked)));
        let tickets: Vec<Uuid> = tickets.iter().map(|ticket| ticket.id).collect();
        if !tickets.is_empty() {
            let event = after(event, -i64::from(count(&tickets)), 0);
            self.push(OwnedChange::Cancelled { event, tickets });
        }
    }

    fn check_in(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let tickets = event.tickets.iter().filter(|ticket| !is(ticket, TicketStatus::Cancelled));
        if let Some(ticket) = pick(rng, tickets) {
            let (ticket, undone) = (ticket.id, is(ticket, TicketStatus::CheckedIn));
            let (key, id, at) = (event.key(), event.id.clone(), self.micros - 1);
            self.push(match rng.below(3) {
                0 => OwnedChange::CheckedIn { event: after(event, 0, 0), ticket, undone, at },
                // Of the earlier types.
                1 => OwnedChange::CheckedInUncounted { event: key, id, ticket, undone, at: Some(at) },
                _ => OwnedChange::CheckedInUncounted { event: key, id, ticket, undone, at: None },
            });
        }
    }

    fn hold(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let tickets = small(rng, MANY + 1).min(event.sale().available());
        if tickets > 0 {
            let (hold, deadline) = (new_id(rng, event), deadline(rng, self.micros));
            let event = after(event, 0, i64::from(tickets));
            self.push(OwnedChange::Held { event, hold, tickets, deadline, attendee: attendee(rng) });
        }
    }

    fn confirm(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let Some((hold, held)) = pick(rng, active(event)) else { return };
        let tickets = new_ids(rng, event, held.hold.tickets);
        if !tickets.is_empty() {
            let event = after(event, i64::from(count(&tickets)), -i64::from(held.hold.tickets));
            self.push(OwnedChange::Confirmed { event, hold: *hold, attendee: attendee(rng), tickets });
        }
    }

    fn extend(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let in_time = active(event).filter(|(_, held)| self.micros < deadline_max(held.hold.created));
        if let Some((hold, held)) = pick(rng, in_time) {
            let deadline = deadline(rng, self.micros).min(deadline_max(held.hold.created));
            let (hold, tickets) = (*hold, held.hold.tickets);
            self.push(if rng.one_in(2) {
                OwnedChange::Extended { event: after(event, 0, 0), hold, tickets, deadline }
            } else {
                let id = event.id.clone();
                OwnedChange::ExtendedUncounted { event: event.key(), id, hold, deadline }
            });
        }
    }

    fn end_holds(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let ended = some(rng, active(event));
        if !ended.is_empty() {
            let tickets: u32 = ended.iter().map(|(_, held)| held.hold.tickets).sum();
            let holds = ended.iter().map(|(id, _)| **id).collect();
            let end = [HoldEnd::Released, HoldEnd::Expired][rng.below(2)];
            let event = after(event, 0, -i64::from(tickets));
            self.push(if rng.one_in(2) {
                OwnedChange::EndedHolds { event, end, tickets, holds }
            } else {
                OwnedChange::EndedHoldsUncounted { event, end, holds }
            });
        }
    }

    fn forget(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        let ended = event.holds.iter().filter(|(_, held)| held.hold.state != HoldState::Active);
        let holds: Vec<Uuid> = some(rng, ended).iter().map(|(id, _)| **id).collect();
        if !holds.is_empty() {
            self.push(OwnedChange::Forgotten { event: event.key(), holds });
        }
    }

    fn delete(&mut self, rng: &mut Rng, event: &NaiveEvent) {
        if rng.one_in(4) {
            self.push(OwnedChange::Deleted { event: after(event, 0, 0) });
        }
    }

    fn block(&mut self, rng: &mut Rng) {
        let index = date().day_number() * 24 + small(rng, 24);
        let slot = Slot::from_index(index).expect("an hour of a day");
        self.push(OwnedChange::Block { slot, who: "F1".to_owned() });
    }

    /// Ends an entry without a series.
    fn end_single(&mut self, rng: &mut Rng) {
        if let Some(single) = self.single(rng) {
            self.push_end(&[single]);
        }
    }

    /// Moves an entry without a series.
    fn move_single(&mut self, rng: &mut Rng) {
        if let Some(single) = self.single(rng) {
            self.push_end(std::slice::from_ref(&single));
            self.push_move(rng, &[single], None);
        }
    }

    /// An entry without a series: a block of one hour, or an occurrence that has left its series.
    fn single(&self, rng: &mut Rng) -> Option<(EntryNumber, Entry)> {
        pick(rng, self.state.entries.clone().into_iter().filter(|(_, entry)| entry.series.is_none()))
    }

    /// A series of meetings or blocks, some of them across midnight.
    fn create_entries(&mut self, rng: &mut Rng) {
        let title = ["", "standup", "Grüße 🎫"][rng.below(3)];
        let group = if title.is_empty() { "" } else { "F2,F3" };
        let texts = OwnedTexts {
            who: "F1".to_owned(),
            title: title.to_owned(),
            group: group.to_owned(),
            host: "F1".to_owned(),
        };
        // The index of a skipped occurrence is not used, so some are missing.
        let indices: Vec<u16> = (0..366).filter(|_| rng.one_in(60)).collect();
        if indices.is_empty() {
            return;
        }
        let hours = u8::try_from(1 + rng.below(24)).ok().and_then(Hours::new).expect("hours of an entry");
        let occurrences = indices.into_iter().map(|index| {
            let start = (date().day_number() + u32::from(index)) * 24 + small(rng, 24);
            let start = Slot::from_index(start).expect("an hour of a day");
            encode_occurrence(index, Period::new(start, hours).expect("hours of these years"))
        });
        let occurrences = occurrences.collect();
        let series = NonZeroU64::new(rng.next()).map(SeriesId);
        self.push(OwnedChange::Entries { series, texts, occurrences });
    }

    /// Ends a part of a series, or all of it.
    fn end_entries(&mut self, rng: &mut Rng) {
        if let Some(of_series) = self.series(rng) {
            let ended = if rng.one_in(4) { of_series } else { some(rng, of_series) };
            self.push_end(&ended);
        }
    }

    /// Moves a part of a series, or all of it. One occurrence may leave it.
    fn move_entries(&mut self, rng: &mut Rng) {
        let Some(of_series) = self.series(rng) else { return };
        let moved = if rng.one_in(4) { of_series } else { some(rng, of_series) };
        let Some((_, Entry { series, .. })) = moved.first() else { return };
        let series = series.filter(|_| moved.len() > 1 || rng.one_in(2));
        self.push_end(&moved);
        self.push_move(rng, &moved, series);
    }

    /// Moves a series to the next hour as earlier versions did: by its end and another creation.
    fn replace_entries(&mut self, rng: &mut Rng) {
        let Some(mut entries) = self.series(rng) else { return };
        entries.sort_by_key(|(number, _)| *number);
        let (_, Entry { content, series, .. }) = entries[0].clone();
        let moved = (0..).zip(&entries).map(|(index, (_, entry))| {
            encode_occurrence(index, entry.period.shifted(1).expect("hours of these years"))
        });
        let occurrences = moved.collect();
        self.push_end(&entries);
        self.push(OwnedChange::Entries { series, texts: texts_of(&content), occurrences });
    }

    /// The entries of a series.
    fn series(&self, rng: &mut Rng) -> Option<Vec<(EntryNumber, Entry)>> {
        let in_series = self.state.entries.values().filter_map(|entry| entry.series);
        let series = pick(rng, in_series)?;
        let entries = self.state.entries.iter().filter(|(_, entry)| entry.series == Some(series));
        Some(entries.map(|(number, entry)| (*number, entry.clone())).collect())
    }

    /// Ends entries of one series, by a change for those with the same texts, or one without a series.
    fn push_end(&mut self, entries: &[(EntryNumber, Entry)]) {
        if let [(number, entry)] = entries
            && entry.is_plain()
            && number.is_first()
        {
            let (slot, texts) = (entry.period.start(), texts_of(&entry.content));
            return self.push(OwnedChange::Ended { slot, entry: *number, texts });
        }
        let mut left = entries.to_vec();
        while let Some((_, Entry { content, series, .. })) = left.first().cloned() {
            let same = left.extract_if(.., |(_, entry)| entry.content == content);
            let ended = same.map(|(number, entry)| encode_entry(number, entry.period)).collect();
            self.push(OwnedChange::EndedEntries { series, texts: texts_of(&content), entries: ended });
        }
    }

    /// Begins entries again that the same commit has ended, later or earlier, and with other texts or not.
    fn push_move(&mut self, rng: &mut Rng, entries: &[(EntryNumber, Entry)], series: Option<SeriesId>) {
        let Some((_, Entry { content, .. })) = entries.first() else { return };
        let mut texts = texts_of(content);
        if rng.one_in(2) {
            (texts.title, texts.group) = ("moved".to_owned(), "F4".to_owned());
        }
        let shift = i64::from(small(rng, 60)) - 30;
        let moved = entries.iter().map(|(number, entry)| {
            encode_entry(*number, entry.period.shifted(shift).expect("hours of these years"))
        });
        self.push(OwnedChange::MovedEntries { series, texts, entries: moved.collect() });
    }
}

fn texts_of(content: &EntryContent) -> OwnedTexts {
    let EntryTexts { who, title, group, host } = EntryTexts::of(content);
    let [who, title, group, host] = [who, title, group, host].map(str::to_owned);
    OwnedTexts { who, title, group, host }
}

/// The event and its counts after so many more tickets are issued and held.
fn after(event: &NaiveEvent, issued: i64, held: i64) -> OwnedEvent {
    let sale = event.sale();
    let sum = |count: u32, more: i64| u32::try_from(i64::from(count) + more).expect("a possible count");
    OwnedEvent {
        key: event.key(),
        id: event.id.clone(),
        total: sale.total,
        issued: sum(sale.issued, issued),
        held: sum(sale.held, held),
    }
}

fn active(event: &NaiveEvent) -> impl Iterator<Item = (&Uuid, &NaiveHold)> {
    event.holds.iter().filter(|(_, held)| held.hold.state == HoldState::Active)
}

fn is(ticket: &NaiveTicket, status: TicketStatus) -> bool {
    ticket.state.status() == status
}

fn date() -> Date {
    Date::from_day_number(740_000).expect("a day of 2027")
}

/// Random values of an account of this name.
fn account(rng: &mut Rng, name: &str) -> OwnedAccount {
    let secret = match rng.one_in(2) {
        true => StoredSecret::Token([rng.next() as u8; 32]),
        false => StoredSecret::Password(PASSWORD.into()),
    };
    let person = ["", "F1", "F2"][rng.below(3)].to_owned();
    OwnedAccount { name: name.to_owned(), role: *rng.pick(&Role::ALL), person, secret }
}

fn attendee(rng: &mut Rng) -> String {
    ATTENDEES[rng.below(ATTENDEES.len())].to_owned()
}

/// The last deadline that a hold may have.
fn deadline_max(created: i64) -> i64 {
    created + i64::from(HOLD_SECONDS_MAX) * SECOND_MICROS
}

fn deadline(rng: &mut Rng, now: i64) -> i64 {
    now + (1 + i64::from(small(rng, HOLD_SECONDS_MAX as usize))) * SECOND_MICROS
}

/// A number below `end`.
fn small(rng: &mut Rng, end: usize) -> u32 {
    u32::try_from(rng.below(end)).expect("a small number")
}

fn count(ids: &[Uuid]) -> u32 {
    u32::try_from(ids.len()).expect("a few ids")
}

/// The id of a ticket or hold of this event.
fn new_id(rng: &mut Rng, event: &NaiveEvent) -> Uuid {
    let mut id = [0; 16];
    [id[0], id[1]] = event.key().tag.to_be_bytes();
    id[8..].copy_from_slice(&rng.next().to_le_bytes());
    id
}

/// A few ids, at most this many.
fn new_ids(rng: &mut Rng, event: &NaiveEvent, count_max: u32) -> Vec<Uuid> {
    let count = small(rng, MANY + 1).min(count_max);
    (0..count).map(|_| new_id(rng, event)).collect()
}

/// One of these.
fn pick<T>(rng: &mut Rng, from: impl IntoIterator<Item = T>) -> Option<T> {
    let mut all: Vec<T> = from.into_iter().collect();
    if all.is_empty() { None } else { Some(all.swap_remove(rng.below(all.len()))) }
}

/// A few of these.
fn some<T>(rng: &mut Rng, from: impl IntoIterator<Item = T>) -> Vec<T> {
    let (mut all, mut taken): (Vec<T>, _) = (from.into_iter().collect(), Vec::new());
    for _ in 0..rng.below(MANY + 1).min(all.len()) {
        taken.push(all.swap_remove(rng.below(all.len())));
    }
    taken
}
