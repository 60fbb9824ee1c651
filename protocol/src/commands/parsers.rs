//! Parses the text of a line into a request: one function for each command that has arguments.

use super::arguments::{Args, validated};
use super::request::{Request, RequestedEntry, RequestedMeeting};
use super::table;
use super::verb::Verb;
use crate::byte_class::ByteClasses;
use crate::cursor::Cursor;
use crate::id::Id;
use crate::limits::{BOOKING_TICKETS_MAX, EVENT_TICKETS_MAX, LISTING_ROWS_MAX};
use crate::refusal::Refusal;
use crate::shown::Echo;

/// `line` is neither blank nor a comment, and has no control characters but tabs.
pub(crate) fn request(line: &str, classes: ByteClasses) -> Result<Request<'_>, Refusal> {
    let mut args = Args::of(line, classes);
    let verb = args.verb()?;
    // An argument that only looks like an option shifts the arguments after it, and one of those is then
    // refused. The unknown option is the cause, so it is the one to report.
    arguments(verb, &mut args).map_err(|refusal| args.find_unknown_option().unwrap_or(refusal))
}

fn arguments<'a>(verb: Verb, args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
    let request = match verb {
        Verb::Create => create(args)?,
        Verb::Get => get(args)?,
        Verb::Book => book(args)?,
        Verb::Ticket => Request::Ticket { ticket: args.next_value("ticket-id")? },
        Verb::Block => Request::Block { who: args.next_id("who")?, slot: args.next_slot()? },
        Verb::Meet => meet(args)?,
        Verb::Hod => Request::Hod { who: args.next_id("who")? },
        Verb::Delete => Request::Delete { who: args.next_id("who")?, slot: args.next_slot()? },
        Verb::Put => put(args)?,
        Verb::Hello => Request::Hello,
        Verb::Help => help(args)?,
        Verb::Ping => Request::Ping,
        Verb::Stats => Request::Stats,
        Verb::Snapshot => Request::Snapshot,
        Verb::Quit => Request::Quit,
    };
    args.finish()?;
    Ok(request)
}

fn create<'a>(args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
    Ok(Request::Create {
        name: args.next_text("name")?,
        date: args.next_date()?,
        tickets: args.next_number("tickets", EVENT_TICKETS_MAX)?,
        id: args.option_id("id")?,
    })
}

fn get<'a>(args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
    if !args.has_next()? {
        args.set_form(table::GET_LIST);
        let limit = args.option_number("limit", LISTING_ROWS_MAX)?;
        return Ok(Request::List { limit, after: after(args)? });
    }
    let id = args.next_word("event-id")?;
    if args.has_next()? {
        args.set_form(table::GET_DAY);
        Ok(Request::Day { who: validated("who", id, Id::new)?, date: args.next_date()? })
    } else {
        args.set_form(table::GET_EVENT);
        Ok(Request::Event { id: validated("event-id", id, Id::new)? })
    }
}

fn after<'a>(args: &mut Args<'a>) -> Result<Option<Cursor<'a>>, Refusal> {
    let Some(word) = args.option("after")? else {
        return Ok(None);
    };
    validated("after", word, |word| {
        Cursor::decode(&word).ok_or("is not a cursor: give the word that came as \"next\", or leave it out")
    })
    .map(Some)
}

fn book<'a>(args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
    Ok(Request::Book { event: args.next_id("event-id")?, count: args.next_number("n", BOOKING_TICKETS_MAX)? })
}

fn meet<'a>(args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
    let who = args.next_id("who")?;
    let slot = args.next_slot()?;
    let host = who.clone();
    Ok(Request::Meet { who, slot, meeting: meeting(args, host)? })
}

/// `<title> <group> [<host>|host=<id>]`
fn meeting<'a>(args: &mut Args<'a>, who: Id<'a>) -> Result<RequestedMeeting<'a>, Refusal> {
    let title = args.next_text("title")?;
    let group = args.next_group()?;
    let argument = if args.has_next()? { Some(args.next_id("host")?) } else { None };
    let option = args.option_id("host")?;
    if let (Some(argument), Some(option)) = (&argument, &option) {
        return Err(Refusal::bad_request(format!(
            "the host is given twice, as {argument} and as host={option}: write host={option} alone, or put \
             a comma before {argument} if it belongs to the group"
        )));
    }
    Ok(RequestedMeeting { title, group, host: option.or(argument).unwrap_or(who) })
}

fn put<'a>(args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
    let who = args.next_id("who")?;
    let old = args.next_slot()?;
    let word = args.next_word("BLOCK or MEET")?;
    if word.eq_ignore_ascii_case("BLOCK") {
        args.set_form(table::PUT_BLOCK);
        let new = args.next_slot()?;
        Ok(Request::Put { who, old, new, entry: RequestedEntry::Block })
    } else if word.eq_ignore_ascii_case("MEET") {
        args.set_form(table::PUT_MEET);
        let new = args.next_slot()?;
        let host = who.clone();
        Ok(Request::Put { who, old, new, entry: RequestedEntry::Meeting(meeting(args, host)?) })
    } else {
        Err(Refusal::bad_request(format!(
            "{} is neither BLOCK nor MEET: write {}",
            Echo(&word),
            args.usage()
        )))
    }
}

fn help<'a>(args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
    if !args.has_next()? {
        return Ok(Request::Help { verb: None });
    }
    let word = args.next_word("verb")?;
    Ok(Request::Help { verb: Some(Verb::parse(&word)?) })
}
