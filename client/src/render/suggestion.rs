//! What to type instead of a request that was refused.
//!
//! Most messages of the server say it. This adds the commands that need numbers of the refusal and words of
//! the request together.

use bookline_protocol::commands::meet::MeetingTime;
use bookline_protocol::commands::{Block, Book, BookedEvents, Booking, Extend, Free, Hold, Meet, Update};
use bookline_protocol::limits::SEARCH_ROWS_DEFAULT;
use bookline_protocol::reply::ErrBody;
use bookline_protocol::window::WindowValues;
use bookline_protocol::{Code, Group, Id, ParsedLine, Period, Request, Sales, Window};

/// A sentence with the command to type, if there is one.
pub fn suggestion(line: &str, code: Code, body: &ErrBody) -> Option<String> {
    match bookline_protocol::parse(line.trim_end().as_bytes(), &mut Vec::new()) {
        ParsedLine::Request(request) => instead_of(&request, code, body),
        ParsedLine::Keyed(keyed) => instead_of(&keyed.request, code, body),
        ParsedLine::Blank | ParsedLine::Refused(_) | ParsedLine::Foreign(_) => None,
    }
}

fn instead_of(request: &Request<'_>, code: Code, body: &ErrBody) -> Option<String> {
    let (instead, purpose) = match code {
        Code::SoldOut => (with_count(request, body.available?)?, "for what is left"),
        Code::Limit => (with_count(request, u32::try_from(body.limit?).ok()?)?, "for the most"),
        Code::Closed => (opened(request)?, "to open its sale"),
        Code::Conflict if body.issued.is_some() => (with_fewest_tickets(request, body)?, "for the fewest"),
        Code::Conflict if body.clashes.is_none() => (search(request)?, "to find a time"),
        _ => return None,
    };
    let mut line = Vec::new();
    instead.write_line(&mut line);
    Some(format!("Type {} {purpose}.", String::from_utf8(line).ok()?))
}

/// The same request with another number of tickets or seconds, which is not 0.
fn with_count<'a>(request: &Request<'a>, count: u32) -> Option<Request<'a>> {
    if count == 0 {
        return None;
    }
    match request {
        Request::Book(Book { bookings: BookedEvents::One(booking), attendee }) => {
            let bookings = BookedEvents::One(Booking { event: booking.event.clone(), count });
            Some(Book { bookings, attendee: attendee.clone() }.into())
        }
        Request::Hold(Hold::Create { event, ttl_seconds, attendee, .. }) => {
            let (event, attendee) = (event.clone(), attendee.clone());
            Some(Hold::Create { event, count, ttl_seconds: *ttl_seconds, attendee }.into())
        }
        Request::Extend(Extend { hold, .. }) => Some(Extend { hold: *hold, seconds: count }.into()),
        _ => None,
    }
}

/// The request that puts the event on sale.
fn opened<'a>(request: &Request<'a>) -> Option<Request<'a>> {
    let event = match request {
        Request::Book(Book { bookings: BookedEvents::One(booking), .. }) => &booking.event,
        Request::Hold(Hold::Create { event, .. }) => event,
        _ => return None,
    };
    Some(Update { sales: Some(Sales::Open), ..unchanged(event) }.into())
}

/// The same change of an event, with as many tickets as are issued and held.
fn with_fewest_tickets<'a>(request: &Request<'a>, body: &ErrBody) -> Option<Request<'a>> {
    let Request::Update(update) = request else { return None };
    let tickets = body.issued?.checked_add(body.held?)?;
    Some(Update { tickets: Some(tickets), ..update.clone() }.into())
}

fn unchanged<'a>(event: &Id<'a>) -> Update<'a> {
    let event = event.clone();
    Update { event, name: None, date: None, tickets: None, sales: None, max_per_booking: None }
}

/// The search for a time on the day of a block or a meeting at which all of its people are free.
fn search(request: &Request<'_>) -> Option<Request<'static>> {
    let (people, period) = match request {
        Request::Block(Block { who, period, recurrence: None }) => (vec![who.as_str()], *period),
        Request::Meet(Meet { who, when, meeting }) => {
            let MeetingTime::At { period, recurrence: None } = when else { return None };
            let mut people = vec![who.as_str()];
            for person in meeting.group.iter().chain([meeting.host.as_str()]) {
                if !people.contains(&person) {
                    people.push(person);
                }
            }
            (people, *period)
        }
        _ => return None,
    };
    Some(
        Free {
            people: Group::new(people.join(",")).ok()?,
            window: day_of(period)?,
            limit: SEARCH_ROWS_DEFAULT,
        }
        .into(),
    )
}

/// The day on which a period begins, searched for as many hours.
fn day_of(period: Period) -> Option<Window> {
    Window::new(period.start().date, WindowValues { hours: Some(period.hours()), ..Default::default() }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_suggestion(line: &str, code: &str, fields: &str, expected: Option<&str>) {
        let body = serde_json::from_str(&format!(r#"{{"message":"m","retry":false{fields}}}"#)).unwrap();
        assert_eq!(suggestion(line, code.parse().unwrap(), &body).as_deref(), expected, "{line}");
    }

    #[test]
    fn fewer_tickets_are_suggested_where_some_are_left() {
        let some_left = r#","available":10,"held":0,"requested":11"#;
        assert_suggestion("book e 11\n", "SOLD_OUT", some_left, Some("Type BOOK e 10 for what is left."));
        assert_suggestion(
            "HOLD e 11 for=\"Ada L\" key=0123456789abcdef",
            "SOLD_OUT",
            some_left,
            Some("Type HOLD e 10 for=\"Ada L\" for what is left."),
        );
        assert_suggestion("BOOK e 11", "SOLD_OUT", r#","available":0,"held":2,"requested":11"#, None);
        assert_suggestion("BOOK e 11 f 2", "SOLD_OUT", some_left, None);
        let limit = r#","limit":4,"requested":6"#;
        assert_suggestion("BOOK e 6", "LIMIT", limit, Some("Type BOOK e 4 for the most."));
        assert_suggestion("HOD F1 2026-01-01 2027-12-31", "LIMIT", limit, None);
        let hold = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
        let extend = format!("EXTEND {hold} 7200");
        let most = format!("Type EXTEND {hold} 4 for the most.");
        assert_suggestion(&extend, "LIMIT", limit, Some(&most));
    }

    #[test]
    fn change_of_the_event_is_suggested_where_it_stands_in_the_way() {
        assert_suggestion("BOOK e 1", "CLOSED", "", Some("Type UPDATE e sales=open to open its sale."));
        assert_suggestion("HOLD e 1", "CLOSED", "", Some("Type UPDATE e sales=open to open its sale."));
        let issued = r#","issued":2,"held":3,"requested":1"#;
        let fewest = Some("Type UPDATE e name=\"n\" tickets=5 for the fewest.");
        assert_suggestion("UPDATE e tickets=1 name=n", "CONFLICT", issued, fewest);
    }

    #[test]
    fn search_is_suggested_where_someone_is_busy() {
        let busy = r#","busy":["F2"]"#;
        for (line, free) in [
            ("BLOCK F1 21-11-2026 10:00", "FREE F1 2026-11-21"),
            ("MEET F1 21-11-2026 10:00 plans F2,F3", "FREE F1,F2,F3 2026-11-21"),
            ("MEET F1 21-11-2026 10:00 plans F2,F1 host=F4 hours=2", "FREE F1,F2,F4 2026-11-21 hours=2"),
        ] {
            assert_suggestion(line, "CONFLICT", busy, Some(&format!("Type {free} to find a time.")));
        }
        for line in [
            "BLOCK F1 21-11-2026 10:00 hours=9",
            "BLOCK F1 21-11-2026 10:00 every=day count=2",
            "MEET F1 21-11-2026 first plans F2",
            "CREATE x 2026-11-21 5 id=x",
            "nonsense",
        ] {
            assert_suggestion(line, "CONFLICT", busy, None);
        }
    }
}
