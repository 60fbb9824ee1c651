//! A client of `--metrics-listen`.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::process::Process;
use crate::timeout::HANG_TIMEOUT;

/// The flags of a server with metrics.
pub const METRICS_FLAGS: [&str; 2] = ["--metrics-listen", "127.0.0.1:0"];

/// The endpoints of a server.
#[derive(Debug, Clone, Copy)]
pub struct Monitoring {
    pub address: SocketAddr,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    pub body: String,
}

/// The metrics of one moment.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub text: String,
    samples: BTreeMap<String, f64>,
}

impl Monitoring {
    /// That of a server with [`METRICS_FLAGS`], which logs its address.
    pub fn of(process: &Process) -> Self {
        const BEFORE: &str = "metrics are at http://";
        assert!(process.wait_for_stderr(|text| text.contains(BEFORE)), "{}", process.stderr());
        let stderr = process.stderr();
        let (_, after) = stderr.split_once(BEFORE).expect("it was found");
        let (address, _) = after.split_once("/metrics").expect("a whole line");
        Self { address: address.parse().expect("an address") }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(HANG_TIMEOUT)).expect("a socket");
        stream
    }

    pub fn get(&self, path: &str) -> HttpReply {
        self.ask(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes())
    }

    /// Sends these bytes, and reads until the server closes.
    pub fn ask(&self, request: &[u8]) -> HttpReply {
        self.try_ask(request).expect("a response")
    }

    /// As [`Self::ask`]. A server that has not read all of a request may reset the connection.
    pub fn try_ask(&self, request: &[u8]) -> io::Result<HttpReply> {
        let mut stream = self.connect();
        stream.write_all(request)?;
        HttpReply::read(&mut stream)
    }

    pub fn metrics(&self) -> Metrics {
        let reply = self.get("/metrics");
        assert_eq!(reply.status, 200, "{}", reply.body);
        Metrics::parse(reply.body)
    }
}

impl HttpReply {
    /// Reads until the server closes.
    pub fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { status, head: head.to_owned(), body: body.to_owned() })
    }
}

impl Metrics {
    fn parse(text: String) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        });
        let samples = samples.collect();
        Self { text, samples }
    }

    /// The value of a sample, by its name without `bookline_`, with its labels as they are written.
    pub fn get(&self, name: &str) -> f64 {
        let value = self.samples.get(&format!("bookline_{name}"));
        *value.unwrap_or_else(|| panic!("there is no {name}:\n{}", self.text))
    }

    /// The names of the metrics, as documentation and queries have them, in their order.
    pub fn names(&self) -> Vec<String> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let names = types.map(|(name, of_type)| match of_type {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        });
        names.collect()
    }
}
