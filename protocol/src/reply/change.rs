//! Changes as `CHANGE` lines tell them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::members::Members;
use crate::hold::HoldId;
use crate::hour::Hour;
use crate::period::Hours;
use crate::sale_terms::Sales;
use crate::series::SeriesId;
use crate::ticket::TicketId;
use crate::timestamp::Timestamp;

/// The object of a `CHANGE` line. Each kind has some of the fields, in this order; `protocol.md` lists them.
/// A later version may add kinds and fields, which a reader skips.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeBody<'a> {
    /// What happened, a [`super::ChangeKind`] unless a later version has added it.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// The time of the commit. `progress` and `gap` have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The event.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Cow<'a, str>>,
    /// The name of the event.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// The entry. It stays the same when the entry moves.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Cow<'a, str>>,
    /// Everybody whose hours the entry fills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<Members<'a>>,
    /// Everybody whose hours the entry filled before it moved, and fills no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Members<'a>>,
    /// The date of an event, written `yyyy-mm-dd`, or of an entry, written `dd-mm-yyyy`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Cow<'a, str>>,
    /// The first hour of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Hour>,
    /// How many hours the entry has, also if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// The date of the entry before it moved, written `dd-mm-yyyy`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub old_date: Option<Cow<'a, str>>,
    /// The first hour of the entry before it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_time: Option<Hour>,
    /// The title of a meeting.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Cow<'a, str>>,
    /// The group of a meeting, as it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Members<'a>>,
    /// The host of a meeting.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Cow<'a, str>>,
    /// The series, if the entry is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesId>,
    /// The number of tickets that the change is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Tickets of the event after the change: those that are left, those that are held, and those that are
    /// sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_tickets: Option<u32>,
    /// Tickets that are left after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_tickets: Option<u32>,
    /// Tickets that are held after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_tickets: Option<u32>,
    /// Whether tickets are on sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sales: Option<Sales>,
    /// The most tickets that one booking may have, if the event has such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_booking: Option<u32>,
    /// Whether a check-in was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<bool>,
    /// When the hold expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The hold, if the watcher asked for ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// The holds that ended, if the watcher asked for ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Vec<HoldId>>,
    /// The tickets, if the watcher asked for their ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tickets: Option<Vec<TicketId>>,
    /// The ticket that was checked in, if the watcher asked for ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// For whom the tickets are, if that was given and the watcher asked for ids.
    #[serde(borrow, default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub attendee: Option<Cow<'a, str>>,
    /// The account that made the commit, if one did and the watcher may know it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Cow<'a, str>>,
    /// Whether it is the last line of its commit for this watcher. To resume, watch since its sequence
    /// number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
}
