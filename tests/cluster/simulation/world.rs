//! A simulated cluster: some servers, the stream between them, clients, and faults.

use std::ops::Range;

use bookline_server::storage::replicated::append::AppendResult;
use bookline_server::storage::replicated::member::{Event, Step};
use bookline_testkit::Rng;

use super::clock::{Clock, MILLI, Micros, SECOND, SPEED};
use super::happenings::{Happening, Happenings};
use super::link::Link;
use super::request::{Answer, Body, Request};
use super::rule::{Broken, Rule};
use super::schedule::{Faults, Planted, Schedule};
use super::server::Server;
use super::stream::{ModelStream, Side};
use super::summary::Summary;
use super::transcript::Transcript;

/// How long faults happen. Then the cluster has the time to recover.
pub const FAULTS_END: Micros = 25 * SECOND;

/// Within this time after the faults a new commit is acknowledged: a lease on the slowest clock and the
/// random time of a standby, twice, because an append of long ago may be stored in between.
pub const RECOVERY_MAX: Micros = 12 * SECOND;

/// How long a schedule goes on after that.
const GOES_ON: Micros = 2 * SECOND;

pub struct World {
    pub rng: Rng,
    pub now: Micros,
    happenings: Happenings,
    pub stream: ModelStream,
    /// When it had a leader and a majority again.
    pub stream_recovered: Micros,
    /// Whose requests reach the leader of the stream that was given up.
    pub sides: Vec<Side>,
    pub servers: Vec<Server>,
    pub requests: Vec<Request>,
    pub schedule: Schedule,
    /// Between two requests of clients.
    pub client_pause_max: Micros,
    /// Whether reads may rely on the lease. Otherwise a clock stands still while its server sleeps.
    pub uses_lease: bool,
    /// The sequence numbers of acknowledged commits, with their ids.
    pub acknowledged: Vec<(usize, u64)>,
    pub acknowledged_max: usize,
    /// The id of the last commit that a client wanted, and of the last one during the faults.
    pub last_id: u64,
    pub last_faulty_id: u64,
    recovered: Option<Micros>,
    end: Micros,
    pub reads: u32,
    resignations: u32,
    pub transcript: Transcript,
    pub broken: Option<(Rule, String)>,
}

impl World {
    /// Runs a schedule to its end. The error has a transcript if it is recorded, which takes more time.
    ///
    /// # Errors
    ///
    /// The rule that was broken.
    pub fn run(schedule: Schedule, is_recorded: bool) -> Result<Summary, Broken> {
        let mut world = Self::new(schedule);
        world.transcript.is_recorded = is_recorded;
        world.run_to_end()
    }

    fn new(schedule: Schedule) -> Self {
        let mut rng = Rng::new(schedule.seed);
        // The longest is that of the stream of a cluster. A stream without replicas recognizes no id.
        let duplicate_window = *rng.pick(&[0, 2 * SECOND, 600 * SECOND, 600 * SECOND]);
        let count = rng.range(2, 4);
        // Common clocks, or nearly the third of the lease by which they may drift: 1.19 / 0.81 < 3 / 2.
        let drift = if rng.one_in(2) { 190_000 } else { 2_500 };
        let mut clock = || Clock {
            offset: 1_000 * SECOND + rng.within(0..1_000 * SECOND),
            speed: rng.within(SPEED - drift..SPEED + drift),
        };
        let servers = (0..count).map(|name| Server::new(name, clock())).collect();
        let uses_lease = schedule.faults == Faults::OfStream || !rng.one_in(5);
        let client_pause_max = *rng.pick(&[30 * MILLI, 100 * MILLI, 500 * MILLI]);
        let mut world = Self {
            rng,
            now: 0,
            happenings: Happenings::default(),
            stream: ModelStream::new(duplicate_window),
            stream_recovered: 0,
            sides: vec![Side::Majority; count],
            servers,
            requests: Vec::new(),
            schedule,
            client_pause_max,
            uses_lease,
            acknowledged: Vec::new(),
            acknowledged_max: 0,
            last_id: 0,
            last_faulty_id: u64::MAX,
            recovered: None,
            end: FAULTS_END + RECOVERY_MAX,
            reads: 0,
            resignations: 0,
            transcript: Transcript::default(),
            broken: None,
        };
        for server in 0..count {
            world.after(0..SECOND / 2, Happening::Starts { server, life: 0 });
        }
        world.after(0..SECOND, Happening::Client);
        world.after(2 * SECOND..6 * SECOND, Happening::Fault);
        world.after(2 * SECOND..12 * SECOND, Happening::Resigns);
        world.at(FAULTS_END, Happening::FaultsEnd);
        world.at(FAULTS_END + RECOVERY_MAX, Happening::RecoveryEnds);
        world
    }

    pub fn at(&mut self, time: Micros, happening: Happening) {
        self.happenings.push(time, happening);
    }

    pub fn after(&mut self, delay: Range<Micros>, happening: Happening) {
        let delay = self.rng.within(delay);
        self.at(self.now + delay, happening);
    }

    pub fn say(&mut self, what: impl FnOnce() -> String) {
        self.transcript.say(self.now, what);
    }

    /// Ends the schedule, because a rule does not hold.
    pub fn break_rule(&mut self, rule: Rule, what: String) {
        self.broken.get_or_insert((rule, what));
    }

    fn run_to_end(mut self) -> Result<Summary, Broken> {
        while let Some((time, happening)) = self.happenings.pop()
            && time <= self.end
            && self.broken.is_none()
        {
            self.now = time;
            self.happen(happening);
        }
        let takeovers = self.check_history();
        match self.broken {
            Some((rule, what)) => Err(Broken { rule, what, transcript: self.transcript.text() }),
            None => Ok(Summary {
                acknowledged: self.acknowledged.len(),
                reads: self.reads,
                resignations: self.resignations,
                takeovers,
                stream: self.stream.counts,
                recovered_after: self.recovered.map_or(0, |time| time - FAULTS_END),
            }),
        }
    }

    fn happen(&mut self, happening: Happening) {
        if let Some(until) = self.asleep_until(&happening) {
            return self.at(until, happening);
        }
        match happening {
            Happening::Starts { server, life } if self.servers[server].life == life => self.start(server),
            Happening::Wakes { server, turn } if self.servers[server].turn == turn => self.step(server),
            Happening::Starts { .. } | Happening::Wakes { .. } => {}
            Happening::Arrives { request } => self.arrive(request),
            Happening::Stores => {
                if let Some((request, sequence)) = self.stream.store(self.now) {
                    self.say(|| format!("the stream stores request {request} as message {}", sequence.0));
                    if self.servers[self.requests[request].server].awaited != Some(request) {
                        self.stream.counts.stored_late += 1;
                    }
                    self.answer(request, Answer::Append(AppendResult::Stored { sequence }));
                }
            }
            Happening::Answered { request, answer } => self.on_answer(request, answer),
            Happening::Client => self.send_client_request(),
            Happening::Looks { server, acknowledged } => self.look(server, acknowledged),
            Happening::Looked { server, life, read } => self.check_look(server, life, read),
            Happening::Fault => self.cause_fault(),
            Happening::Resigns => self.resign(),
            Happening::IsolationEnds => self.end_isolation(),
            Happening::ElectionEnds => self.recover_stream(),
            Happening::GivenUpLeaderEnds => self.stream.end_given_up_leader(),
            Happening::CatchesUp => self.stream.behind = None,
            Happening::LinkIsUp { server } => {
                (self.servers[server].to_stream, self.servers[server].from_stream) = (Link::Up, Link::Up);
            }
            Happening::FaultsEnd => self.end_faults(),
            Happening::RecoveryEnds if self.recovered.is_some() => {}
            Happening::RecoveryEnds => {
                let leaders: Vec<_> = self.servers.iter().map(Server::is_leader).collect();
                self.break_rule(Rule::Progress, format!("no new commit; who leads: {leaders:?}"));
            }
        }
    }

    /// When the server awakes that this happens to, if it sleeps.
    fn asleep_until(&self, happening: &Happening) -> Option<Micros> {
        let server = match *happening {
            Happening::Wakes { server, .. }
            | Happening::Looks { server, .. }
            | Happening::Looked { server, .. } => server,
            Happening::Answered { request, .. } => self.requests[request].server,
            _ => return None,
        };
        Some(self.servers[server].asleep_until).filter(|until| *until > self.now)
    }

    /// Starts a server, if it does not run.
    pub fn start(&mut self, index: usize) {
        if self.servers[index].member.is_some() {
            return;
        }
        self.say(|| format!("server {index} starts"));
        let planted = match self.schedule.planted {
            Some(Planted::Member(bug)) => Some(bug),
            Some(Planted::TwoInFlight) | None => None,
        };
        self.servers[index].start(self.now, planted, &mut self.rng);
        self.step(index);
    }

    /// Starts a server anew, without anything of what it had.
    pub fn restart(&mut self, index: usize, after: Range<Micros>) {
        self.servers[index].stop();
        self.start_again(index, after);
    }

    fn start_again(&mut self, index: usize, after: Range<Micros>) {
        let life = self.servers[index].life;
        self.after(after, Happening::Starts { server: index, life });
    }

    /// Lets a server do its next step, if it waits for no answer.
    pub fn step(&mut self, index: usize) {
        let server = &mut self.servers[index];
        let Some(step) = server.step(self.now) else { return };
        match step {
            Step::Read(sequence) => {
                let request = self.send(index, Body::Read(sequence));
                self.servers[index].awaited = Some(request);
            }
            Step::Append(append) => {
                let request = self.send(index, Body::Append(append));
                self.servers[index].awaited = Some(request);
                self.send_ahead(index);
                if let Some(time) = self.servers[index].sleeps_next.take() {
                    self.sleep(index, time);
                }
            }
            Step::Wait(until) => {
                let (at, turn) = (server.clock.when(until).max(self.now), server.turn);
                self.at(at, Happening::Wakes { server: index, turn });
            }
            Step::Deposed => {
                self.say(|| format!("server {index} is deposed"));
                if self.schedule.faults == Faults::OfStream {
                    let what = format!("server {index} is deposed, and was healthy");
                    self.break_rule(Rule::NoHealthyLeaderDeposed, what);
                }
                self.restart(index, MILLI..SECOND);
            }
            Step::Resigned => {
                self.resignations += 1;
                self.servers[index].stop_resigned();
                self.start_again(index, MILLI..SECOND);
            }
            Step::Stop(corrupt) => self.break_rule(Rule::OneHistory, format!("server {index}: {corrupt}")),
        }
    }

    /// The bug of two appends in flight, if it is planted.
    pub fn send_ahead(&mut self, index: usize) {
        if self.schedule.planted == Some(Planted::TwoInFlight)
            && let Some(awaited) = self.servers[index].awaited
            && let Body::Append(undecided) = self.requests[awaited].body.clone()
            && let Some(append) = self.servers[index].append_ahead(self.now, &undecided)
        {
            self.send(index, Body::Append(append));
        }
    }

    pub fn on_event(&mut self, index: usize, event: Event) {
        if let Event::Leads(position) = &event {
            let term = position.term;
            self.transcript.say(self.now, || format!("server {index} leads in term {term}"));
        }
        let (before, ids) = self.servers[index].apply(event);
        if self.recovered.is_none() && ids.iter().any(|id| *id > self.last_faulty_id) {
            (self.recovered, self.end) = (Some(self.now), self.now + GOES_ON);
        }
        self.acknowledged.extend((before + 1..).zip(ids.iter().copied()));
        self.acknowledged_max = self.acknowledged_max.max(before + ids.len());
        self.check_position(index);
    }
}
