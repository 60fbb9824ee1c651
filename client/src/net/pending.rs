//! Requests whose replies are not printed yet.

use std::collections::VecDeque;

use bookline_protocol::ParsedLine;

use crate::login::{AuthLine, Login, may_have_secret};
use crate::net::keys::{self, KeyedVerbs};
use crate::net::line_kind::LineKind;
use crate::net::line_splitter::TypedLine;
use crate::net::request_tracker::Pace;
use crate::net::retry::Retry;
use crate::net::sent_lines::SentLine;
use crate::render::listing::Listing;

/// Bytes of requests without a printed reply, beyond which no further input is taken: some 1,000 requests,
/// enough that a script does not wait for round trips, and few enough to name those that stay in doubt.
const PENDING_BYTES_MAX: usize = 64 * 1024;

/// Whether a request may be sent again after its reply was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// It is a change without a key, and may get one.
    Undecided,
    /// It has a key, or changes nothing.
    Safe,
    /// It might happen twice.
    Unsafe,
}

/// A line whose reply is not printed.
#[derive(Debug)]
pub struct PendingRequest {
    /// The line without its end, with its key.
    line: Vec<u8>,
    /// The number of the line, from 1.
    number: u64,
    /// The length of what was typed, before a key of the client's own.
    typed: usize,
    end: &'static [u8],
    kind: LineKind,
    repeat: Repeat,
    /// Whether it is sent only while no other reply is due, and nothing is sent behind it.
    goes_alone: bool,
    /// An earlier try may have been executed, and its reply was not printed.
    in_doubt: bool,
    /// It was typed before the command that is executed now.
    is_earlier: bool,
}

impl PendingRequest {
    fn of(line: &TypedLine<'_>, retry: Retry) -> Self {
        let kind = LineKind::of(line);
        let has_secret = may_have_secret(line.text);
        let repeat = match kind {
            // A connection as another account gives other replies, and a secret is sent only on demand.
            _ if has_secret => Repeat::Unsafe,
            LineKind::Silent
            | LineKind::Auth
            | LineKind::Read(_)
            | LineKind::Quit
            | LineKind::KeyedChange => Repeat::Safe,
            LineKind::Change if retry.attaches_keys() => Repeat::Undecided,
            // A later server may know a line that this version does not, and make a change.
            LineKind::Change | LineKind::Invalid => Repeat::Unsafe,
        };
        // Pasted lines are sent at once, mistyped ones as well. What follows an AUTH is that account's.
        let is_mistyped = kind == LineKind::Invalid && !has_secret;
        let goes_alone = repeat == Repeat::Unsafe && !(is_mistyped && retry.is_at_prompt());
        let (typed, end) = (line.text.len(), line.end);
        let (text, number) = (line.text.to_vec(), line.number);
        let (in_doubt, is_earlier) = (false, false);
        Self { line: text, number, typed, end, kind, repeat, goes_alone, in_doubt, is_earlier }
    }

    /// The line as it is sent, without its end.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The line as it was typed, without a key of the client's own.
    pub fn typed_line(&self) -> &[u8] {
        &self.line[..self.typed]
    }

    /// The line as it is shown, with its key.
    pub fn shown_line(&self) -> String {
        String::from_utf8_lossy(&self.line).into_owned()
    }

    /// Whether it was typed before the command that is executed now.
    pub fn is_earlier(&self) -> bool {
        self.is_earlier
    }

    /// What was typed, if that was before the command that is executed now.
    pub fn earlier_line(&self) -> Option<&[u8]> {
        self.is_earlier.then_some(self.typed_line())
    }

    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    pub fn is_quit(&self) -> bool {
        self.kind == LineKind::Quit
    }

    /// The account that this line proves, if it is a complete AUTH.
    pub fn login(&self) -> Option<Login> {
        if self.kind != LineKind::Auth {
            return None;
        }
        match std::str::from_utf8(self.typed_line()).ok().and_then(AuthLine::parse) {
            Some(AuthLine::Login(login)) => Some(login),
            _ => None,
        }
    }

    /// Whether the client has given it a key.
    pub fn has_own_key(&self) -> bool {
        self.line.len() > self.typed
    }

    /// The line as it was typed, for messages.
    pub fn sent_line(&self) -> SentLine<'_> {
        SentLine { number: self.number, text: &self.line[..self.typed], is_cut: false }
    }

    /// What the request lists, if it does.
    pub fn listing(&self) -> Option<Listing> {
        self.kind.listing()
    }

    /// Gives a change a key, if it may have one.
    fn decide(&mut self, verbs: &KeyedVerbs) {
        let may_have_key = match bookline_protocol::parse(&self.line, &mut Vec::new()) {
            ParsedLine::Request(request) => verbs.admit(&request),
            _ => false,
        };
        match may_have_key.then(|| keys::attach(&self.line, &keys::draw())).flatten() {
            Some(line) => (self.line, self.repeat) = (line, Repeat::Safe),
            None => (self.repeat, self.goes_alone) = (Repeat::Unsafe, true),
        }
    }
}

/// The lines whose replies are not printed, in order. The first `sent` of them are sent on this connection.
///
/// A request that must not be repeated goes alone, so that those before and behind it can be sent again.
#[derive(Debug)]
pub struct PendingRequests {
    requests: VecDeque<PendingRequest>,
    pace: Pace,
    sent: usize,
    /// Replies that are still to come on this connection.
    replies_due: usize,
    bytes: usize,
    /// Whether a QUIT is among them.
    has_quit_pending: bool,
}

/// What to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextLine {
    /// Nothing for now.
    Wait,
    /// Nothing until the verbs are known with which the server takes keys.
    AskForVerbs,
    /// This was appended to what is sent.
    Appended,
}

impl PendingRequests {
    /// Begins with changes of earlier commands, whose outcome is unknown.
    pub fn after_doubt(in_doubt: Vec<PendingRequest>, pace: Pace) -> Self {
        let bytes = in_doubt.iter().map(|request| request.line.len()).sum();
        let (sent, replies_due, has_quit_pending) = (0, 0, false);
        Self { requests: in_doubt.into(), pace, sent, replies_due, bytes, has_quit_pending }
    }

    /// Takes the changes that were sent, have no reply, and can be asked for again.
    pub fn take_in_doubt(&mut self) -> Vec<PendingRequest> {
        let sent = self.sent;
        let requests = std::mem::take(&mut self.requests);
        let is_sent = |(at, request): &(usize, PendingRequest)| *at < sent || request.in_doubt;
        let can_ask = |request: &PendingRequest| request.kind.changes() && request.repeat == Repeat::Safe;
        let kept = requests.into_iter().enumerate().filter(is_sent).map(|(_, request)| request);
        kept.filter(can_ask)
            .map(|request| PendingRequest { in_doubt: true, is_earlier: true, ..request })
            .collect()
    }

    /// Whether further input is taken. What follows a QUIT waits for its reply.
    pub fn has_room(&self) -> bool {
        match self.pace {
            Pace::Pipelined => self.bytes < PENDING_BYTES_MAX && !self.has_quit_pending,
            Pace::OneByOne => self.requests.is_empty(),
        }
    }

    pub fn push(&mut self, line: &TypedLine<'_>, retry: Retry) {
        let request = PendingRequest::of(line, retry);
        self.bytes += request.line.len();
        self.has_quit_pending |= request.is_quit();
        self.requests.push_back(request);
    }

    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Replies that are still to come on this connection.
    pub fn replies_due(&self) -> usize {
        self.replies_due
    }

    /// The request whose reply is printed next.
    pub fn first(&self) -> Option<&PendingRequest> {
        self.requests.front()
    }

    /// Appends the next line to `out`. A request that is tried again goes alone, so that a server in trouble
    /// does not get all of them again and again.
    pub fn send_next(
        &mut self,
        out: &mut Vec<u8>,
        is_tried_again: bool,
        verbs: Option<&KeyedVerbs>,
    ) -> NextLine {
        let first_goes_alone = self.requests.front().is_some_and(|first| first.goes_alone);
        let is_idle = self.replies_due == 0;
        if !is_idle && (first_goes_alone || is_tried_again) {
            return NextLine::Wait;
        }
        let Some(request) = self.requests.get_mut(self.sent) else { return NextLine::Wait };
        if request.repeat == Repeat::Undecided {
            let Some(verbs) = verbs else {
                return if is_idle { NextLine::AskForVerbs } else { NextLine::Wait };
            };
            let typed = request.line.len();
            request.decide(verbs);
            self.bytes += request.line.len() - typed;
        }
        if request.goes_alone && !is_idle {
            return NextLine::Wait;
        }
        out.extend_from_slice(&request.line);
        out.extend_from_slice(request.end);
        if request.kind == LineKind::Silent {
            let silent = self.requests.remove(self.sent);
            self.bytes -= silent.map_or(0, |silent| silent.line.len());
        } else {
            self.sent += 1;
            self.replies_due += 1;
        }
        NextLine::Appended
    }

    /// Removes the first request, whose reply is printed.
    pub fn on_printed(&mut self) {
        if let Some(printed) = self.requests.pop_front() {
            self.bytes -= printed.line.len();
            self.has_quit_pending &= !printed.is_quit();
            self.sent = self.sent.saturating_sub(1);
            self.replies_due = self.replies_due.saturating_sub(1);
        }
    }

    /// Takes a reply that is dropped. It is the refusal of the first request, or the reply to one behind it,
    /// which is sent again.
    pub fn on_dropped(&mut self) {
        self.replies_due = self.replies_due.saturating_sub(1);
    }

    /// Whether what was sent may be sent again after a lost connection.
    pub fn may_repeat(&self) -> bool {
        self.requests.iter().take(self.sent).all(|request| request.repeat == Repeat::Safe)
    }

    /// Whether what was sent behind the first request, which was refused, may be sent again.
    pub fn may_repeat_behind_first(&self) -> bool {
        self.requests.iter().take(self.sent).skip(1).all(|request| request.repeat == Repeat::Safe)
    }

    /// Sends all requests again from the first one on, which was refused and changed nothing.
    pub fn rewind_after_refusal(&mut self) {
        self.requests.iter_mut().take(self.sent).skip(1).for_each(|request| request.in_doubt = true);
        (self.sent, self.replies_due) = (0, 0);
    }

    /// Sends all requests again from the first one on. The connection was lost.
    pub fn rewind_after_loss(&mut self) {
        self.requests.iter_mut().take(self.sent).for_each(|request| request.in_doubt = true);
        (self.sent, self.replies_due) = (0, 0);
    }

    /// Takes away the key that the client gave to the first request. The server has refused it for the key.
    pub fn remove_own_key(&mut self) {
        if let Some(first) = self.requests.front_mut() {
            self.bytes -= first.line.len() - first.typed;
            first.line.truncate(first.typed);
            (first.repeat, first.goes_alone) = (Repeat::Unsafe, true);
        }
    }

    /// Requests that were sent, and whose replies are not printed.
    pub fn unanswered(&self) -> impl Iterator<Item = &PendingRequest> {
        let is_sent = |(at, request): &(usize, &PendingRequest)| *at < self.sent || request.in_doubt;
        self.requests.iter().enumerate().filter(is_sent).map(|(_, request)| request)
    }

    /// Those of them that may have changed something.
    pub fn changes_unanswered(&self) -> impl Iterator<Item = &PendingRequest> {
        self.unanswered().filter(|request| request.kind.changes())
    }

    /// Those of them that can be sent again to find out.
    pub fn keyed_unanswered(&self) -> impl Iterator<Item = &PendingRequest> {
        self.changes_unanswered().filter(|request| request.repeat == Repeat::Safe)
    }
}
