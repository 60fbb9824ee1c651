//! Authorization: whether a request is allowed, before anything is looked up for it. The table is
//! [`NEEDS`](bookline_protocol::NEEDS).

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;

use bookline_protocol::commands::watch::{is_own_calendar_of, needs_of_watching};
use bookline_protocol::{Needs, Refusal, Request, Requester, Role};

use super::login::Dropped;
use super::service::Service;
use super::turn::Turn;
use crate::state::{Account, Identity};

/// Why a request is not executed.
#[derive(Debug)]
pub enum Denial {
    Refused(Refusal),
    /// The connection is to be closed after the refusal.
    Closed(Refusal),
}

/// Checks that the requester may make this request. Everything is allowed on a server without accounts.
///
/// # Errors
///
/// [`Denial`]
#[inline(always)]
pub fn authorize(turn: &mut Turn, service: &Service, request: &Request<'_>) -> Result<(), Denial> {
    if !service.authentication.is_required() {
        return Ok(());
    }
    let needs = request.needs();
    turn.login.refresh(&mut turn.context, service).map_err(|Dropped| Denial::Closed(dropped()))?;
    let account = match &turn.context.identity {
        Identity::Account(account) => account,
        Identity::Operator => return Ok(()),
        Identity::Anybody if needs == Needs::Nothing => return Ok(()),
        Identity::Anybody => return Err(Denial::Refused(unauthenticated())),
    };
    let allowed = match needs {
        // The most frequent requests need no more than this.
        Needs::Role(role) => account.role >= role,
        _ => needs.allow(&requester(account, service), |person| request.is_own_of(person)),
    };
    if !allowed {
        return Err(Denial::Refused(forbidden(account, request, needs)));
    }
    if let Some(rate) = service.authentication.limits.changes_per_second
        && !turn.is_counted
        && request.changes()
    {
        take_change(&account.shared.next_change, rate, service.clock.now())
            .map_err(|ms| Denial::Refused(too_many_changes(&account.name, rate, ms)))?;
        turn.is_counted = true;
    }
    Ok(())
}

/// Checks that the requester may still watch what it watches. A role that was changed counts for the next
/// change that is shown.
///
/// # Errors
///
/// The refusal. The connection is to be closed after it.
pub fn authorize_watcher(turn: &mut Turn, service: &Service) -> Result<(), Refusal> {
    let Turn { login, context, watcher, .. } = turn;
    let Some(watcher) = watcher.as_mut().filter(|_| service.authentication.is_required()) else {
        return Ok(());
    };
    login.refresh(context, service).map_err(|Dropped| dropped())?;
    let Some(account) = context.identity.account() else { return Err(unauthenticated()) };
    let requester = requester(account, service);
    let sees_everything = requester.role >= Role::Organizer;
    watcher.set_shows_by(sees_everything);
    if sees_everything {
        return Ok(());
    }
    let needs = needs_of_watching(watcher.watching(), watcher.shows_secrets());
    let is_own = |person: &str| is_own_calendar_of(watcher.watching(), person);
    if needs.allow(&requester, is_own) {
        return Ok(());
    }
    Err(refuse_needs(account, "what this connection watches", needs))
}

/// Who asks, as far as it decides what is allowed.
#[inline]
pub fn requester<'a>(account: &'a Account, service: &Service) -> Requester<'a> {
    let person = account.person.as_deref();
    Requester {
        role: account.role,
        person,
        is_head: person.is_some_and(|person| person == service.head.as_str()),
    }
}

/// Whether whoever sends the requests of this turn may make those that need this.
pub fn may(turn: &Turn, service: &Service, needs: Needs) -> bool {
    if !service.authentication.is_required() {
        return true;
    }
    match turn.context.identity.account() {
        None => needs == Needs::Nothing,
        // Whose calendar it is, is not known before a request names somebody.
        Some(account) => needs.allow(&requester(account, service), |_| true),
    }
}

/// The refusal of a connection whose account was dropped.
pub fn dropped() -> Refusal {
    Refusal::unauthenticated("the account of this connection was dropped: AUTH as another one")
}

fn unauthenticated() -> Refusal {
    Refusal::unauthenticated("this server has accounts: send AUTH <name> <secret> first")
}

fn forbidden(account: &Account, request: &Request<'_>, needs: Needs) -> Refusal {
    let Account { name, role, .. } = account;
    let verb = request.verb();
    tracing::warn!(target: "audit", account = name.as_str(), %role, command = verb.as_str(), "audit: FORBIDDEN");
    refuse_needs(account, &format!("this {verb}"), needs)
}

/// Refuses `what`, which needs more than this account has.
pub fn refuse_needs(account: &Account, what: &str, needs: Needs) -> Refusal {
    let Account { name, role, person, .. } = account;
    let least = needs.role().map_or("", |role| role.as_str());
    let others = match (needs, person) {
        (Needs::Calendar, None) => ", or the account of the person whose calendar it is".to_owned(),
        (Needs::Calendar, Some(person)) => format!(", for the calendar of another person than {person}"),
        (Needs::Report, _) => ", or the account of the head of department".to_owned(),
        _ => String::new(),
    };
    Refusal::forbidden_needs(
        format!("{name} is a {role}, and {what} needs {}{others}", article(least)),
        least,
    )
}

fn article(role: &str) -> String {
    let article = if role.starts_with(['a', 'o']) { "an" } else { "a" };
    format!("{article} {role}")
}

fn too_many_changes(name: &str, rate: u32, ms: u64) -> Refusal {
    Refusal::rate_limited(
        format!("{name} makes more than {rate} changes a second, as many as it may (--account-rate): wait"),
        ms,
    )
}

const SECOND_MICROS: i64 = 1_000_000;

/// Counts a change of an account that may make `rate` a second. `next` is the time of its next change if it
/// makes them evenly, in microseconds since 1970 (UTC): it may run ahead of the time by a second, so that so
/// many may be made at once.
///
/// # Errors
///
/// The milliseconds until the change is allowed.
fn take_change(next: &AtomicI64, rate: u32, now: i64) -> Result<(), u64> {
    let interval = SECOND_MICROS / i64::from(rate.max(1)).min(SECOND_MICROS);
    let latest = now + SECOND_MICROS - interval;
    let taken = next.fetch_update(Relaxed, Relaxed, |next| {
        let next = next.max(now);
        (next <= latest).then_some(next + interval)
    });
    taken.map(drop).map_err(|next| (next - latest).unsigned_abs().div_ceil(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_limited_by_the_second_with_a_second_at_once() {
        let next = AtomicI64::new(0);
        let now = 1_000 * SECOND_MICROS;
        for _ in 0..10 {
            assert_eq!(take_change(&next, 10, now), Ok(()));
        }
        assert_eq!(take_change(&next, 10, now), Err(100));
        assert_eq!(take_change(&next, 10, now + 99_000), Err(1));
        assert_eq!(take_change(&next, 10, now + 100_000), Ok(()));
        assert_eq!(take_change(&next, 10, now + 100_000), Err(100));
        let later = now + 60 * SECOND_MICROS;
        assert_eq!((0..100).filter(|_| take_change(&next, 10, later).is_ok()).count(), 10);
    }
}
