//! Connections over TLS, and what else arrives at a port that speaks it.
//!
//! Catches: requests that are executed without TLS, replies that are lost at a half-close, at a stop or in a
//! refusal, an end that the client cannot tell from a cut, a bad certificate that is accepted.

use std::io::{ErrorKind, Write};

use bookline_testkit::certificates::{Authority, Certificate};
use bookline_testkit::process::{Home, Server};
use bookline_testkit::{Conn, HANG_TIMEOUT, TlsClient};
use rustix::process::Signal;

/// A server with a plain address, and one with TLS and this certificate.
fn server(certificate: &Certificate, flags: &[&str]) -> Server {
    let tls = ["--tls-listen", "127.0.0.1:0"];
    Server::fresh_with(&[&certificate.server_flags()[..], &tls, flags].concat())
}

#[test]
fn requests_are_served_over_both_versions_of_tls_and_beside_it() {
    let authority = Authority::new();
    let server = server(&authority.server(&["localhost", "127.0.0.1"]), &[]);
    server.connect().ask("CREATE x 2026-12-31 100 id=x").ok();
    let clients = [TlsClient::trusting(&authority), TlsClient::of_tls_1_2(&authority)];
    for (client, host) in clients.iter().zip(["localhost", "127.0.0.1"]) {
        let mut conn = client.open(server.tls_addr(), host);
        let replies = conn.ask_all(&["BOOK x 10"; 4]);
        assert!(replies.iter().all(|reply| reply.tickets().len() == 10));
        conn.ask("QUIT").ok();
        conn.expect_end();
    }
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 20);
}

/// Without `--tls-listen`, the only address speaks TLS.
#[test]
fn listen_speaks_tls_by_itself() {
    let authority = Authority::new();
    let server = Server::fresh_with(&authority.server(&["localhost"]).server_flags());
    TlsClient::trusting(&authority).open(server.addr(), "localhost").ask("PING").ok();
    server.connect().ask("PING").err("BAD_REQUEST");
}

#[test]
fn large_lines_and_replies_pass_through_tls() {
    let authority = Authority::new();
    let server = server(&authority.server(&["localhost"]), &[]);
    let mut conn = TlsClient::trusting(&authority).open(server.tls_addr(), "localhost");
    let line = format!("PING {}", "x".repeat(60_000));
    assert_eq!(conn.ask(&line).code, server.connect().ask(&line).code);
    conn.ask("CREATE x 2026-12-31 30000 id=x").ok();
    for _ in 0..3 {
        assert_eq!(conn.ask("BOOK x 10000").tickets().len(), 10_000);
    }
    assert_eq!(
        conn.ask("TICKETS x ids=yes").rows.len(),
        server.connect().ask("TICKETS x ids=yes").rows.len()
    );
}

#[test]
fn clients_refuse_a_certificate_that_is_expired_or_of_another_host() {
    let authority = Authority::new();
    let client = TlsClient::trusting(&authority);
    for (certificate, reason) in [
        (authority.expired_server(&["localhost"]), "expired"),
        (authority.server(&["elsewhere.example"]), "not valid for name"),
        (Authority::new().server(&["localhost"]), "UnknownIssuer"),
    ] {
        let server = server(&certificate, &[]);
        let refusal = client.try_open(server.tls_addr(), "localhost").err().expect("a bad certificate");
        assert!(refusal.to_string().contains(reason), "{refusal}");
        server.connect().ask("PING").ok();
        assert!(!server.stderr().contains("WARN"), "{}", server.stderr());
    }
}

#[test]
fn client_certificates_are_optional_and_bad_ones_end_the_handshake() {
    let (authority, other) = (Authority::new(), Authority::new());
    let trusted = authority.file.to_str().unwrap();
    let server = server(&authority.server(&["localhost"]), &["--tls-client-ca", trusted]);
    let open = |client: TlsClient| client.try_open(server.tls_addr(), "localhost");
    for client in
        [TlsClient::trusting(&authority), TlsClient::with_certificate(&authority, &authority.client("anna"))]
    {
        open(client).expect("a handshake").ask("PING").ok();
    }
    for (own, reason) in
        [(other.client("anna"), "UnknownCA"), (authority.expired_client("anna"), "CertificateExpired")]
    {
        // With TLS 1.3, a client is done before the server has looked at its certificate.
        let refusal = open(TlsClient::with_certificate(&authority, &own)).and_then(|mut conn| {
            conn.try_send_bytes(b"PING\n")?;
            conn.try_reply()
        });
        let refusal = refusal.expect_err("a bad certificate");
        assert!(refusal.to_string().contains(reason), "{refusal}");
    }
    open(TlsClient::trusting(&authority)).expect("a handshake").ask("PING").ok();
}

#[test]
fn what_is_not_tls_is_told_so_and_never_executed() {
    let authority = Authority::new();
    let server = server(&authority.server(&["localhost"]), &[]);
    server.connect().ask("CREATE x 2026-12-31 5 id=x").ok();
    for opening in [
        &b"BOOK x 1\nBOOK x 1\n"[..],
        b"\nBOOK x 1\n",
        b"\xff\xfb\x18BOOK x 1\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nBOOK x 1\r\n",
        b"\x80\x2e\x01\x03\x01\nBOOK x 1\n",
        b"\0\nBOOK x 1\n",
    ] {
        let mut conn = Conn::open(server.tls_addr());
        conn.send_bytes(opening);
        let refused = conn.reply();
        assert_eq!(
            refused.err("BAD_REQUEST")["message"],
            "this port speaks TLS and got something else, and it closes now: connect with bookline --tls"
        );
        conn.expect_end();
    }
    // A record that is no handshake, behind its first byte.
    let mut conn = Conn::open(server.tls_addr());
    conn.send_bytes(b"\x16\nBOOK x 1\nBOOK x 1\nBOOK x 1\n");
    conn.rest_bytes();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 5);
}

#[test]
fn http_within_tls_is_refused_as_http() {
    let authority = Authority::new();
    let server = server(&authority.server(&["localhost"]), &[]);
    server.connect().ask("CREATE x 2026-12-31 5 id=x").ok();
    let mut conn = TlsClient::trusting(&authority).open(server.tls_addr(), "localhost");
    conn.send_bytes("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nBOOK x 1\r\n");
    let refused = conn.reply();
    assert!(refused.err("BAD_REQUEST")["message"].as_str().unwrap().contains("does not speak HTTP"));
    conn.expect_end();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 5);
}

#[test]
fn tls_at_a_port_without_it_is_told_so() {
    let authority = Authority::new();
    let server = server(&authority.server(&["localhost"]), &[]);
    let refused = TlsClient::trusting(&authority).try_open(server.addr(), "localhost");
    assert_eq!(refused.err().expect("no TLS").kind(), ErrorKind::InvalidData);
    let mut conn = server.connect();
    conn.send_bytes(b"\x16\x03\x01");
    let message = conn.reply().err("BAD_REQUEST")["message"].to_string();
    assert!(message.contains("does not speak TLS") && message.contains("--tls-listen"), "{message}");
}

#[test]
fn replies_arrive_after_a_half_close() {
    let authority = Authority::new();
    let server = server(&authority.server(&["localhost"]), &[]);
    let mut conn = TlsClient::trusting(&authority).open(server.tls_addr(), "localhost");
    conn.ask("CREATE x 2026-12-31 1000 id=x").ok();
    conn.send_bytes("BOOK x 1\n".repeat(500) + "BOOK x");
    conn.half_close();
    for _ in 0..500 {
        conn.reply().ok();
    }
    conn.reply().err("INCOMPLETE");
    conn.expect_end();
}

/// Many clients of TLS close the socket and say nothing before.
#[test]
fn client_that_closes_without_notice_does_no_harm() {
    let authority = Authority::new();
    let mut server = server(&authority.server(&["localhost"]), &[]);
    let client = TlsClient::trusting(&authority);
    for _ in 0..20 {
        let mut conn = client.open(server.tls_addr(), "localhost");
        conn.ask("PING").ok();
        conn.send("PING");
    }
    let mut conn = client.open(server.tls_addr(), "localhost");
    conn.ask_until("STATS", |stats| stats.number("connections") == 1);
    // What is no record ends the connection, too.
    conn.tcp().write_all(b"PING\nPING\n").expect("an open connection");
    assert!(conn.try_reply().is_err());
    assert!(server.stop().success());
    assert!(!server.stderr().contains("WARN"), "{}", server.stderr());
}

#[test]
fn connection_above_the_limit_is_told_so_over_tls() {
    let authority = Authority::new();
    let server = server(&authority.server(&["localhost"]), &["--max-connections", "1"]);
    let mut first = server.connect();
    first.ask("PING").ok();
    let mut refused = TlsClient::trusting(&authority).open(server.tls_addr(), "localhost");
    refused.reply().err("BUSY");
    refused.expect_end();
    let mut plain = Conn::open(server.tls_addr());
    plain.send("PING");
    plain.reply().err("BUSY");
    first.ask("PING").ok();
}

#[test]
fn stop_sends_the_last_replies_and_says_that_it_is_the_end() {
    let authority = Authority::new();
    let mut server = server(&authority.server(&["localhost"]), &[]);
    let client = TlsClient::trusting(&authority);
    let mut conn = client.open(server.tls_addr(), "localhost");
    conn.ask("CREATE x 2026-12-31 10000 id=x").ok();
    let mut idle = client.open(server.tls_addr(), "localhost");
    idle.ask("PING").ok();
    // It has said nothing, and does not delay the stop.
    let _silent = Conn::open(server.tls_addr());
    conn.send_bytes("BOOK x 1\n".repeat(2_000));
    conn.reply().ok();
    server.signal(Signal::TERM);
    for n in 1..2_000 {
        assert!(conn.try_reply().unwrap_or_else(|error| panic!("reply {n}: {error}")).is_ok());
    }
    conn.expect_end();
    idle.expect_end();
    let status = server.process().wait(HANG_TIMEOUT).expect("it ends");
    assert!(status.success(), "{}", server.stderr());
    assert!(!server.stderr().contains("did not read their last replies"), "{}", server.stderr());
}

#[test]
fn what_was_acknowledged_over_tls_is_there_after_kill_9() {
    let authority = Authority::new();
    let mut server = server(&authority.server(&["localhost"]), &[]);
    let client = TlsClient::trusting(&authority);
    let mut conn = client.open(server.tls_addr(), "localhost");
    conn.ask("CREATE x 2026-12-31 1000 id=x").ok();
    conn.send_bytes("BOOK x 1\n".repeat(200));
    for _ in 0..100 {
        conn.reply().ok();
    }
    server.kill9();
    let more = std::iter::from_fn(|| conn.try_reply().ok()).filter(bookline_testkit::Reply::is_ok).count();
    server.start_again();
    let left = client.open(server.tls_addr(), "localhost").ask("GET x").number("available_tickets");
    assert!(left <= 900 - more as u64 && left >= 800, "{left} are left, and {more} more were acknowledged");
}

#[test]
fn files_that_cannot_be_used_are_named_and_the_server_does_not_start() {
    let authority = Authority::new();
    let (own, other) = (authority.server(&["localhost"]), authority.server(&["elsewhere.example"]));
    let home = Home::new();
    let empty = home.file("empty.pem", "");
    let broken =
        home.file("broken.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    let missing = home.data().join("missing.pem");
    for (certificate, key, authority, message) in [
        (&missing, &own.key, None, format!("reading {}", missing.display())),
        (&own.file, &missing, None, format!("reading {}", missing.display())),
        (&own.file, &own.key, Some(&missing), format!("reading {}", missing.display())),
        (&empty, &own.key, None, format!("{} has no certificate", empty.display())),
        (&own.file, &own.file, None, format!("{} has no key", own.file.display())),
        (&broken, &own.key, None, broken.display().to_string()),
        (&own.file, &own.key, Some(&empty), format!("{} has no certificate", empty.display())),
        (
            &own.file,
            &other.key,
            None,
            format!("{} is not the key of the certificate in {}", other.key.display(), own.file.display()),
        ),
    ] {
        let mut flags = vec!["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
        flags.extend(authority.into_iter().flat_map(|file| ["--tls-client-ca", file.to_str().unwrap()]));
        let (status, stderr) = home.start_fails(&flags);
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(&message), "{stderr}");
        assert!(!home.data().exists(), "nothing was made");
    }
}
