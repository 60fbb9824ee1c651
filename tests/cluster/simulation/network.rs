//! Requests to the stream, and its answers, on their way.

use super::clock::{MILLI, SECOND};
use super::happenings::Happening;
use super::request::{Answer, Body, Request, RequestId};
use super::schedule::Faults;
use super::stream::AppendAnswer;
use super::world::{FAULTS_END, World};

impl World {
    /// Sends a request to the stream. It may be lost, doubled, or take long; and what was lost for the server
    /// may arrive after it has given up, as from a queue that waits for a connection.
    pub fn send(&mut self, index: usize, body: Body) -> RequestId {
        let request = self.requests.len();
        let is_faulty = self.now < FAULTS_END && self.schedule.faults == Faults::OfAll;
        let (answer_max, no_answer) = (body.answer_max(), body.no_answer());
        if let Body::Append(append) = &body {
            let (expected, id) = (append.expected.0, &append.id);
            self.transcript.say(self.now, || {
                format!("server {index} sends append {id} behind message {expected}, request {request}")
            });
        }
        self.requests.push(Request { server: index, life: self.servers[index].life, body });
        self.at(self.now + answer_max, Happening::Answered { request, answer: no_answer });
        let is_lost = is_faulty && self.rng.one_in(60);
        match self.servers[index].to_stream.delay(&mut self.rng).filter(|_| !is_lost) {
            Some(delay) => self.at(self.now + delay, Happening::Arrives { request }),
            None if self.rng.one_in(2) => self.after(answer_max..20 * SECOND, Happening::Arrives { request }),
            None => {}
        }
        if is_faulty && self.rng.one_in(50) {
            self.after(0..3 * SECOND, Happening::Arrives { request });
        }
        request
    }

    /// A request arrives at the stream, which answers, proposes an append, or has no leader.
    pub fn arrive(&mut self, request: RequestId) {
        let Request { server, body, .. } = &self.requests[request];
        let (server, side, body) = (*server, self.sides[*server], body.clone());
        let answer = match &body {
            Body::Read(sequence) => self.stream.read(side, *sequence, &mut self.rng).map(Answer::Read),
            Body::Append(append) => match self.stream.append(self.now, side, append, request) {
                AppendAnswer::Now(result) => {
                    self.say(|| format!("the stream says to request {request} of {server}: {result:?}"));
                    Some(Answer::Append(result))
                }
                AppendAnswer::Proposed => return self.after(MILLI..4 * MILLI, Happening::Stores),
                AppendAnswer::NoLeader => None,
            },
        };
        match answer {
            Some(answer) => self.answer(request, answer),
            // Nobody is there, and NATS says so, or not; or it comes when somebody is there again.
            None => match self.rng.below(3) {
                0 => self.answer(request, body.no_answer()),
                1 => self.after(0..8 * SECOND, Happening::Arrives { request }),
                _ => {}
            },
        }
    }

    /// Sends an answer to the server that waits for it. It may be lost, or come too late.
    pub fn answer(&mut self, request: RequestId, answer: Answer) {
        let Request { server, body, .. } = &self.requests[request];
        let late_max = match self.schedule.faults {
            Faults::OfAll => body.answer_max() * 3 / 2,
            // A leader whose answers get lost, time and again, is not healthy.
            Faults::OfStream => body.answer_max() / 2,
        };
        let Some(mut delay) = self.servers[*server].from_stream.delay(&mut self.rng) else { return };
        if self.now < FAULTS_END {
            if self.schedule.faults == Faults::OfAll && self.rng.one_in(60) {
                return;
            }
            if self.rng.one_in(20) {
                delay = self.rng.within(0..late_max);
            }
        }
        self.at(self.now + delay, Happening::Answered { request, answer });
    }

    /// The first answer to the request that a server waits for, or none in time.
    pub fn on_answer(&mut self, request: RequestId, answer: Answer) {
        let Request { server: index, life, .. } = self.requests[request];
        let server = &mut self.servers[index];
        if server.life != life || server.awaited != Some(request) {
            return;
        }
        server.awaited = None;
        let now = server.clock.read(self.now);
        let Some(member) = &mut server.member else { return };
        let event = match answer {
            Answer::Read(read) => member.on_read(now, read),
            Answer::Append(result) => member.on_append(now, result),
        };
        if let Some(event) = event {
            self.on_event(index, event);
        }
        self.reply(index);
        self.step(index);
    }
}
