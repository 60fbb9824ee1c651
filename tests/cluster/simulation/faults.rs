//! What goes wrong in a simulated cluster.

use super::clock::{MILLI, Micros, SECOND};
use super::happenings::Happening;
use super::link::Link;
use super::schedule::Faults;
use super::server::Server;
use super::stream::Side;
use super::world::{FAULTS_END, World};

/// How long after an election the next one comes, if a healthy leader is to survive both: in between it has
/// the time to append, also if an answer gets lost.
const ELECTION_AFTER: Micros = 3 * SECOND;

impl World {
    pub fn cause_fault(&mut self) {
        if self.now >= FAULTS_END {
            return;
        }
        let is_of_all = self.schedule.faults == Faults::OfAll;
        self.after(200 * MILLI..if is_of_all { 3 * SECOND } else { 6 * SECOND }, Happening::Fault);
        // Half of them happen to a leader, if there is one.
        let leader = self.servers.iter().position(Server::is_leader);
        let index =
            leader.filter(|_| self.rng.one_in(2)).unwrap_or_else(|| self.rng.below(self.servers.len()));
        match self.rng.below(if is_of_all { 10 } else { 2 }) {
            0 => self.isolate_leader_of_stream(),
            1 => {
                let behind = self.stream.messages.len().saturating_sub(self.rng.below(20));
                self.say(|| format!("a server of the stream is behind, with {behind} messages"));
                self.stream.behind = Some(behind);
                self.after(SECOND..5 * SECOND, Happening::CatchesUp);
            }
            2..5 => self.put_to_sleep(index),
            5 | 6 => {
                self.say(|| format!("server {index} crashes"));
                self.restart(index, 10 * MILLI..4 * SECOND);
            }
            _ => self.spoil_links(index),
        }
    }

    /// Somebody lets a leader resign. It may fall asleep as soon as its resignation is sent.
    pub fn resign(&mut self) {
        self.after(2 * SECOND..12 * SECOND, Happening::Resigns);
        let leader = self.servers.iter().position(Server::is_leader);
        let Some(index) = leader.filter(|_| self.now < FAULTS_END) else { return };
        if self.servers[index].asleep_until > self.now {
            return;
        }
        self.say(|| format!("server {index} is to resign"));
        if let Some(member) = &mut self.servers[index].member {
            member.resign();
        }
        if self.schedule.faults == Faults::OfAll && self.rng.one_in(3) {
            self.put_to_sleep(index);
        }
        self.step(index);
    }

    /// A server sleeps from now on, or when its next append is in flight.
    fn put_to_sleep(&mut self, index: usize) {
        let max = *self.rng.pick(&[SECOND, 8 * SECOND]);
        let time = self.rng.within(0..max);
        if self.rng.one_in(2) {
            self.servers[index].sleeps_next = Some(time);
        } else {
            self.sleep(index, time);
        }
    }

    /// As a process that is stopped, a machine that swaps, or one that is suspended.
    pub fn sleep(&mut self, index: usize, time: Micros) {
        let server = &mut self.servers[index];
        if self.now >= FAULTS_END || server.asleep_until > self.now {
            return;
        }
        let time = time.min(FAULTS_END - self.now);
        server.asleep_until = self.now + time;
        if !self.uses_lease {
            server.clock.stand_still(time);
        }
        self.say(|| format!("server {index} sleeps for {} ms", time / MILLI));
    }

    fn spoil_links(&mut self, index: usize) {
        let (to, from) = match self.rng.below(4) {
            0 => (*self.rng.pick(&Link::BAD), Link::Up),
            1 => (Link::Up, *self.rng.pick(&Link::BAD)),
            _ => {
                let link = *self.rng.pick(&Link::BAD);
                (link, link)
            }
        };
        (self.servers[index].to_stream, self.servers[index].from_stream) = (to, from);
        self.say(|| format!("the links of server {index} to and from the stream are {to:?} and {from:?}"));
        self.after(SECOND..6 * SECOND, Happening::LinkIsUp { server: index });
    }

    /// The leader of the stream is alone from now on, or dies at once.
    fn isolate_leader_of_stream(&mut self) {
        let is_of_all = self.schedule.faults == Faults::OfAll;
        let is_too_early = !is_of_all && self.now < self.stream_recovered + ELECTION_AFTER;
        if !self.stream.is_sound() || is_too_early {
            return;
        }
        if self.rng.one_in(3) {
            return self.elect(false);
        }
        self.say(|| "the leader of the stream is alone".to_owned());
        self.stream.isolate_leader();
        let max = if is_of_all { *self.rng.pick(&[SECOND, 8 * SECOND]) } else { SECOND };
        self.after(0..max, Happening::IsolationEnds);
    }

    /// The leader of the stream that is alone finds the others again, or they have elected another one.
    pub fn end_isolation(&mut self) {
        if self.now >= FAULTS_END {
            return;
        }
        if self.rng.one_in(4) {
            self.say(|| "the leader of the stream is not alone any more".to_owned());
            return self.recover_stream();
        }
        let is_alive = self.schedule.faults == Faults::OfAll && self.rng.one_in(2);
        self.elect(is_alive);
    }

    /// The servers of NATS elect another leader of the stream, while the last one goes on if it is alive.
    fn elect(&mut self, is_alive: bool) {
        self.stream.give_up_leader(is_alive, &mut self.rng);
        for index in 0..self.servers.len() {
            let is_near = is_alive && self.rng.one_in(2);
            self.sides[index] = if is_near { Side::GivenUp } else { Side::Majority };
        }
        let sides = &self.sides;
        self.transcript.say(self.now, || format!("the stream has no leader; requests go to {sides:?}"));
        let time: Micros = if self.rng.one_in(2) {
            self.rng.within(4 * SECOND..8 * SECOND)
        } else {
            self.rng.within(MILLI..2 * SECOND)
        };
        self.at(self.now + time, Happening::ElectionEnds);
        if is_alive {
            self.after(time..time + 5 * SECOND, Happening::GivenUpLeaderEnds);
        }
    }

    /// The stream has a leader and a majority, and stores what was proposed and not dropped.
    pub fn recover_stream(&mut self) {
        self.say(|| "the stream has a leader".to_owned());
        self.stream.recover();
        self.stream_recovered = self.now;
        for _ in 0..self.stream.proposals() {
            self.after(0..5 * MILLI, Happening::Stores);
        }
    }

    /// From now on everybody is alive and hears everybody.
    pub fn end_faults(&mut self) {
        self.say(|| "all faults are over".to_owned());
        self.recover_stream();
        self.stream.end_given_up_leader();
        self.stream.behind = None;
        for index in 0..self.servers.len() {
            let server = &mut self.servers[index];
            (server.to_stream, server.from_stream) = (Link::Up, Link::Up);
            self.start(index);
        }
        self.last_faulty_id = self.last_id;
    }
}
