//! `bookline bench`.

mod failover;
mod faults;
mod faulty_server;
mod measure;
mod retry;

use serde_json::Value;

use crate::support::client::Exited;

/// The JSON object on standard output.
#[track_caller]
fn parse_report(client: &Exited) -> Value {
    assert_eq!(client.stdout.lines().count(), 1, "{client:?}");
    serde_json::from_str(&client.stdout).unwrap_or_else(|error| panic!("{error}: {client:?}"))
}

fn number(report: &Value, path: &str) -> u64 {
    report.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number at {path} in {report}"))
}
