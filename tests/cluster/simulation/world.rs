//! A simulated cluster: three servers, the stream between them, clients, and faults.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use bookline_server::codec::salt::Salt;
use bookline_server::storage::replicated::append::{Append, AppendResult};
use bookline_server::storage::replicated::member::{Bug, Content, Settings, Step, read_frame};
use bookline_server::storage::replicated::position::Position;
use bookline_server::storage::replicated::stream_read::StreamRead;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bookline_testkit::Rng;

use super::server::{Clock, Micros, PendingRead, Server, ids};
use super::stream::ModelStream;

const MILLI: Micros = 1_000;
const SECOND: Micros = 1_000 * MILLI;

/// How long faults happen. Then the cluster gets the time to recover.
const FAULTS_END: Micros = 25 * SECOND;
const END: Micros = 45 * SECOND;

/// When the owner of a member gives up waiting for the stream: for what was read, and for an append.
const READ_MAX: Micros = 250 * MILLI;
const APPEND_MAX: Micros = SECOND;

const LEASE: Duration = Duration::from_secs(3);

const SERVERS: usize = 3;

const SALT: [u8; 16] = [7; 16];

/// Which faults a schedule has.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// Servers sleep and crash, and lose messages.
    pub of_servers: bool,
    pub planted: Option<Bug>,
}

/// Something that happens at its time. Of those of one time the earlier scheduled one comes first.
type Scheduled = Reverse<(Micros, u64, Happening)>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// A server does its next step.
    Wake {
        server: usize,
    },
    /// The step of a server arrives at the stream. The answer is lost if there is no server to get it.
    Arrives {
        from: Option<(usize, u32)>,
        request: Request,
    },
    /// An answer arrives at a server.
    Answered {
        server: usize,
        life: u32,
        answer: Answer,
    },
    /// A server has looked at its state for a client, and has something to append for another one.
    Looked {
        server: usize,
        life: u32,
    },
    Client,
    Fault,
    ElectionEnds,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    Read(u64),
    Append { expected: u64, id: String, frame: Vec<u8> },
}

impl Request {
    /// When it is given up, and what that counts as.
    fn given_up(&self) -> (Micros, Answer) {
        match self {
            Self::Read(_) => (READ_MAX, Answer::Silence),
            Self::Append { .. } => (APPEND_MAX, Answer::Unknown),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Message { id: String, frame: Vec<u8> },
    Absent,
    Silence,
    Stored(u64),
    WrongLastSequence,
    Unknown,
}

pub struct World {
    rng: Rng,
    now: Micros,
    queue: BinaryHeap<Scheduled>,
    scheduled: u64,
    stream: ModelStream,
    /// How many messages a server of the stream that is behind has seen.
    behind: usize,
    is_electing: bool,
    servers: Vec<Server>,
    faults: Faults,
    /// The sequence numbers of acknowledged commits, with their ids.
    acknowledged: Vec<(usize, u64)>,
    /// Decided commits that wait for the log: server, life, sequence number, id.
    waiting: Vec<(usize, u32, usize, u64)>,
    last_id: u64,
    /// How often a member found that it was deposed.
    depositions: u32,
}

/// What a schedule has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub acknowledged: usize,
    pub takeovers: usize,
}

impl World {
    pub fn new(seed: u64, faults: Faults) -> Self {
        let mut rng = Rng::new(seed);
        let stream = ModelStream::new(!rng.one_in(4));
        let mut world = Self {
            now: 0,
            queue: BinaryHeap::new(),
            scheduled: 0,
            stream,
            behind: 0,
            is_electing: false,
            servers: Vec::new(),
            faults,
            acknowledged: Vec::new(),
            waiting: Vec::new(),
            last_id: 0,
            depositions: 0,
            rng,
        };
        for index in 0..SERVERS {
            let server = world.fresh(index, 0);
            world.servers.push(server);
            world.schedule(1, Happening::Wake { server: index });
        }
        world.schedule(SECOND, Happening::Client);
        world.schedule(5 * SECOND, Happening::Fault);
        world
    }

    /// A server that starts.
    fn fresh(&mut self, index: usize, life: u32) -> Server {
        let settings = Settings {
            lease: LEASE,
            jitter: Duration::from_millis(self.rng.within(0..300)),
            salt: Salt::new(SALT),
            nonce: self.rng.next(),
            advertise: format!("host-{index}:2665").into(),
            genesis: "a cluster".into(),
            planted: self.faults.planted,
        };
        // Within the third of the lease by which clocks may drift: 1.15 / 0.85 < 3 / 2.
        let clock = Clock { offset: self.rng.within(0..1_000 * SECOND), speed: self.rng.within(850..1_150) };
        Server::new(settings, clock, life, self.now)
    }

    fn schedule(&mut self, after: Micros, happening: Happening) {
        self.scheduled += 1;
        self.queue.push(Reverse((self.now + after, self.scheduled, happening)));
    }

    /// Runs the schedule to its end.
    ///
    /// # Errors
    ///
    /// The promise that was broken.
    pub fn run(mut self) -> Result<Summary, String> {
        while let Some(Reverse((time, _, happening))) = self.queue.pop()
            && time < END
        {
            self.now = time;
            self.happen(happening)?;
        }
        self.check_end()
    }

    fn happen(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Wake { server }
            | Happening::Answered { server, .. }
            | Happening::Looked { server, .. }
                if self.servers[server].asleep_until > self.now =>
            {
                let after = self.servers[server].asleep_until - self.now;
                self.schedule(after, happening);
            }
            Happening::Wake { server } => self.step(server)?,
            Happening::Arrives { from, request } => self.arrive(from, &request),
            Happening::Answered { server, life, answer } => self.answer(server, life, answer)?,
            Happening::Looked { server, life } if self.servers[server].life == life => {
                self.reply(server)?;
                self.step(server)?;
            }
            Happening::Looked { .. } => {}
            Happening::Client => self.send_requests(),
            Happening::Fault => self.cause_fault(),
            Happening::ElectionEnds => self.is_electing = false,
        }
        Ok(())
    }

    /// Lets a server do its next step, if it waits for none.
    fn step(&mut self, index: usize) -> Result<(), String> {
        let server = &mut self.servers[index];
        if server.is_busy {
            return Ok(());
        }
        let (now, life, clock) = (server.clock.read(self.now), server.life, server.clock);
        let (member, batch) = server.parts();
        let request = match member.next(now, &mut || Server::take_batch(batch)) {
            Step::Read(sequence) => Request::Read(sequence.0),
            Step::Append(Append { expected, id, frame }) => {
                Request::Append { expected: expected.0, id, frame: frame.to_vec() }
            }
            Step::Wait(until) => {
                let after = clock.when(until).saturating_sub(self.now).max(1);
                self.schedule(after, Happening::Wake { server: index });
                return Ok(());
            }
            Step::Deposed => {
                self.depositions += 1;
                self.restart(index);
                return Ok(());
            }
            Step::Stop(corrupt) => return Err(format!("server {index} has stopped: {corrupt}")),
        };
        server.is_busy = true;
        self.send(index, life, request);
        Ok(())
    }

    /// Sends a request to the stream. It may be lost, doubled, or take long; and an append may be stored long
    /// after everybody has given up.
    fn send(&mut self, index: usize, life: u32, request: Request) {
        let from = Some((index, life));
        let is_faulty = self.now < FAULTS_END && self.faults.of_servers;
        let after = self.rng.within(200..2_000);
        let (answer_max, no_answer) = request.given_up();
        let is_mute = self.servers[index].mute_until > self.now;
        if is_mute || (is_faulty && self.rng.one_in(60)) {
            if self.rng.one_in(2) {
                // It is stored or read after everybody has given up on it.
                let late = self.rng.within(answer_max..20 * SECOND);
                self.schedule(late, Happening::Arrives { from: None, request });
            }
            self.schedule(answer_max, Happening::Answered { server: index, life, answer: no_answer });
            return;
        }
        if is_faulty && self.rng.one_in(50) {
            let doubled = after + self.rng.within(0..3 * SECOND);
            self.schedule(doubled, Happening::Arrives { from: None, request: request.clone() });
        }
        self.schedule(after, Happening::Arrives { from, request });
    }

    fn arrive(&mut self, from: Option<(usize, u32)>, request: &Request) {
        let mut answer = self.answer_of_stream(request);
        let is_faulty = self.now < FAULTS_END;
        let mut after = self.rng.within(200..2_000);
        if answer != Answer::Silence && is_faulty {
            let (answer_max, no_answer) = request.given_up();
            if self.rng.one_in(20) {
                // Late, and for some too late.
                after = self.rng.within(0..answer_max * 3 / 2);
            }
            let is_deaf = from.is_some_and(|(server, _)| self.servers[server].deaf_until > self.now);
            if is_deaf || after > answer_max || (self.faults.of_servers && self.rng.one_in(60)) {
                (after, answer) = (answer_max, no_answer);
            }
        }
        if let Some((server, life)) = from {
            self.schedule(after, Happening::Answered { server, life, answer });
        }
    }

    /// What the stream does. While it has no leader it answers nothing; some of its servers are behind.
    fn answer_of_stream(&mut self, request: &Request) -> Answer {
        match request {
            Request::Read(_) if self.is_electing && !self.rng.one_in(20) => Answer::Silence,
            Request::Read(sequence) => {
                let all = self.stream.messages.len();
                self.behind = self.behind.max(all.saturating_sub(3));
                let is_behind = self.now < FAULTS_END && self.rng.one_in(10);
                let seen = if is_behind { self.behind } else { all };
                match self.stream.read(StreamSequence(*sequence), seen) {
                    StreamRead::Message { id, frame } => Answer::Message { id, frame: frame.to_vec() },
                    StreamRead::Absent | StreamRead::NoAnswer => Answer::Absent,
                }
            }
            Request::Append { .. } if self.is_electing => {
                // Some of them are stored when there is a leader again.
                if self.rng.one_in(3) {
                    let after = self.rng.within(SECOND..8 * SECOND);
                    self.schedule(after, Happening::Arrives { from: None, request: request.clone() });
                }
                Answer::Unknown
            }
            Request::Append { expected, id, frame } => {
                let append = Append {
                    expected: StreamSequence(*expected),
                    id: id.clone(),
                    frame: frame.clone().into(),
                };
                match self.stream.append(&append) {
                    AppendResult::Stored { sequence } => Answer::Stored(sequence.0),
                    AppendResult::WrongLastSequence => Answer::WrongLastSequence,
                    AppendResult::Unknown => Answer::Unknown,
                }
            }
        }
    }

    fn answer(&mut self, index: usize, life: u32, answer: Answer) -> Result<(), String> {
        let server = &mut self.servers[index];
        if server.life != life {
            return Ok(());
        }
        server.is_busy = false;
        let now = server.clock.read(self.now);
        let member = &mut server.member;
        let stored = |sequence| AppendResult::Stored { sequence: StreamSequence(sequence) };
        let event = match answer {
            Answer::Message { id, frame } => {
                member.on_read(now, StreamRead::Message { id, frame: frame.into() })
            }
            Answer::Absent => member.on_read(now, StreamRead::Absent),
            Answer::Silence => member.on_read(now, StreamRead::NoAnswer),
            Answer::Stored(sequence) => member.on_append(now, stored(sequence)),
            Answer::WrongLastSequence => member.on_append(now, AppendResult::WrongLastSequence),
            Answer::Unknown => member.on_append(now, AppendResult::Unknown),
        };
        if let Some(event) = event {
            server.apply(event);
        }
        self.acknowledge(index);
        self.reply(index)?;
        self.step(index)
    }

    /// Acknowledges the changes of a server that are durable.
    fn acknowledge(&mut self, index: usize) {
        let Server { life, durable, .. } = self.servers[index];
        let done = self.waiting.extract_if(.., |&mut (server, of_life, sequence, _)| {
            server == index && of_life == life && sequence <= durable
        });
        self.acknowledged.extend(done.map(|(_, _, sequence, id)| (sequence, id)));
    }

    /// Sends the replies of a server that may be sent, and checks that none is stale.
    fn reply(&mut self, index: usize) -> Result<(), String> {
        for PendingRead { seen, acknowledged, .. } in self.servers[index].take_covered() {
            if seen < acknowledged {
                return Err(format!(
                    "server {index} has shown {seen} commits when {acknowledged} had been acknowledged"
                ));
            }
        }
        Ok(())
    }

    /// Clients write and read, at every server that takes itself for the leader.
    fn send_requests(&mut self) {
        let latest = self.acknowledged.iter().map(|&(sequence, _)| sequence).max().unwrap_or_default();
        for index in 0..SERVERS {
            let server = &mut self.servers[index];
            if server.asleep_until > self.now || !server.member.is_leader() {
                continue;
            }
            if self.rng.one_in(3) {
                self.last_id += 1;
                let sequence = server.write(self.last_id);
                self.waiting.push((index, server.life, sequence, self.last_id));
            }
            let (seen, looked) = (server.state.len(), server.clock.read(self.now));
            server.reads.push(PendingRead { seen, acknowledged: latest, looked });
            let life = server.life;
            // The server looks at its lease when it has looked at its state, and may sleep in between.
            self.schedule(1, Happening::Looked { server: index, life });
        }
        let after = self.rng.within(MILLI..200 * MILLI);
        self.schedule(after, Happening::Client);
    }

    fn cause_fault(&mut self) {
        if self.now >= FAULTS_END {
            return;
        }
        let index = self.rng.below(SERVERS);
        let until = self.now + self.rng.within(0..8 * SECOND);
        match self.rng.below(if self.faults.of_servers { 6 } else { 1 }) {
            0 => {
                self.is_electing = true;
                let after = self.rng.within(SECOND..8 * SECOND);
                self.schedule(after, Happening::ElectionEnds);
            }
            1 => self.restart(index),
            // As a process that is stopped, or a machine that swaps.
            2 | 3 => self.servers[index].asleep_until = until,
            4 => self.servers[index].mute_until = until,
            _ => self.servers[index].deaf_until = until,
        }
        let after = self.rng.within(SECOND..6 * SECOND);
        self.schedule(after, Happening::Fault);
    }

    /// Starts a server anew, without anything of what it had.
    fn restart(&mut self, index: usize) {
        let life = self.servers[index].life + 1;
        self.servers[index] = self.fresh(index, life);
        let after = self.rng.within(MILLI..SECOND);
        self.schedule(after, Happening::Wake { server: index });
    }

    /// Reads the whole stream as a new standby does, and compares it with what servers and clients know.
    fn check_end(self) -> Result<Summary, String> {
        let mut history: Vec<u64> = Vec::new();
        let mut takeovers = 0;
        let mut position = Position::default();
        for (_, frame) in &self.stream.messages {
            let read = read_frame(frame, position, &Salt::new(SALT));
            let read = read.map_err(|reason| format!("the log breaks after {position:?}: {reason}"))?;
            position = read.position;
            match read.content {
                Content::Commits { payload, .. } => history.extend(ids(&payload)),
                Content::Takeover { .. } => takeovers += 1,
                Content::Genesis(_) | Content::Heartbeat => {}
            }
        }
        for &(sequence, id) in &self.acknowledged {
            if history.get(sequence - 1) != Some(&id) {
                return Err(format!("the acknowledged commit {sequence} is not in the log"));
            }
        }
        for (index, server) in self.servers.iter().enumerate() {
            if !history.starts_with(&server.state[..server.durable]) {
                return Err(format!("server {index} has another history than the log"));
            }
        }
        let last_acknowledged = self.acknowledged.last().map_or(0, |&(sequence, _)| sequence);
        let is_late = |&(_, _, sequence, _): &(usize, u32, usize, u64)| sequence <= last_acknowledged;
        let leaders = self.servers.iter().filter(|server| server.member.is_leader()).count();
        if leaders == 0 {
            return Err("nobody leads in the end, and nothing is wrong any more".to_owned());
        }
        if self.waiting.iter().filter(|waiting| waiting.1 == self.servers[waiting.0].life).any(is_late) {
            return Err("a commit before an acknowledged one is not acknowledged".to_owned());
        }
        if !self.faults.of_servers && (takeovers != 1 || self.depositions != 0) {
            return Err(format!("a healthy leader was deposed: {takeovers} takeovers"));
        }
        Ok(Summary { acknowledged: self.acknowledged.len(), takeovers })
    }
}
