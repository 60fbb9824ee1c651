//! A week as a grid, and its meetings.

use bookline_protocol::Timestamp;
use ratatui::layout::Rect;

use crate::board::draw::canvas::{Canvas, mark};
use crate::board::model::Model;
use crate::board::week::Week;
use crate::render::grid::Runs;
use crate::render::page::Page;
use crate::screen::{Role, Screen};

/// The lines of a week.
pub struct Body {
    /// The title and the hours, which always stand above.
    pub header: Vec<Runs>,
    /// The days, the legend and the meetings, which are scrolled.
    pub lines: Vec<Runs>,
}

impl Body {
    pub fn of(week: &Week, model: &Model, screen: Screen, width: u16, now: Timestamp) -> Self {
        let grid = week.grid(model.today(now), now, mark(screen.charset));
        let grid = grid.runs(screen.charset, width.into());
        let days = week.days();
        let dates = format!("{} to {}", days[0].iso(), days[days.len() - 1].iso());
        let people = week.people().join(", ");
        let title = format!("{dates}, {}: {people}", model.clock.zone.name);
        let header = [vec![(Some(Role::Heading), title)]].into_iter().chain(grid.header).collect();
        let mut lines = grid.rows;
        lines.push(grid.legend);
        let meetings = week.meetings().lines(None, &Page::with_width(screen, Some(width)));
        if !meetings.is_empty() {
            lines.push(Vec::new());
        }
        for meeting in &meetings {
            lines.extend(meeting.lines().map(|line| vec![(None, line.to_owned())]));
        }
        Self { header, lines }
    }
}

/// Draws the week.
pub fn draw(canvas: &mut Canvas<'_>, week: &Week, model: &Model, area: Rect, now: Timestamp) {
    let body = Body::of(week, model, canvas.screen, area.width, now);
    let shown = &body.lines[model.scroll.shown()];
    for (runs, y) in body.header.iter().chain(shown).zip(area.y..area.bottom()) {
        canvas.put_runs(y, runs);
    }
}
