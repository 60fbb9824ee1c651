//! The monitoring ports of NATS servers: what no client of NATS is told.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::NatsError;
use super::message_limits::MAX_PAYLOAD_MIN;

/// How long a monitoring port has for its answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// The most bytes of an answer. That of a busy server has some ten thousand.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// The monitoring port of a NATS server, as in `http://a:8222`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    host: Box<str>,
    port: u16,
}

/// What a NATS server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeReport {
    #[serde(rename = "server_name")]
    pub name: String,
    pub max_payload: usize,
    #[serde(default)]
    jetstream: JetStream,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct JetStream {
    #[serde(default)]
    config: JetStreamConfig,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct JetStreamConfig {
    /// It is left out if it is false.
    #[serde(default)]
    sync_always: bool,
}

impl NodeReport {
    /// Whether it syncs what it stores before it acknowledges it.
    pub fn syncs_always(&self) -> bool {
        self.jetstream.config.sync_always
    }

    /// Checks what the promises of a cluster rest on. A message may have `max_payload` bytes.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check(&self, monitor: &Monitor, max_payload: usize) -> Result<(), NatsError> {
        let (node, monitor) = (self.name.clone(), monitor.to_string());
        if !self.syncs_always() {
            return Err(NatsError::SyncsLate { node, monitor });
        }
        if self.max_payload < max_payload {
            return Err(NatsError::NodeMaxPayload { node, found: self.max_payload, wanted: max_payload });
        }
        Ok(())
    }
}

impl Monitor {
    /// Asks the NATS server for its `/varz`.
    ///
    /// # Errors
    ///
    /// Why there is no answer that can be read.
    pub async fn ask(&self) -> io::Result<NodeReport> {
        let answer = timeout(ANSWER_MAX, self.get_varz()).await;
        let answer = answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        parse(&answer)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "its answer is not that of NATS"))
    }

    /// A whole HTTP client would be much for one request: the port speaks HTTP/1.0, and ends its answer by
    /// closing the connection.
    async fn get_varz(&self) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((&*self.host, self.port)).await?;
        let request = format!("GET /varz HTTP/1.0\r\nHost: {}:{}\r\n\r\n", self.host, self.port);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

/// Asks all of them at the same time, and returns their answers in the same order.
pub async fn ask_all(monitors: &[Monitor]) -> Vec<io::Result<NodeReport>> {
    let asked: Vec<_> = monitors
        .iter()
        .map(|monitor| {
            let monitor = monitor.clone();
            tokio::spawn(async move { monitor.ask().await })
        })
        .collect();
    let mut answers = Vec::with_capacity(asked.len());
    for asked in asked {
        answers.push(asked.await.unwrap_or_else(|error| Err(io::Error::other(error))));
    }
    answers
}

/// Checks the NATS servers that answer, and returns the smallest `max_payload` of them. A member has to be
/// able to start while one of them is down.
///
/// # Errors
///
/// What is wrong with one that answers.
pub(super) async fn check_answering(monitors: &[Monitor]) -> Result<Option<usize>, NatsError> {
    let mut smallest: Option<usize> = None;
    for (monitor, answer) in monitors.iter().zip(ask_all(monitors).await) {
        let Ok(node) = answer else { continue };
        node.check(monitor, MAX_PAYLOAD_MIN)?;
        smallest = Some(smallest.map_or(node.max_payload, |smallest| smallest.min(node.max_payload)));
    }
    Ok(smallest)
}

fn parse(answer: &[u8]) -> Option<NodeReport> {
    let answer = str::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.lines().next()?.split(' ').nth(1)?;
    if status == "200" { serde_json::from_str(body).ok() } else { None }
}

impl fmt::Display for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl FromStr for Monitor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("{text:?} is no address of a monitoring port, as in http://a:8222");
        let address = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
        match port.parse() {
            Ok(port) if is_host => Ok(Self { host: host.into(), port }),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_with_ports() {
        for (text, written) in [
            ("http://a:8222", "http://a:8222"),
            ("a.example:80/", "http://a.example:80"),
            ("[::1]:8222", "http://::1:8222"),
        ] {
            assert_eq!(text.parse::<Monitor>().map(|monitor| monitor.to_string()), Ok(written.into()));
        }
        for invalid in ["", "a", "http://a", "https://a:8222", "http://a:x", "a:70000", "a/b:1", ":8222"] {
            assert!(invalid.parse::<Monitor>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn node_that_does_not_say_that_it_syncs_does_not() {
        let monitor: Monitor = "a:8222".parse().expect("an address");
        let check = |body: &str| {
            let node = parse(format!("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{body}").as_bytes()).expect("an answer");
            node.check(&monitor, MAX_PAYLOAD_MIN).map_err(|error| error.to_string())
        };
        let syncs = r#""jetstream":{"config":{"sync_interval":120000000000,"sync_always":true}}"#;
        assert_eq!(check(&format!(r#"{{"server_name":"n0","max_payload":1048576,{syncs}}}"#)), Ok(()));
        for late in [r#"{"config":{"sync_interval":120000000000}}"#, "{}"] {
            let body = format!(r#"{{"server_name":"n0","max_payload":1048576,"jetstream":{late}}}"#);
            let error = check(&body).expect_err("it does not sync");
            assert!(error.contains("n0") && error.contains("sync_interval: always"), "{error}");
        }
        let small = check(&format!(r#"{{"server_name":"n0","max_payload":65536,{syncs}}}"#));
        assert!(small.is_err_and(|error| error.contains("65536")));
        for answer in ["", "HTTP/1.0 404 Not Found\r\n\r\n{}", "HTTP/1.0 200 OK\r\n\r\nhello"] {
            assert_eq!(parse(answer.as_bytes()), None, "{answer}");
        }
    }
}
