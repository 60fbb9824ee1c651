//! The last line: the server, how much there is, and how the connection is.

use bookline_protocol::Timestamp;

use crate::board::draw::canvas::Canvas;
use crate::board::model::{LinkState, Model, Subject};
use crate::render::number::thousands;
use crate::screen::Role;

/// What the most important keys do.
const KEYS: &str = "q quit  ? help";

/// Between two parts of the line.
const GAP: u16 = 2;

/// Draws the line. Parts that do not fit are left out.
pub fn draw(canvas: &mut Canvas<'_>, model: &Model, y: u16, now: Timestamp) {
    let keys = canvas.width().saturating_sub(KEYS.len() as u16);
    canvas.put(keys, y, KEYS.len() as u16, KEYS, Some(Role::Muted));
    let end = keys.saturating_sub(GAP);
    let mut x = 0;
    for (text, role) in parts(model, now) {
        let width = text.chars().count() as u16;
        if x > 0 && x + width > end {
            continue;
        }
        x = canvas.put(x, y, end.saturating_sub(x), &text, role) + GAP;
    }
}

fn parts(model: &Model, now: Timestamp) -> Vec<(String, Option<Role>)> {
    let mut parts = Vec::new();
    match &model.link {
        LinkState::Lost(_) => parts.push(("connection lost, retrying".to_owned(), Some(Role::Error))),
        LinkState::Loading => parts.push(("loading".to_owned(), Some(Role::Warning))),
        LinkState::Live => {}
    }
    parts.push((model.server.clone(), Some(Role::Heading)));
    if let Subject::Events(events) = &model.subject {
        parts.push((count(model.scroll.total, events.is_cut()), None));
    }
    let shown = model.scroll.shown();
    if shown.len() < model.scroll.total {
        let [first, last] = [shown.start + 1, shown.end].map(|number| thousands(number as u64));
        parts.push((format!("{first}-{last}"), None));
    }
    if let Some(at) = model.last_change {
        // A change of another day has its date.
        let date = model.clock.zone.date(at);
        let date = if date == model.today(now) { String::new() } else { format!("{} ", date.iso()) };
        parts.push((format!("last change {date}{}", model.clock.zone.time(at)), None));
    }
    if let LinkState::Lost(why) = &model.link {
        parts.push((why.clone(), Some(Role::Muted)));
    }
    parts
}

fn count(total: usize, is_cut: bool) -> String {
    let number = thousands(total as u64);
    match total {
        _ if is_cut => format!("the first {number} events"),
        1 => "1 event".to_owned(),
        _ => format!("{number} events"),
    }
}
