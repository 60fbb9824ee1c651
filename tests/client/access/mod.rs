//! Who the client is, and whom it trusts: accounts, TLS, Unix sockets.

mod bench;
mod prompt;
mod real_server;
mod secrets;
mod tls;
mod unix;

use crate::support::fake_server::Peer;

/// A password that needs quotes. It must be found nowhere but in an AUTH.
const SECRET: &str = "correct horse battery";

/// The AUTH with it.
const AUTH: &str = "AUTH anna \"correct horse battery\"\n";

const ANNA: &str = "OK {\"account\":\"anna\",\"role\":\"seller\"}\n";

/// The reply to HELLO before AUTH.
const HELLO_REQUIRED: &str =
    "OK {\"server\":\"bookline\",\"protocol\":1,\"max_line\":4096,\"auth\":\"required\"}\n";

/// The reply to HELLO of an account.
const HELLO_DONE: &str = concat!(
    r#"OK {"server":"bookline","version":"9.8.7","protocol":1,"#,
    r#""welcome":"Welcome to the ticket reservation system","max_line":65536,"#,
    r#""time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00","auth":"done"}"#,
    "\n"
);

/// Answers the beginning of a connection of anna.
fn greet(peer: &mut Peer) {
    peer.expect("HELLO\n", HELLO_REQUIRED);
    peer.expect(AUTH, ANNA);
    peer.expect("HELLO\n", HELLO_DONE);
}
