//! What there is at the server: asked for before changes are applied to it.

use bookline_protocol::Date;
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::cursor::Cursor;
use bookline_protocol::quote;
use bookline_protocol::reply::{CountReply, EventReply};

use crate::board::events::{EVENTS_MAX, Event};
use crate::board::model::Loaded;
use crate::board::watch_link::{Broken, Reply, WatchLink};
use crate::board::week::calendar_of;
use crate::calendar::calendar_date::week_of;
use crate::error::Error;

/// What is watched and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All events that are not over.
    Events,
    /// The calendars of these people.
    People(Vec<String>),
}

impl Wanted {
    /// The arguments of WATCH.
    pub fn words(&self) -> String {
        match self {
            Self::Events => "events".to_owned(),
            Self::People(people) => {
                let words: Vec<_> =
                    people.iter().map(|who| quote(&format!("person:{who}")).into_owned()).collect();
                words.join(" ")
            }
        }
    }

    /// Asks for what is wanted: the events from `date` on, or the week that has it.
    ///
    /// # Errors
    ///
    /// The server refuses, or the connection is lost.
    pub async fn load(&self, link: &mut WatchLink, date: Date) -> Result<Loaded, Broken> {
        match self {
            Self::Events => events(link, date).await,
            Self::People(people) => week(link, people, date).await,
        }
    }
}

async fn events(link: &mut WatchLink, date: Date) -> Result<Loaded, Broken> {
    let mut lines = vec![format!("GET limit={EVENTS_MAX}\n")];
    // Years of events that are over are not read.
    lines.extend(last_place_before(date).map(|after| format!("GET limit={EVENTS_MAX} after={after}\n")));
    let mut refused = None;
    while let Some(line) = lines.pop() {
        link.send(&line).await?;
        match link.reply().await? {
            Reply::Granted { rows, last } => return listed(&rows, &last),
            refusal @ Reply::Refused { is_retryable: true, .. } => return Err(refused_by(refusal)),
            // A later version of the server may write places in another way.
            refusal => refused = Some(refusal),
        }
    }
    Err(refused.map_or_else(|| unreadable("GET"), refused_by))
}

/// The place in the listing of the last name of the day before: at most events with names in other scripts
/// are behind it.
fn last_place_before(date: Date) -> Option<String> {
    let date = Date::from_day_number(date.day_number().checked_sub(1)?)?;
    Some(Cursor { date, name: "~".into(), id: "z".into() }.encode())
}

fn listed(rows: &[String], last: &str) -> Result<Loaded, Broken> {
    let events = rows.iter().map(|row| {
        let row: EventReply<'_> = serde_json::from_str(row).map_err(|_| unreadable(row))?;
        Ok(Event::of_row(&row))
    });
    let count: CountReply<'_> = serde_json::from_str(last).map_err(|_| unreadable(last))?;
    Ok(Loaded::Events { events: events.collect::<Result<_, Broken>>()?, is_cut: count.next.is_some() })
}

async fn week(link: &mut WatchLink, people: &[String], date: Date) -> Result<Loaded, Broken> {
    let days = week_of(date);
    let [first, last] = [days[0], days[days.len() - 1]];
    let lines: String =
        people.iter().map(|who| format!("GET {} {} {}\n", quote(who), first.iso(), last.iso())).collect();
    link.send(&lines).await?;
    let (mut calendars, mut refused) = (Vec::new(), None);
    // All replies are read, so that none of them is taken for one to a later request.
    for _ in people {
        match link.reply().await? {
            Reply::Granted { rows, .. } => {
                let days = rows.iter().map(|row| serde_json::from_str(row).map_err(|_| unreadable(row)));
                let days: Vec<DayReply<'_>> = days.collect::<Result<_, Broken>>()?;
                calendars.push(calendar_of(&days));
            }
            refusal => refused = refused.or(Some(refusal)),
        }
    }
    match refused {
        None => Ok(Loaded::Week { first, calendars }),
        Some(refusal) => Err(refused_by(refusal)),
    }
}

/// The refusal of a request without which nothing can be shown.
pub fn refused_by(reply: Reply) -> Broken {
    match reply {
        Reply::Granted { last, .. } => unreadable(&last),
        Reply::Refused { sentence, is_retryable: true, .. } => Broken::Lost(Error::Refused { sentence }),
        Reply::Refused { sentence, .. } => Broken::Useless(Error::Refused { sentence }),
    }
}

fn unreadable(row: &str) -> Broken {
    Broken::Useless(Error::UnknownRow { row: row.to_owned() })
}
