//! Refusals as sentences: the message of the server, and what it leaves out.

use std::fmt::{self, Write};

use bookline_protocol::Code;
use bookline_protocol::reply::{ErrBody, ErrTickets};

use crate::render::clashes::clashes;
use crate::render::iso_dates::with_iso_dates;
use crate::render::layout::fill;
use crate::render::page::Page;
use crate::render::quotes;
use crate::render::suggestion::suggestion;
use crate::render::text::{capitalized, printable, words_of};
use crate::render::time;
use crate::screen::Role;

/// What is added to a refusal after rows.
pub const INCOMPLETE_ROWS: &str = "\nThe rows above are not all there are.";

/// What a refusal follows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The line of the request, if it is known: then the refusal comes with what to type instead.
    pub request: Option<&'a str>,
    /// Whether rows were printed before it, which are incomplete then.
    pub has_rows: bool,
}

/// A refusal as a sentence, without colors. The tickets that it is about are in lines below.
pub fn sentence(code: &str, body: &str) -> String {
    match serde_json::from_str(body) {
        Ok(body) => Refusal::new(code, body).to_string(),
        Err(_) => unknown(code, body),
    }
}

/// A refusal on a page, in as many lines as it takes.
pub fn refusal(code: &str, body: &str, context: Context<'_>, page: &Page) -> String {
    let Ok(body) = serde_json::from_str(body) else { return fill(&unknown(code, body), page) };
    let refusal = Refusal::new(code, body);
    let mut lines = refusal.painted(page);
    if let Some(clashing) = refusal.body.clashes.as_deref().filter(|clashing| !clashing.is_empty()) {
        let count = refusal.body.clash_count.unwrap_or(0);
        let _ = write!(lines, "\n{}", clashes(clashing, count, page));
    }
    let known = code.parse().ok().zip(context.request);
    let advice = |(code, line)| suggestion(line, code, &refusal.body).or_else(|| quotes::cause(code, line));
    if let Some(instead) = known.and_then(advice) {
        let _ = write!(lines, "\n{}", fill(&printable(&instead), page));
    }
    if context.has_rows {
        lines.push_str(INCOMPLETE_ROWS);
    }
    lines
}

/// A refusal whose object has another shape.
fn unknown(code: &str, body: &str) -> String {
    format!("{}: {}", printable(code), printable(body))
}

/// A refusal whose title and sentence are printable.
struct Refusal {
    title: String,
    sentence: String,
    body: ErrBody,
}

impl Refusal {
    fn new(code: &str, mut body: ErrBody) -> Self {
        if let Some(at) = body.at {
            body.message = body.message.replace(&at.to_string(), &time::second(at));
        }
        // The message about an invalid request shows how dates may be written.
        if code.parse() != Ok(Code::BadRequest) {
            body.message = with_iso_dates(&body.message).into_owned();
        }
        let title = match (code.parse(), body.available) {
            (Ok(Code::SoldOut), Some(1..)) => "Too few left".to_owned(),
            _ => capitalized(words_of(code)),
        };
        Self { title: printable(&title).into_owned(), sentence: sentence_of(code, &body), body }
    }

    /// The sentence on a page, its title in color.
    fn painted(&self, page: &Page) -> String {
        let title = format!("{}:", self.title);
        let lines = fill(&self.to_string(), page);
        match lines.strip_prefix(&title) {
            Some(rest) => page.paint(Role::Error, &title).into_owned() + rest,
            // The title takes several lines.
            None => page.paint(Role::Error, &lines).into_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.sentence)
    }
}

/// The message with what it leaves out.
fn sentence_of(code: &str, body: &ErrBody) -> String {
    let mut sentence = printable(&body.message).into_owned();
    let notes = [
        host_note(body),
        needs_note(body),
        pause_note(body),
        busy_note(body),
        held_note(code, body),
        status_note(body),
    ];
    for note in notes.into_iter().flatten() {
        let _ = write!(sentence, " ({})", printable(&note));
    }
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    if let Some(verb) = &body.did_you_mean
        && !body.message.contains(verb.as_str())
    {
        let _ = write!(sentence, " Did you mean {}?", printable(verb));
    }
    for ticket in unnamed_tickets(body) {
        let _ = write!(sentence, "\n{ticket}");
    }
    sentence
}

/// Who alone may change the meeting.
fn host_note(body: &ErrBody) -> Option<String> {
    let host = body.host.as_ref().filter(|host| !body.message.contains(host.as_str()))?;
    Some(format!("host: {host}"))
}

/// The least that would be needed.
fn needs_note(body: &ErrBody) -> Option<String> {
    let needs = body.needs.as_ref().filter(|needs| !body.message.contains(needs.as_str()))?;
    Some(format!("it needs: {needs}"))
}

/// When the same request may succeed.
fn pause_note(body: &ErrBody) -> Option<String> {
    let seconds = body.retry_after_ms?.div_ceil(1_000);
    let pause = if seconds == 1 { "1 second".to_owned() } else { format!("{seconds} seconds") };
    let says_it = [format!(" {seconds} s"), "in a second".to_owned()];
    (!says_it.iter().any(|it| body.message.contains(it))).then(|| format!("again in {pause}"))
}

/// Everyone who is busy, unless the clashes show it.
fn busy_note(body: &ErrBody) -> Option<String> {
    if body.clashes.is_some() {
        return None;
    }
    let unnamed = |name: &&String| !body.message.contains(name.as_str());
    let busy: Vec<_> = body.busy.iter().flatten().filter(unnamed).map(String::as_str).collect();
    (!busy.is_empty()).then(|| format!("busy: {}", busy.join(", ")))
}

/// The tickets that are held, and are left again if their holds end.
fn held_note(code: &str, body: &ErrBody) -> Option<String> {
    let held = body.held.filter(|&held| held > 0 && !body.message.contains("held"))?;
    (code.parse() == Ok(Code::SoldOut)).then(|| format!("{held} more held"))
}

/// The status of the hold or the ticket, and since when it has it.
fn status_note(body: &ErrBody) -> Option<String> {
    let status = body.status.as_deref().map(words_of).filter(|status| !body.message.contains(status));
    let since = body.at.map(time::second).filter(|at| !body.message.contains(at));
    let words: Vec<_> = status.into_iter().chain(since.map(|at| format!("since {at}"))).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The tickets that a CANCEL names, that it is refused for, and that the message does not name.
fn unnamed_tickets(body: &ErrBody) -> Vec<String> {
    let Some(ErrTickets::Ids(ids)) = &body.tickets else { return Vec::new() };
    ids.iter().map(ToString::to_string).filter(|id| !body.message.contains(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, fields: &str) -> String {
        sentence(code, &format!(r#"{{"retry":false,{fields}}}"#))
    }

    #[test]
    fn status_and_its_time_are_added_where_the_message_leaves_them_out() {
        let at = r#""at":"2026-11-26T09:57:53.123456Z""#;
        for (message, status, sentence) in [
            ("m", r#""status":"checked_in","#, "Conflict: m (checked in since 2026-11-26 09:57:53 UTC)."),
            ("it is checked in", r#""status":"checked_in","#, {
                "Conflict: it is checked in (since 2026-11-26 09:57:53 UTC)."
            }),
            ("m", "", "Conflict: m (since 2026-11-26 09:57:53 UTC)."),
            (
                "released at 2026-11-26T09:57:53.123456Z",
                r#""status":"released","#,
                "Conflict: released at 2026-11-26 09:57:53 UTC.",
            ),
        ] {
            let fields = format!(r#""message":"{message}",{status}{at}"#);
            assert_eq!(shown("CONFLICT", &fields), sentence);
        }
        assert_eq!(shown("CONFLICT", r#""message":"m","status":"cancelled""#), "Conflict: m (cancelled).");
    }

    #[test]
    fn what_is_needed_and_how_long_to_wait_are_added_where_the_message_leaves_them_out() {
        let needs = |message: &str| shown("FORBIDDEN", &format!(r#""message":"{message}","needs":"seller""#));
        assert_eq!(needs("m"), "Forbidden: m (it needs: seller).");
        assert_eq!(needs("BOOK needs a seller"), "Forbidden: BOOK needs a seller.");
        let pause = |message: &str, ms: u64| {
            shown("RATE_LIMITED", &format!(r#""message":"{message}","retry_after_ms":{ms}"#))
        };
        assert_eq!(pause("m", 1), "Rate limited: m (again in 1 second).");
        assert_eq!(pause("m", 3_001), "Rate limited: m (again in 4 seconds).");
        assert_eq!(pause("wait 4 s", 3_001), "Rate limited: wait 4 s.");
    }

    #[test]
    fn expired_hold_shows_since_when() {
        let fields = r#""message":"the hold has expired","at":"2026-11-26T09:57:53.000000Z""#;
        let sentence = "Expired: the hold has expired (since 2026-11-26 09:57:53 UTC).";
        assert_eq!(shown("EXPIRED", fields), sentence);
    }

    #[test]
    fn held_tickets_are_counted_where_the_event_is_sold_out() {
        let fields = |message: &str| format!(r#""message":"{message}","available":0,"held":2,"requested":3"#);
        assert_eq!(shown("SOLD_OUT", &fields("e is sold out")), "Sold out: e is sold out (2 more held).");
        assert_eq!(shown("SOLD_OUT", &fields("2 are held")), "Sold out: 2 are held.");
        assert_eq!(shown("CONFLICT", &fields("m")), "Conflict: m.");
    }

    #[test]
    fn tickets_are_listed_where_the_message_leaves_them_out() {
        let one = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
        let two = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ef";
        let tickets = format!(r#""tickets":["{one}","{two}"]"#);
        let all = shown("NOT_FOUND", &format!(r#""message":"2 tickets are unknown",{tickets}"#));
        assert_eq!(all, format!("Not found: 2 tickets are unknown.\n{one}\n{two}"));
        let other = shown("CONFLICT", &format!(r#""message":"{one} is one of them",{tickets}"#));
        assert_eq!(other, format!("Conflict: {one} is one of them.\n{two}"));
        let counted = shown("CONFLICT", r#""message":"e has 3 tickets and 1 hold","tickets":3,"holds":1"#);
        assert_eq!(counted, "Conflict: e has 3 tickets and 1 hold.");
    }
}
