//! The clients in `examples/` work against a real server.

use std::path::Path;
use std::process::Command;

use crate::support::real_server::RealServer;

#[path = "../../examples/client.rs"]
#[allow(dead_code, reason = "its main is not called here")]
mod client;

#[test]
fn python_client_books_and_is_refused() {
    let server = RealServer::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/client.py");
    let (host, port) = (server.addr.ip().to_string(), server.addr.port().to_string());
    let output = Command::new("python3").arg(script).args([host, port]).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, "2 tickets for Rust Conf, 1 left\nSOLD_OUT: 1 left\n");
}

#[test]
fn rust_client_books_and_is_refused() {
    let server = RealServer::start();
    let printed = client::run(&server.addr.to_string()).unwrap();
    let (first, refusal) = printed.split_once('\n').unwrap();
    assert_eq!(first, "2 tickets for Rust Conf, 1 left");
    assert!(refusal.starts_with("SOLD_OUT: event ") && refusal.ends_with("2 asked for, 1 left"), "{refusal}");
}
