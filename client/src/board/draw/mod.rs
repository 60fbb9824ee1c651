//! Draws a model in the cells of a screen.

mod canvas;
mod events;
mod help;
mod status;
mod week;

use bookline_protocol::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Rect, Size};

use crate::board::draw::canvas::Canvas;
use crate::board::model::{Model, Subject};
use crate::screen::Screen;

/// The smallest terminal that is drawn on: the columns of an event without its bar, and a few rows.
const SIZE_MIN: Size = Size { width: 40, height: 6 };

/// The line of the status.
const STATUS_ROWS: u16 = 1;

/// Prepares the model for a terminal of this size: how many rows it has room for.
pub fn fit(model: &mut Model, size: Size, screen: Screen, now: Timestamp) {
    let rows = usize::from(size.height.saturating_sub(STATUS_ROWS));
    let today = model.today(now);
    let (header, total) = match &model.subject {
        Subject::Events(events) => (usize::from(events::HEADER_ROWS), events.from(today).count()),
        Subject::Week(week) => {
            let body = week::Body::of(week, model, screen, size.width, now);
            (body.header.len(), body.lines.len())
        }
    };
    model.scroll.fit(rows.saturating_sub(header), total);
}

/// Draws the model, which was fit to this terminal.
pub fn draw(frame: &mut Frame<'_>, model: &Model, screen: Screen, now: Timestamp) {
    let area = frame.area();
    let mut canvas = Canvas::new(frame.buffer_mut(), area, screen);
    if area.width < SIZE_MIN.width || area.height < SIZE_MIN.height {
        let text = format!("the board needs {} columns and {} rows", SIZE_MIN.width, SIZE_MIN.height);
        canvas.fill(&text);
        return;
    }
    let body = Rect { height: area.height - STATUS_ROWS, ..area };
    match &model.subject {
        _ if model.shows_help => help::draw(&mut canvas, model),
        Subject::Events(events) => events::draw(&mut canvas, events, model, body, now),
        Subject::Week(week) => week::draw(&mut canvas, week, model, body, now),
    }
    status::draw(&mut canvas, model, area.height - STATUS_ROWS, now);
}
