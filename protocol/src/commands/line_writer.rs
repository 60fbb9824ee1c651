//! Writes the arguments and options of a request, so that the line parses to the same request.

use std::io::Write;

use crate::date::Date;
use crate::date_range::DateRange;
use crate::group::Group;
use crate::hold::HoldId;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::json;
use crate::parse::quote::Quoted;
use crate::period::Hours;
use crate::recurrence::Every;
use crate::role::Role;
use crate::sale_terms::{MaxPerBooking, Sales};
use crate::series::Scope;
use crate::text::Text;
use crate::ticket::TicketId;
use crate::watched::Watched;
use crate::window::Until;

/// Appends to a line. A request has one form only: the arguments, and then the options in the order of the
/// usage, without those that have their default.
pub(crate) struct LineWriter<'o>(pub(crate) &'o mut Vec<u8>);

/// A value of an argument or an option.
pub(crate) trait Value {
    /// Appends the value in its one form.
    fn write(&self, out: &mut Vec<u8>);
}

impl LineWriter<'_> {
    pub(crate) fn argument(&mut self, value: &(impl Value + ?Sized)) {
        self.0.push(b' ');
        value.write(self.0);
    }

    /// Appends an option, if there is a value.
    pub(crate) fn option(&mut self, name: &str, value: Option<&(impl Value + ?Sized)>) {
        if let Some(value) = value {
            self.0.push(b' ');
            self.0.extend_from_slice(name.as_bytes());
            self.0.push(b'=');
            value.write(self.0);
        }
    }

    /// Appends an option, unless it has its default.
    pub(crate) fn option_unless_default<T: Value + PartialEq>(&mut self, name: &str, value: &T, default: &T) {
        self.option(name, Some(value).filter(|value| *value != default));
    }

    /// Appends an option that has only one value, if it is set.
    pub(crate) fn option_flag(&mut self, name: &str, only: &str, is_set: bool) {
        self.option(name, is_set.then_some(only));
    }
}

/// A word that needs no quotes.
impl Value for str {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl Value for Quoted<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        // Writing to a Vec does not fail.
        let _ = write!(out, "{self}");
    }
}

impl Value for Role {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Value for Id<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Value for Group<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

/// Always within quotes: which words need them may change from version to version.
impl Value for Text<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        Quoted(self.as_str()).write(out);
    }
}

impl Value for u32 {
    fn write(&self, out: &mut Vec<u8>) {
        json::write_number(out, *self);
    }
}

impl Value for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        json::write_number(out, *self);
    }
}

impl Value for Watched<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        Self::write(self, out);
    }
}

impl Value for Date {
    fn write(&self, out: &mut Vec<u8>) {
        self.write_iso(out);
    }
}

impl Value for Hour {
    fn write(&self, out: &mut Vec<u8>) {
        Self::write(*self, out);
    }
}

impl Value for Until {
    fn write(&self, out: &mut Vec<u8>) {
        Self::write(*self, out);
    }
}

impl Value for Hours {
    fn write(&self, out: &mut Vec<u8>) {
        json::write_number(out, self.get());
    }
}

/// Two arguments, the first and the last date.
impl Value for DateRange {
    fn write(&self, out: &mut Vec<u8>) {
        self.first().write_iso(out);
        out.push(b' ');
        self.last().write_iso(out);
    }
}

/// Two arguments, a date and a time.
impl Value for Slot {
    fn write(&self, out: &mut Vec<u8>) {
        self.date.write_iso(out);
        out.push(b' ');
        self.hour.write(out);
    }
}

impl Value for Every {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Value for Scope {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Value for TicketId {
    fn write(&self, out: &mut Vec<u8>) {
        Self::write(*self, out);
    }
}

impl Value for HoldId {
    fn write(&self, out: &mut Vec<u8>) {
        Self::write(*self, out);
    }
}

impl Value for Sales {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Value for MaxPerBooking {
    fn write(&self, out: &mut Vec<u8>) {
        match self.get() {
            Some(tickets) => tickets.write(out),
            None => "none".write(out),
        }
    }
}
