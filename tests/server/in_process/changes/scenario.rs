//! A scenario: requests, watchers, and a copy.

use std::collections::BTreeSet;
use std::sync::Arc;

use bookline_server::maintenance;
use bookline_server::time::source::ManualTime;
use bookline_testkit::in_process::Server;
use bookline_testkit::model::{CalendarRequest, Model, Request, Slot, Terms, TicketList, request_line};
use bookline_testkit::{AsyncConn, Reply, Rng};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::copy::Copy;
use super::watcher::Watcher;
use crate::in_process::model::moment::{manual_time, now};
use crate::in_process::model::run::{configure, connect};
use crate::in_process::model::steps::{Conditions, Step, line_end, slots};

/// The number of phases: requests, and then watchers that are read, cut or left behind.
const PHASES: usize = 12;

/// The most steps of a phase.
const STEPS_MAX: usize = 60;

/// The changes of a burst, which fill more than a segment of the log.
const BURST: usize = 80;

/// Watchers besides the one that is shown all. Each watches the markers, too. The first is shown all, too,
/// and may be so late that its past is gone.
const WATCHERS: [(&[&str], bool); 8] = [
    (&["all"], true),
    (&["event:jazz", "event:marker"], true),
    (&["event:Jazz", "event:marker"], false),
    (&["events"], true),
    (&["calendars", "event:marker"], true),
    (&["person:F1", "event:marker"], false),
    (&["person:F1", "person:F2", "event:jazz", "event:marker"], true),
    (&["events", "event:jazz", "person:F3", "all"], false),
];

const PEOPLE: [&str; 5] = ["F1", "F2", "F3", "f1", "F10"];

struct Scenario {
    rng: Rng,
    conditions: Conditions,
    time: Arc<ManualTime>,
    /// `None` only during a restart.
    server: Option<Server>,
    conn: AsyncConn,
    naive: Model,
    slots: Vec<Slot>,
    markers: u64,
    /// It is shown all, and its past is never gone.
    reference: Watcher,
    /// The copy that it makes, of so many of its lines.
    copy: (Copy, usize),
    watchers: Vec<Watcher>,
    /// The copy of the first watcher, of so many of its lines. `None` until it has begun anew, and after
    /// that until it has read what GET shows.
    late_copy: Option<(Copy, usize)>,
    transcript: Vec<String>,
}

/// What is wrong, and what was done until then.
pub type Failure = (String, Vec<String>);

pub async fn run(seed: u64) -> Result<(), Failure> {
    let mut rng = Rng::new(seed);
    let mut conditions = Conditions::draw(&mut rng);
    // One more for the markers.
    conditions.limits.events = conditions.limits.events.saturating_add(1);
    let time = manual_time();
    let server = Server::fresh_with(|config| configure(config, conditions, &time)).await;
    let mut scenario = Scenario {
        rng,
        conditions,
        conn: connect(&server).await,
        server: Some(server),
        naive: Model::new(conditions.durable(), conditions.limits),
        slots: slots(now(&time)),
        markers: 0,
        reference: Watcher::new(&["all"], true),
        copy: (Copy::complete(), 0),
        watchers: WATCHERS.iter().map(|(what, secrets)| Watcher::new(what, *secrets)).collect(),
        late_copy: None,
        transcript: Vec::new(),
        time,
    };
    let result = scenario.run().await;
    let Scenario { server, conn, reference, watchers, transcript, .. } = scenario;
    drop((conn, reference, watchers));
    if let Some(server) = server {
        server.stop().await;
    }
    result.map_err(|what| (what, transcript))
}

impl Scenario {
    fn server(&self) -> &Server {
        self.server.as_ref().expect("a running server")
    }

    async fn run(&mut self) -> Result<(), String> {
        self.resume_reference().await?;
        let create = Request::Create {
            name: "Marker".to_owned(),
            date: NaiveDate::from_ymd_opt(2026, 12, 31).expect("a date"),
            tickets: 1_000_000,
            id: Some("marker".to_owned()),
            terms: Terms::default(),
        };
        self.ask_all(&[create]).await?;
        for _ in 0..PHASES {
            let steps = self.rng.below(STEPS_MAX);
            let steps: Vec<Step> = (0..steps).map(|_| Step::draw(&mut self.rng, self.conditions)).collect();
            self.run_steps(&steps).await?;
            if self.rng.one_in(5) {
                self.burst().await?;
            }
            self.mark().await?;
            for nth in 0..self.watchers.len() {
                self.visit(nth).await?;
            }
            if self.rng.one_in(3) {
                self.compare_copy().await?;
            }
        }
        self.mark().await?;
        for nth in 0..self.watchers.len() {
            self.catch_up(nth).await?;
        }
        self.compare_copy().await?;
        self.compare_late_copy().await
    }

    async fn run_steps(&mut self, steps: &[Step]) -> Result<(), String> {
        let mut at = 0;
        while at < steps.len() {
            let step = &steps[at];
            at += 1;
            match step {
                Step::Restart | Step::Kill => self.restart(matches!(step, Step::Kill)).await?,
                Step::Http | Step::Unfinished(_) => {}
                Step::Advance(advance) => {
                    self.transcript.push(format!("({step:?})"));
                    self.time.advance(advance.micros(&self.naive, now(&self.time)) - 1);
                }
                Step::Maintain => {
                    self.transcript.push(format!("({step:?})"));
                    maintenance::round(&self.server().service.store).await.map_err(|e| e.to_string())?;
                    self.naive.maintain(now(&self.time));
                    self.ask_all(&[Request::Stats]).await?;
                }
                _ => at = self.run_lines(steps, at - 1).await?,
            }
        }
        Ok(())
    }

    /// Sends the next lines as one batch, and checks their replies. Returns the index of the next step.
    async fn run_lines(&mut self, steps: &[Step], from: usize) -> Result<usize, String> {
        let (mut bytes, mut sent, mut at) = (Vec::new(), Vec::new(), from);
        let mut is_last = false;
        self.time.advance(1);
        while at < steps.len() && sent.len() < self.conditions.pipelined && !is_last {
            let Some((line, request)) = steps[at].line(&self.naive, &self.slots) else { break };
            at += 1;
            if request == Some(Request::Quit) {
                continue;
            }
            // No two holds have one deadline: then the order in which they end is not specified.
            is_last = matches!(
                request.as_ref().map(Request::without_key),
                Some(Request::Hold { .. } | Request::Extend { .. })
            );
            self.transcript.push(format!("> {}", String::from_utf8_lossy(&line)));
            bytes.extend(line);
            bytes.extend_from_slice(line_end(at));
            sent.extend(request);
        }
        self.conn.send(&bytes).await;
        for request in sent {
            self.check_reply(&request).await?;
        }
        Ok(at)
    }

    async fn check_reply(&mut self, request: &Request) -> Result<Reply, String> {
        let reply = self.conn.reply().await.ok_or("the connection was closed")?;
        self.naive
            .check(request, &reply, now(&self.time))
            .map_err(|what| format!("{request:?} got {}: {what}", reply.line))?;
        Ok(reply)
    }

    async fn ask_all(&mut self, requests: &[Request]) -> Result<Vec<Reply>, String> {
        let (mut style, mut replies) = (self.rng.fork(), Vec::new());
        for some in requests.chunks(200) {
            let lines: Vec<u8> = some
                .iter()
                .flat_map(|request| [request_line(request, &mut style), b"\n".to_vec()].concat())
                .collect();
            self.conn.send(&lines).await;
            for request in some {
                replies.push(self.check_reply(request).await?);
            }
        }
        Ok(replies)
    }

    /// Changes the event of markers, and reads all changes up to that.
    async fn mark(&mut self) -> Result<(), String> {
        self.change_marker().await?;
        self.reference.read_until(self.markers).await?;
        self.apply_to_copy()
    }

    async fn change_marker(&mut self) -> Result<(), String> {
        self.markers += 1;
        self.transcript.push(format!("(marker {})", self.markers));
        self.time.advance(1);
        let tickets = Some(self.markers);
        let terms = Terms::default();
        let update = Request::Update { id: "marker".to_owned(), name: None, date: None, tickets, terms };
        self.ask_all(&[update]).await.map(drop)
    }

    /// Fills the log, and makes snapshots, so that it is trimmed.
    async fn burst(&mut self) -> Result<(), String> {
        self.transcript.push("(a burst, and snapshots)".to_owned());
        for _ in 0..3 {
            self.time.advance(1);
            let rename = |nth: usize| Request::Update {
                id: "marker".to_owned(),
                name: Some(format!("{nth:0200}")),
                date: None,
                tickets: None,
                terms: Terms::default(),
            };
            let mut requests: Vec<Request> = (0..BURST).map(rename).collect();
            requests.push(Request::Snapshot);
            self.ask_all(&requests).await?;
        }
        Ok(())
    }

    fn apply_to_copy(&mut self) -> Result<(), String> {
        let (copy, applied) = &mut self.copy;
        for line in &self.reference.lines[*applied..] {
            copy.apply(&line.body).map_err(|what| format!("{}: {what}", line.sequence))?;
        }
        *applied = self.reference.lines.len();
        Ok(())
    }

    async fn resume_reference(&mut self) -> Result<(), String> {
        let server = self.server.as_ref().expect("a running server");
        if self.reference.resume(server).await? { Ok(()) } else { Err("it is gone".to_owned()) }
    }

    /// Does something with a watcher: leaves it behind, lets it catch up, or cuts it.
    async fn visit(&mut self, nth: usize) -> Result<(), String> {
        match self.rng.below(6) {
            0 => Ok(()),
            1 | 2 => self.catch_up(nth).await,
            3 => self.resume(nth).await,
            _ => {
                self.resume(nth).await?;
                self.read_late_copy().await?;
                let outstanding = self.watchers[nth].outstanding(&self.reference.lines);
                let lines = self.rng.below(outstanding + 1);
                self.transcript.push(format!("(watcher {nth} reads {lines} of {outstanding} lines)"));
                for _ in 0..lines {
                    self.watchers[nth].read().await?;
                }
                self.watchers[nth].cut();
                // At times it goes on at once.
                if self.rng.one_in(2) { self.resume(nth).await } else { Ok(()) }
            }
        }
    }

    /// Connects a watcher, if it is not.
    async fn resume(&mut self, nth: usize) -> Result<(), String> {
        let watcher = &mut self.watchers[nth];
        let server = self.server.as_ref().expect("a running server");
        if watcher.is_connected() {
            return Ok(());
        }
        let place = watcher.place;
        if watcher.resume(server).await? {
            self.transcript.push(format!("(watcher {nth} goes on after {place})"));
            return Ok(());
        }
        watcher.begin_anew(server).await;
        self.transcript.push(format!("(watcher {nth} begins anew: {place} is gone)"));
        if nth == 0 {
            self.late_copy = None;
        }
        Ok(())
    }

    async fn catch_up(&mut self, nth: usize) -> Result<(), String> {
        self.resume(nth).await?;
        self.read_late_copy().await?;
        if self.watchers[nth].outstanding(&self.reference.lines) > 0 {
            self.watchers[nth].read_until(self.markers).await?;
        }
        self.watchers[nth].check(&self.reference.lines)?;
        if nth == 0 { self.compare_late_copy().await } else { Ok(()) }
    }

    /// Reads what the first watcher needs after it has begun anew. It may be later than where it watches.
    async fn read_late_copy(&mut self) -> Result<(), String> {
        if self.late_copy.is_some() || self.watchers[0].since == 0 {
            return Ok(());
        }
        self.transcript.push("(its copy reads all)".to_owned());
        let mut copy = Copy::incomplete();
        let listed = self.ask_all(&[Request::List { limit: None, after: None }]).await?.remove(0);
        for event in listed.rows {
            let id = event["id"].as_str().expect("an id").to_owned();
            copy.tickets.insert(id.clone(), self.tickets(&id).await?);
            copy.events.insert(id, event);
        }
        for (who, day) in self.days(&copy).await? {
            copy.calendars.set_day(&who, &day);
        }
        self.late_copy = Some((copy, 0));
        Ok(())
    }

    /// Applies what the first watcher was shown since it has begun anew, and compares.
    async fn compare_late_copy(&mut self) -> Result<(), String> {
        let Some((mut copy, applied)) = self.late_copy.take() else { return Ok(()) };
        let lines = &self.watchers[0].lines;
        let count = lines.len();
        for line in &lines[applied..] {
            copy.apply(&line.body)?;
        }
        let unknown: Vec<_> = std::mem::take(&mut copy.calendars.unknown_days).into_iter().collect();
        let days: Vec<Request> = unknown.iter().map(|(who, date)| day(who, *date)).collect();
        for ((who, _), reply) in unknown.iter().zip(self.ask_all(&days).await?) {
            copy.calendars.set_day(who, reply.ok());
        }
        self.compare(&copy).await.map_err(|what| format!("after it has begun anew: {what}"))?;
        self.late_copy = Some((copy, count));
        Ok(())
    }

    async fn compare_copy(&mut self) -> Result<(), String> {
        let (copy, _) = self.copy.clone();
        self.compare(&copy).await
    }

    /// Compares a copy with all that the server shows.
    async fn compare(&mut self, copy: &Copy) -> Result<(), String> {
        let listed = self.ask_all(&[Request::List { limit: None, after: None }]).await?.remove(0).rows;
        let ids: BTreeSet<&str> = listed.iter().filter_map(|event| event["id"].as_str()).collect();
        if !ids.iter().copied().eq(copy.events.keys().map(String::as_str)) {
            return Err(format!("the copy has {:?} instead of {ids:?}", copy.events.keys()));
        }
        for event in &listed {
            let id = event["id"].as_str().expect("an id");
            equal(&copy.events[id], event)?;
            equal(&json!(copy.tickets[id]), &json!(self.tickets(id).await?))?;
        }
        self.compare_holds(copy).await?;
        for (who, day) in self.days(copy).await? {
            let date = NaiveDate::parse_from_str(day["date"].as_str().expect("a date"), "%d-%m-%Y");
            equal(&copy.calendars.day(&who, date.expect("a date")), &day)?;
        }
        Ok(())
    }

    async fn compare_holds(&mut self, copy: &Copy) -> Result<(), String> {
        let at = now(&self.time).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let requests: Vec<Request> = copy.holds.keys().cloned().map(Request::ShowHold).collect();
        let replies = self.ask_all(&requests).await?;
        for (hold, reply) in copy.holds.values().zip(replies) {
            let mut expected = hold.clone();
            expected.as_object_mut().expect("an object").remove("for");
            if expected["status"] == "held" && expected["expires_at"].as_str() <= Some(at.as_str()) {
                expected["status"] = json!("expired");
            } else if expected["status"] != "held" && !reply.is_ok() {
                // That it is forgotten is not told.
                continue;
            }
            equal(&expected, &reply.body)?;
        }
        Ok(())
    }

    async fn tickets(&mut self, event: &str) -> Result<Vec<Value>, String> {
        let list = TicketList {
            event: event.to_owned(),
            status: Some("all"),
            whole_ids: true,
            ..TicketList::default()
        };
        Ok(self.ask_all(&[Request::Tickets(list)]).await?.remove(0).rows)
    }

    /// The days of people on which there may be something.
    async fn days(&mut self, copy: &Copy) -> Result<Vec<(String, Value)>, String> {
        let mut dates = self.naive.calendar_dates();
        dates.extend(self.slots.iter().map(|slot| slot.date));
        let mut days = copy.calendars.days();
        let others = (0..25).map(|nth| format!("P{nth}")).filter(|_| days.is_empty());
        let people: Vec<String> = PEOPLE.iter().map(|who| (*who).to_owned()).chain(others).collect();
        days.extend(people.iter().flat_map(|who| dates.iter().map(move |date| (who.clone(), *date))));
        let requests: Vec<Request> = days.iter().map(|(who, date)| day(who, *date)).collect();
        let replies = self.ask_all(&requests).await?;
        Ok(days.into_iter().zip(replies).map(|((who, _), reply)| (who, reply.body)).collect())
    }

    /// Reads what the watchers are shown before they are closed, of all at once.
    async fn read_rest(&mut self) -> Result<(), String> {
        let read_all = |mut watcher: Watcher| async move {
            while watcher.is_connected() && watcher.read().await? {}
            Ok::<_, String>(watcher)
        };
        let watchers = std::mem::take(&mut self.watchers).into_iter();
        let reading: Vec<_> =
            watchers.map(|watcher| (watcher.is_connected(), tokio::spawn(read_all(watcher)))).collect();
        while self.reference.read().await? {}
        self.reference.check_marker(self.markers)?;
        self.apply_to_copy()?;
        for (was_connected, watcher) in reading {
            let watcher = watcher.await.expect("no panic")?;
            if was_connected {
                watcher.check(&self.reference.lines)?;
            }
            self.watchers.push(watcher);
        }
        Ok(())
    }

    /// Stops the server, reads what the watchers are shown before they are closed, and starts it again.
    async fn restart(&mut self, is_kill: bool) -> Result<(), String> {
        self.transcript.push(if is_kill { "(Kill)" } else { "(Restart)" }.to_owned());
        self.change_marker().await?;
        let server = self.server.take().expect("a running server");
        self.conn.finish().await;
        let stop = async { if is_kill { server.kill().await } else { server.stop().await } };
        let (directory, read) = tokio::join!(stop, self.read_rest());
        read?;
        let (conditions, time) = (self.conditions, self.time.clone());
        let started = Server::on_with(directory, |config| configure(config, conditions, &time)).await;
        let server = started.map_err(|refused| format!("the restart failed: {refused:?}"))?;
        self.naive.end_due_holds(now(&self.time));
        self.conn = connect(&server).await;
        self.server = Some(server);
        self.resume_reference().await
    }
}

fn day(who: &str, date: NaiveDate) -> Request {
    Request::Calendar(CalendarRequest::Day { who: who.to_owned(), date })
}

fn equal(copied: &Value, shown: &Value) -> Result<(), String> {
    if copied == shown { Ok(()) } else { Err(format!("the copy has {copied} instead of {shown}")) }
}
