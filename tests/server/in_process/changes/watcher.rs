//! A watcher that is cut and goes on.

use bookline_testkit::in_process::Server;
use bookline_testkit::{AsyncConn, ChangeLine, Reply};
use serde_json::Value;

/// What one client was shown, over several connections.
#[derive(Debug)]
pub struct Watcher {
    what: &'static [&'static str],
    with_secrets: bool,
    conn: Option<AsyncConn>,
    /// The sequence number of the last line that had `end`.
    pub place: u64,
    /// The lines of complete commits after this one are shown.
    pub since: u64,
    /// Those lines.
    pub lines: Vec<ChangeLine>,
    /// The lines after the last that had `end`.
    open: Vec<ChangeLine>,
}

impl Watcher {
    pub fn new(what: &'static [&'static str], with_secrets: bool) -> Self {
        Self { what, with_secrets, conn: None, place: 0, since: 0, lines: Vec::new(), open: Vec::new() }
    }

    pub fn is_connected(&self) -> bool {
        self.conn.is_some()
    }

    /// Ends the connection. What came after the last line with `end` is dropped.
    pub fn cut(&mut self) {
        self.conn = None;
        self.open.clear();
    }

    /// Goes on with the commits after its place, and returns whether the log has them. The reply is `GONE`
    /// otherwise.
    pub async fn resume(&mut self, server: &Server) -> Result<bool, String> {
        let since = format!(" since={}", self.place);
        let mut conn = server.connect().await;
        let reply = self.watch(&mut conn, &since).await;
        if reply.code.as_deref() == Some("GONE") {
            let oldest = reply.body["oldest"].as_u64().ok_or("no oldest")?;
            return if oldest > self.place {
                Ok(false)
            } else {
                Err(format!("{} was {reply:?}", self.place))
            };
        }
        if !reply.is_ok() || reply.body["sequence"] != self.place {
            return Err(format!("{} {since}: {}", self.what.join(" "), reply.line));
        }
        self.conn = Some(conn);
        Ok(true)
    }

    /// Begins anew, with the commits after those that are gone.
    pub async fn begin_anew(&mut self, server: &Server) {
        let mut conn = server.connect().await;
        let reply = self.watch(&mut conn, "").await;
        self.place = reply.ok()["sequence"].as_u64().expect("a sequence");
        (self.since, self.conn) = (self.place, Some(conn));
        self.lines.clear();
    }

    async fn watch(&self, conn: &mut AsyncConn, since: &str) -> Reply {
        let secrets = if self.with_secrets { " tickets=yes" } else { "" };
        conn.ask(&format!("WATCH {}{since}{secrets}", self.what.join(" "))).await
    }

    /// Reads a line, and returns whether there was one before the end of the connection.
    pub async fn read(&mut self) -> Result<bool, String> {
        let conn = self.conn.as_mut().expect("a connection");
        let Some(change) = conn.change().await else {
            self.cut();
            return Ok(false);
        };
        if change.sequence < self.place
            || self.open.last().is_some_and(|open| open.sequence != change.sequence)
        {
            return Err(format!("{change:?} after {} and {:?}", self.place, self.open));
        }
        match change.kind() {
            "progress" if self.open.is_empty() => self.place = change.sequence,
            "progress" | "gap" => return Err(format!("{change:?} after {}", self.place)),
            _ if change.sequence == self.place => return Err(format!("{change:?} after its end")),
            _ => {
                let (is_end, sequence) = (change.is_end(), change.sequence);
                self.open.push(change);
                if is_end {
                    self.place = sequence;
                    self.lines.append(&mut self.open);
                }
            }
        }
        Ok(true)
    }

    /// Reads up to the line that says that the event of markers has so many tickets.
    pub async fn read_until(&mut self, marker: u64) -> Result<(), String> {
        while !self.has_read(marker) {
            if !self.read().await? {
                return Err(format!("{} was closed after {}", self.what.join(" "), self.place));
            }
        }
        Ok(())
    }

    /// The error says that the marker was not shown.
    pub fn check_marker(&self, marker: u64) -> Result<(), String> {
        let missing = || format!("marker {marker} was not shown, only up to {}", self.place);
        if self.has_read(marker) { Ok(()) } else { Err(missing()) }
    }

    fn has_read(&self, marker: u64) -> bool {
        let markers = self.lines.iter().rev().filter(|line| line.body["event_id"] == "marker");
        markers.map(|line| &line.body["total_tickets"]).next().is_some_and(|tickets| *tickets == marker)
    }

    /// The number of lines of those that all changes have, which it is to be shown after its place.
    pub fn outstanding(&self, all: &[ChangeLine]) -> usize {
        all.iter().filter(|line| line.sequence > self.place && self.watches(&line.body)).count()
    }

    /// Compares what it was shown with all changes.
    pub fn check(&self, all: &[ChangeLine]) -> Result<(), String> {
        let expected: Vec<&ChangeLine> =
            all.iter().filter(|line| line.sequence > self.since && self.watches(&line.body)).collect();
        let name = self.what.join(" ");
        for (at, line) in self.lines.iter().enumerate() {
            let Some(wanted) = expected.get(at) else { return Err(format!("{name} was shown {line:?}")) };
            let is_last = expected.get(at + 1).is_none_or(|next| next.sequence != wanted.sequence);
            let body = self.shown(&wanted.body, is_last);
            if line.sequence != wanted.sequence || line.body != body {
                return Err(format!("{name} was shown {line:?} instead of {} {body}", wanted.sequence));
            }
        }
        match expected.get(self.lines.len()) {
            Some(missing) => Err(format!("{name} was not shown {missing:?}, only up to {}", self.place)),
            None => Ok(()),
        }
    }

    fn watches(&self, change: &Value) -> bool {
        self.what.iter().any(|what| {
            let is_event = change.get("event_id").is_some();
            match what.split_once(':') {
                Some(("event", id)) => change["event_id"] == id,
                Some((_, id)) => ["people", "removed"]
                    .iter()
                    .filter_map(|field| change[field].as_array())
                    .any(|people| people.iter().any(|person| person == id)),
                None => *what == "all" || is_event == (*what == "events"),
            }
        })
    }

    fn shown(&self, change: &Value, is_last: bool) -> Value {
        let mut shown = change.clone();
        let fields = shown.as_object_mut().expect("an object");
        let secrets = ["hold", "holds", "tickets", "ticket", "for"];
        fields.retain(|name, _| name != "end" && (self.with_secrets || !secrets.contains(&name.as_str())));
        if is_last {
            fields.insert("end".to_owned(), Value::Bool(true));
        }
        shown
    }
}
