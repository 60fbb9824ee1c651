//! A server with one fault, which occurs once, in the middle of the load.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::fake_server::{FakeServer, HELLO_REPLY};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It issues a ticket a second time.
    DuplicateTicket,
    /// It issues a ticket without counting it as sold.
    SoldNotCounted,
    /// It counts a ticket as sold that it did not issue.
    CountedNotSold,
    /// It loses a ticket.
    LosesTicket,
    /// It stores a ticket with another event.
    MisplacesTicket,
    /// It acknowledges a cancellation, and the ticket stays valid.
    KeepsCancelledTicket,
    /// It acknowledges a cancellation, and the place does not return to sale.
    KeepsCancelledPlace,
    /// It loses a hold when it ends.
    LosesHold,
    /// It acknowledges that a hold was released, and its tickets stay held.
    KeepsHeldTickets,
    /// It sells a ticket less than a hold has.
    ConfirmsTooFew,
    /// It loses a calendar entry.
    LosesEntry,
    /// It acknowledges a deletion and keeps the entry.
    KeepsDeletedEntry,
    /// It loses one member of a meeting.
    LosesMember,
    /// It refuses a booking with SOLD_OUT although it has tickets.
    FalseSoldOut,
    /// It answers about another event than the requested one.
    WrongEvent,
    /// It refuses a request with INTERNAL.
    Refuses,
    /// It closes the connection.
    Closes,
    /// It books tickets, and closes the connection without a reply.
    ClosesAfterBooking,
    /// It closes the connection after the reply to CREATE.
    ClosesAfterCreation,
    /// It refuses a request with BUSY.
    IsBusy,
    /// It has no place for the key of a request.
    HasNoPlaceForKey,
    /// It stops replying.
    StopsReplying,
    /// It sends a line that is not a reply.
    SendsHttp,
}

/// Numbers of tickets.
#[derive(Default)]
struct Event {
    total: u64,
    sold: u64,
    held: u64,
}

struct Hold {
    number: u64,
    event: String,
    tickets: u64,
    status: &'static str,
}

#[derive(Default)]
pub struct FaultyServer {
    fault: Option<Fault>,
    /// By id.
    events: HashMap<String, Event>,
    /// Event and status by ticket.
    tickets: HashMap<String, (String, &'static str)>,
    /// By id.
    holds: HashMap<String, Hold>,
    /// Schedule by person and day.
    days: HashMap<(String, String), String>,
    /// Bookings so far.
    booked: u64,
    /// Cancellations so far.
    cancelled: u64,
    /// Holds so far.
    held: u64,
    /// Confirmations so far.
    confirmed: u64,
    /// Holds that were released so far.
    released: u64,
    /// Entries so far.
    entries: u64,
    /// Deletions so far.
    deleted: u64,
    last_ticket: String,
    /// Whether the connection is to be closed after the reply.
    closes: bool,
}

/// The number of the booking, the cancellation, the hold and so on at which the fault occurs.
const FAULT_AT: u64 = 100;

impl FaultyServer {
    /// Starts the server and returns its address.
    pub fn start(fault: Fault) -> SocketAddr {
        let server = Self { fault: Some(fault), ..Self::default() };
        let server = Arc::new(Mutex::new(server));
        let fake = FakeServer::with_listener(move |listener| {
            for stream in listener.incoming() {
                let server = server.clone();
                thread::spawn(move || serve(&stream.unwrap(), &server));
            }
        });
        fake.addr
    }

    /// The reply with its line feed, or `None` to close the connection. An empty reply ends all replies.
    ///
    /// Keys are ignored.
    fn reply(&mut self, line: &str) -> Option<String> {
        let line = line.split_once(" key=").map_or(line, |(request, _)| request);
        let words: Vec<&str> = line.split(' ').collect();
        Some(match words[..] {
            ["HELLO"] => HELLO_REPLY.to_owned(),
            ["STATS"] => {
                "OK {\"events\":0,\"tickets\":0,\"entries\":0,\"max_ended_holds\":1000000}\n".to_owned()
            }
            ["CREATE", .., total, id] => {
                let id = id.strip_prefix("id=").unwrap();
                let event = Event { total: total.parse().unwrap(), ..Event::default() };
                self.events.insert(id.to_owned(), event);
                self.closes = self.fault == Some(Fault::ClosesAfterCreation);
                self.event(id)
            }
            ["GET", id] => self.event(id),
            ["GET", who, day] => {
                let found = self.days.get(&(who.to_owned(), day.to_owned()));
                let schedule = found.map_or("", String::as_str);
                format!("OK {{\"name\":\"{who}\",\"date\":\"{day}\",\"schedule\":[{schedule}]}}\n")
            }
            ["BOOK", id, count] => return self.book(id, count.parse().unwrap()),
            ["TICKET", ticket] => match self.tickets.get(ticket) {
                Some((id, status)) => format!(
                    "OK {{\"ticket\":\"{ticket}\",\"event_id\":\"{id}\",\"status\":\"{status}\",\
                     \"name\":\"x\",\"date\":\"9999-12-31\"}}\n"
                ),
                None => "ERR NOT_FOUND {\"message\":\"no such ticket\",\"retry\":false}\n".to_owned(),
            },
            ["CANCEL", ticket] => self.cancel(ticket),
            ["HOLD", id, count] => self.hold(id, count.parse().unwrap()),
            ["HOLD", id] => self.show_hold(id),
            ["EXTEND", id, _] => {
                let Hold { event, tickets, .. } = &self.holds[id];
                held(id, event, *tickets)
            }
            ["RELEASE", id] => self.release(id),
            ["CONFIRM", id] => self.confirm(id),
            ["BLOCK", who, day, time] => self.add_entry(who, day, time, "", &[]),
            ["MEET", who, day, time, title, group] => {
                self.add_entry(who, day, time, title, &group.split(',').collect::<Vec<_>>())
            }
            ["DELETE", who, day, _] => {
                self.deleted += 1;
                if self.deleted != FAULT_AT || self.fault != Some(Fault::KeepsDeletedEntry) {
                    // The last character of an id tells the people of an entry apart.
                    let stem = &who[..who.len() - 1];
                    for role in ["a", "b", "c"] {
                        self.days.remove(&(format!("{stem}{role}"), day.to_owned()));
                    }
                }
                "OK {\"deleted\":\"block\"}\n".to_owned()
            }
            _ => panic!("{line:?} is not expected"),
        })
    }

    fn event(&self, id: &str) -> String {
        let Event { total, sold, held } = self.events[id];
        format!(
            "OK {{\"id\":\"{id}\",\"name\":\"x\",\"date\":\"9999-12-31\",\"total_tickets\":{total},\
             \"available_tickets\":{},\"held_tickets\":{held}}}\n",
            total - sold - held
        )
    }

    /// The fault, if it occurs at this one of what `count` counts.
    fn fault_at(&self, count: u64) -> Option<Fault> {
        self.fault.filter(|_| count == FAULT_AT)
    }

    fn cancel(&mut self, ticket: &str) -> String {
        self.cancelled += 1;
        let fault = self.fault_at(self.cancelled);
        let (event, status) = self.tickets.get_mut(ticket).unwrap();
        if fault != Some(Fault::KeepsCancelledTicket) {
            *status = "cancelled";
        }
        if fault != Some(Fault::KeepsCancelledPlace) {
            self.events.get_mut(event).unwrap().sold -= 1;
        }
        format!(
            "OK {{\"cancelled\":[\"{ticket}\"],\"events\":[{{\"event_id\":\"{event}\",\
             \"available_tickets\":1}}]}}\n"
        )
    }

    fn hold(&mut self, event: &str, tickets: u64) -> String {
        self.held += 1;
        let id = format!("{:08x}-0000-8000-9000-000000000000", self.held);
        let hold = Hold { number: self.held, event: event.to_owned(), tickets, status: "held" };
        self.holds.insert(id.clone(), hold);
        self.events.get_mut(event).unwrap().held += tickets;
        held(&id, event, tickets)
    }

    fn show_hold(&self, id: &str) -> String {
        let Hold { number, event, tickets, status } = &self.holds[id];
        if self.fault_at(*number) == Some(Fault::LosesHold) {
            return "ERR NOT_FOUND {\"message\":\"no such hold\",\"retry\":false}\n".to_owned();
        }
        format!(
            "OK {{\"hold_id\":\"{id}\",\"event_id\":\"{event}\",\"tickets\":{tickets},\
             \"expires_at\":\"2026-12-31T00:00:00.000000Z\",\"status\":\"{status}\"}}\n"
        )
    }

    fn release(&mut self, id: &str) -> String {
        self.released += 1;
        let fault = self.fault_at(self.released);
        let Hold { event, tickets, status, .. } = self.holds.get_mut(id).unwrap();
        *status = "released";
        if fault != Some(Fault::KeepsHeldTickets) {
            self.events.get_mut(event).unwrap().held -= *tickets;
        }
        format!(
            "OK {{\"hold_id\":\"{id}\",\"event_id\":\"{event}\",\"released\":{tickets},\
             \"available_tickets\":1}}\n"
        )
    }

    fn confirm(&mut self, id: &str) -> String {
        self.confirmed += 1;
        let fault = self.fault_at(self.confirmed);
        let Hold { event, tickets, status, .. } = self.holds.get_mut(id).unwrap();
        *status = "confirmed";
        let (event, tickets) = (event.clone(), *tickets);
        self.events.get_mut(&event).unwrap().held -= tickets;
        let sold = if fault == Some(Fault::ConfirmsTooFew) { tickets - 1 } else { tickets };
        let booked = self.book(&event, sold).unwrap();
        booked.replace("OK {", &format!("OK {{\"hold_id\":\"{id}\","))
    }

    fn book(&mut self, id: &str, count: u64) -> Option<String> {
        self.booked += 1;
        let fault = self.fault_at(self.booked);
        match fault {
            Some(Fault::Closes) => return None,
            Some(Fault::StopsReplying) => return Some(String::new()),
            Some(Fault::SendsHttp) => return Some("HTTP/1.1 400 Bad Request\n".to_owned()),
            Some(Fault::Refuses) => {
                return Some("ERR INTERNAL {\"message\":\"out of memory\",\"retry\":false}\n".to_owned());
            }
            Some(Fault::IsBusy) => {
                return Some("ERR BUSY {\"message\":\"too many requests\",\"retry\":true}\n".to_owned());
            }
            Some(Fault::HasNoPlaceForKey) => {
                let message = "{\"message\":\"the server keeps 1 key\",\"retry\":false}";
                return Some(format!("ERR FULL {message}\n"));
            }
            Some(Fault::FalseSoldOut) => {
                let message = "{\"message\":\"sold out\",\"retry\":false,\"available\":0,\"requested\":1}";
                return Some(format!("ERR SOLD_OUT {message}\n"));
            }
            _ => {}
        }
        let mut tickets = String::new();
        for index in 0..count {
            let ticket = format!("{:08x}-0000-8000-8000-{index:012x}", self.booked);
            let ticket =
                if fault == Some(Fault::DuplicateTicket) { self.last_ticket.clone() } else { ticket };
            write!(tickets, "{}\"{ticket}\"", if index > 0 { "," } else { "" }).unwrap();
            if fault != Some(Fault::LosesTicket) {
                let event =
                    if fault == Some(Fault::MisplacesTicket) { self.other_event(id) } else { id.to_owned() };
                self.tickets.insert(ticket.clone(), (event, "booked"));
            }
            self.last_ticket = ticket;
        }
        let sold = &mut self.events.get_mut(id).unwrap().sold;
        *sold += match fault {
            Some(Fault::SoldNotCounted) => count - 1,
            Some(Fault::CountedNotSold) => count + 1,
            _ => count,
        };
        if fault == Some(Fault::ClosesAfterBooking) {
            return None;
        }
        let named = if fault == Some(Fault::WrongEvent) { self.other_event(id) } else { id.to_owned() };
        Some(format!("OK {{\"event_id\":\"{named}\",\"tickets\":[{tickets}],\"available_tickets\":1}}\n"))
    }

    fn other_event(&self, id: &str) -> String {
        self.events.keys().find(|other| *other != id).unwrap().clone()
    }

    fn add_entry(&mut self, who: &str, day: &str, time: &str, title: &str, group: &[&str]) -> String {
        self.entries += 1;
        let is_at_fault = self.entries == FAULT_AT;
        let members: Vec<_> = group.iter().map(|member| format!("\"{member}\"")).collect();
        let meet = format!("{{\"title\":\"{title}\",\"group\":[{}],\"host\":\"{who}\"}}", members.join(","));
        for person in [&[who][..], group].concat() {
            let is_lost_member =
                is_at_fault && self.fault == Some(Fault::LosesMember) && person.ends_with('c');
            if !(is_lost_member || (is_at_fault && self.fault == Some(Fault::LosesEntry))) {
                let entry = format!("{{\"time\":\"{time}\",\"meet\":{meet}}}");
                self.days.insert((person.to_owned(), day.to_owned()), entry);
            }
        }
        format!("OK {{\"name\":\"{who}\",\"date\":\"{day}\",\"time\":\"{time}\"}}\n")
    }
}

/// The reply to HOLD and EXTEND.
fn held(id: &str, event: &str, tickets: u64) -> String {
    format!(
        "OK {{\"hold_id\":\"{id}\",\"event_id\":\"{event}\",\"tickets\":{tickets},\
         \"expires_at\":\"2026-12-31T00:00:00.000000Z\",\"available_tickets\":1}}\n"
    )
}

/// Replies until the client closes, or the fault ends the connection.
fn serve(stream: &TcpStream, server: &Mutex<FaultyServer>) {
    let (mut reader, mut writer) = (BufReader::new(stream), BufWriter::new(stream));
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        let (reply, closes) = {
            let mut server = server.lock().unwrap();
            (server.reply(line.trim_end()), std::mem::take(&mut server.closes))
        };
        let Some(reply) = reply else { return };
        if reply.is_empty() {
            // What still arrives is read and ignored.
            writer.flush().unwrap();
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
            return;
        }
        let _ = writer.write_all(reply.as_bytes());
        if closes {
            return; // which writes the reply
        }
        if reader.buffer().is_empty() {
            let _ = writer.flush();
        }
        line.clear();
    }
}
