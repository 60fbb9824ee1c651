//! Lines about changes, as the feed and `dump` show them.

use bookline_protocol::json::{write_id, write_ids, write_number, write_string, write_value};
use bookline_protocol::{Date, Period, SeriesId, Slot, TicketId, Timestamp};
use serde::Serialize;

use crate::domain::EntryNumber;

/// The object of a line, open at its end: without `end` and the closing brace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// What everybody may be told.
    pub public: Vec<u8>,
    /// The ids of tickets and holds, and for whom they are. It is empty or begins with a comma.
    pub secret: Vec<u8>,
}

impl Line {
    /// Begins a line of this kind, in place of the one before. `micros` is the time of the commit, in
    /// microseconds since 1970 (UTC), if it is known.
    pub(super) fn open(&mut self, kind: &str, micros: Option<i64>) {
        self.public.clear();
        self.secret.clear();
        self.public.extend_from_slice(b"{\"kind\":\"");
        self.public.extend_from_slice(kind.as_bytes());
        self.public.push(b'"');
        if let Some(micros) = micros {
            self.time("at", micros);
        }
    }

    pub(super) fn number(&mut self, name: &str, number: u64) {
        write_number(field(&mut self.public, name), number);
    }

    /// A text, whose characters may need an escape.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        write_string(field(&mut self.public, name), text);
    }

    /// The id of an event or a person, or another text without characters to escape.
    pub(super) fn id(&mut self, name: &str, id: &str) {
        write_id(field(&mut self.public, name), id);
    }

    pub(super) fn ids<'a>(&mut self, name: &str, ids: impl Iterator<Item = &'a str>) {
        write_ids(field(&mut self.public, name), ids);
    }

    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        field(&mut self.public, name).extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// A moment, in microseconds since 1970 (UTC).
    pub(super) fn time(&mut self, name: &str, micros: i64) {
        let out = field(&mut self.public, name);
        out.push(b'"');
        Timestamp(micros).write(out);
        out.push(b'"');
    }

    /// The date of an event.
    pub(super) fn iso_date(&mut self, name: &str, date: Date) {
        let out = field(&mut self.public, name);
        out.push(b'"');
        date.write_iso(out);
        out.push(b'"');
    }

    /// A date and an hour of calendars as two fields of these names.
    pub(super) fn slot(&mut self, [date, time]: [&str; 2], slot: Slot) {
        let out = field(&mut self.public, date);
        out.push(b'"');
        slot.date.write_dmy(out);
        out.push(b'"');
        let out = field(out, time);
        out.push(b'"');
        slot.hour.write(out);
        out.push(b'"');
    }

    pub(super) fn period(&mut self, period: Period) {
        self.slot(["date", "time"], period.start());
        self.number("hours", period.hours().get().into());
    }

    pub(super) fn entry(&mut self, entry: EntryNumber) {
        let out = field(&mut self.public, "entry");
        out.push(b'"');
        write_number(out, entry.commit().0);
        out.push(b'-');
        write_number(out, entry.index());
        out.push(b'"');
    }

    pub(super) fn series(&mut self, series: Option<SeriesId>) {
        if let Some(series) = series {
            let out = field(&mut self.public, "series");
            out.push(b'"');
            series.write(out);
            out.push(b'"');
        }
    }

    pub(super) fn value(&mut self, name: &str, value: &impl Serialize) {
        write_value(field(&mut self.public, name), value);
    }

    /// The id of a ticket or hold.
    pub(super) fn secret_id(&mut self, name: &str, id: &[u8; 16]) {
        write_uuid(field(&mut self.secret, name), id);
    }

    /// The ids of tickets or holds.
    pub(super) fn secret_ids(&mut self, name: &str, ids: &[[u8; 16]]) {
        let out = field(&mut self.secret, name);
        out.push(b'[');
        for (index, id) in ids.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_uuid(out, id);
        }
        out.push(b']');
    }

    /// For whom tickets are, if that was given.
    pub(super) fn secret_attendee(&mut self, attendee: &str) {
        if !attendee.is_empty() {
            write_string(field(&mut self.secret, "for"), attendee);
        }
    }
}

/// Appends the field that names the account of a commit.
pub fn write_by(out: &mut Vec<u8>, by: &str) {
    write_id(field(out, "by"), by);
}

/// Appends the name of a field, which is not the first.
fn field<'a>(out: &'a mut Vec<u8>, name: &str) -> &'a mut Vec<u8> {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out
}

/// The ids of tickets and of holds are written alike.
fn write_uuid(out: &mut Vec<u8>, id: &[u8; 16]) {
    out.push(b'"');
    TicketId(*id).write(out);
    out.push(b'"');
}
