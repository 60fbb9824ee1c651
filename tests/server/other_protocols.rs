//! Clients of other protocols, with smuggled requests of this protocol: a web page can make a browser send
//! any body to the loopback address, and even a TLS session ticket.
//!
//! Catches: a smuggled booking that is executed, a refusal lost in a reset, a binary client that waits
//! forever because it sends no line end.

use bookline_testkit::Conn;
use bookline_testkit::process::Server;

/// The requests that an attacker wants to be executed.
const SMUGGLED: &str = "BOOK x 1\r\nBOOK x 1\nBOOK x 1\r\n";

const TICKETS: u64 = 5;

fn server() -> Server {
    let server = Server::fresh();
    server.connect().ask(&format!("CREATE x 2026-01-01 {TICKETS} id=x")).ok();
    server
}

fn left(server: &Server) -> u64 {
    server.connect().ask("GET x").number("available_tickets")
}

/// Sends an opening in writes of this size, and expects one refusal and the end of the connection.
#[track_caller]
fn refused(server: &Server, opening: &[u8], piece: usize, code: &str) -> String {
    let mut conn = server.connect();
    for piece in opening.chunks(piece) {
        // The server may close the connection while the rest is being sent, so that sending may fail.
        let _ = conn.try_send_bytes(piece);
    }
    let reply = conn.reply();
    let message = reply.body["message"].as_str().unwrap().to_owned();
    reply.err(code);
    conn.expect_end();
    message
}

/// The ClientHello of a client that resumes a session with this ticket.
fn client_hello(ticket: &[u8]) -> Vec<u8> {
    let u16 = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let extension = [&[0, 35], &u16(ticket.len())[..], ticket].concat();
    let mut body = vec![3, 3];
    body.extend([0x2a; 32]); // random
    body.push(0); // no session id
    body.extend([0, 2, 0x13, 0x01]); // one cipher suite
    body.extend([1, 0]); // no compression
    body.extend(u16(extension.len()));
    body.extend(extension);
    let handshake = [&[1, 0], &u16(body.len())[..], &body].concat();
    [&[0x16, 3, 1], &u16(handshake.len())[..], &handshake].concat()
}

/// The openings of other protocols, with smuggled requests after them or in them.
fn openings() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let behind = |opening: &[u8]| [opening, SMUGGLED.as_bytes()].concat();
    let ticket = format!("\n{SMUGGLED}");
    let long = format!("POST /{} HTTP/1.1\r\nHost: 127.0.0.1:2665\r\n\r\n", "a".repeat(70_000));
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x30\x39\x0a\x69";
    vec![
        ("TLS", client_hello(ticket.as_bytes()), "BAD_REQUEST"),
        ("TLS behind telnet", behind(b"\xff\xfc\x01\x16\x03\x01\n"), "BAD_REQUEST"),
        ("SSL 2", behind(b"\x80\x2e\x01\x03\x01\n"), "BAD_REQUEST"),
        ("PostgreSQL", behind(b"\0\0\0\x08\x04\xd2\x16\x2f\n"), "BAD_REQUEST"),
        ("MQTT", behind(b"\x10\x0f\0\x04MQTT\n"), "BAD_REQUEST"),
        ("AMQP", behind(b"AMQP\0\0\x09\x01\n"), "BAD_REQUEST"),
        ("Latin-1", behind(b"GET caf\xe9\n"), "BAD_REQUEST"),
        ("SMTP", behind(b"EHLO localhost\r\nMAIL FROM:<a@b>\r\nDATA\r\n"), "BAD_REQUEST"),
        ("old SMTP", behind(b"helo localhost\r\n"), "BAD_REQUEST"),
        ("RESP", behind(b"*1\r\n$4\r\nPING\r\n"), "BAD_REQUEST"),
        ("RESP of two", behind(b"*2\r\n$3\r\nGET\r\n$1\r\nx\r\n"), "BAD_REQUEST"),
        ("RTSP", behind(b"OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"), "BAD_REQUEST"),
        ("SIP", behind(b"REGISTER sip:127.0.0.1 SIP/2.0\r\n\r\n"), "BAD_REQUEST"),
        ("HTTP", behind(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:2665\r\n\r\n"), "BAD_REQUEST"),
        ("HTTP of any version", behind(b"GET / HTTP/2\r\n"), "BAD_REQUEST"),
        ("HTTP/2", behind(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "BAD_REQUEST"),
        ("HTTP behind silence", behind(b"\r\n# hello\n  \nGET / HTTP/1.1\r\n"), "BAD_REQUEST"),
        ("long HTTP", behind(long.as_bytes()), "LINE_TOO_LONG"),
        ("PROXY 1", behind(b"PROXY TCP4 127.0.0.1 127.0.0.1 12345 2665\r\n"), "BAD_REQUEST"),
        ("PROXY 1, unknown", behind(b"PROXY UNKNOWN\r\n"), "BAD_REQUEST"),
        ("PROXY 2", behind(v2), "BAD_REQUEST"),
    ]
}

#[test]
fn nothing_after_the_opening_of_another_protocol_is_executed() {
    let server = server();
    for (name, opening, code) in openings() {
        println!("{name}");
        refused(&server, &opening, opening.len(), code);
        // A TCP segment may end anywhere, and most openings are detected by their first bytes.
        if opening.len() < 1_000 {
            refused(&server, &opening, 3, code);
        }
    }
    assert_eq!(left(&server), TICKETS);
}

#[test]
fn refusal_of_another_protocol_names_it() {
    let server = server();
    for (opening, name) in [
        (&b"\x16\x03\x01\n"[..], "does not speak TLS,"),
        (b"EHLO x\r\n", "does not speak SMTP,"),
        (b"*1\r\n", "does not speak RESP,"),
        (b"OPTIONS * RTSP/1.0\r\n", "does not speak RTSP,"),
        (b"GET / HTTP/3\r\n", "does not speak HTTP,"),
        (b"PROXY UNKNOWN\r\n", "does not speak the PROXY protocol,"),
        (b"\0\n", "begins with a byte 0x00"),
        (b"GET caf\xe9\n", "byte 8 of it is 0xE9"),
        (b"GET a\x07b\n", "the control character U+0007"),
    ] {
        let message = refused(&server, opening, opening.len(), "BAD_REQUEST");
        assert!(message.contains(name) && message.contains("it closes now"), "{message}");
    }
}

/// A client of a binary protocol may never send a line feed, so it is detected by its first byte.
#[test]
fn binary_opening_is_refused_before_the_end_of_a_line() {
    let server = server();
    let hello = client_hello(b"a ticket of theirs");
    assert!(!hello.contains(&b'\n'));
    for opening in [&hello[..], b"\x16", b"\0", b"\x80", b"\x03", b"\xfe", b"\r\n# silence\n\x16\x03"] {
        refused(&server, opening, opening.len(), "BAD_REQUEST");
    }
    // The server waits for bytes that may still become a line.
    let mut conn = server.connect();
    for piece in [&b"\r"[..], b"\n", b"\xff", b"\xf1", b"\xc3", b"\xa9\n", b"PI"] {
        conn.send_bytes(piece);
        server.connect().ask("PING").ok();
    }
    conn.send_bytes("NG\n");
    conn.reply().err("UNKNOWN_COMMAND");
    assert!(conn.reply().is_ok());
}

/// After the first valid line, an error gets a reply and the connection stays open.
#[test]
fn later_lines_of_other_protocols_but_http_keep_the_connection_open() {
    let server = server();
    let mut conn = server.connect();
    conn.ask("# this says nothing\nBOKO x").err("UNKNOWN_COMMAND");
    for line in ["EHLO x", "*1", "PROXY UNKNOWN", "REGISTER x SIP/2.0", "OPTIONS x RTSP/1.0", "GET / HTTP/3"]
    {
        let reply = conn.ask(line);
        assert!(!reply.is_ok(), "{line}");
    }
    for line in [&b"\x16\x03\x01"[..], b"\0", b"\x80", b"GET caf\xe9"] {
        conn.send_bytes([line, b"\n"].concat());
        conn.reply().err("BAD_REQUEST");
    }
    conn.send_bytes([&[b'x'; 70_000][..], b"\n"].concat());
    conn.reply().err("LINE_TOO_LONG");
    assert!(conn.ask("BOOK x 1").is_ok());
    conn.ask("GET / HTTP/1.1").err("BAD_REQUEST");
    conn.expect_end();
}

#[test]
fn words_that_resemble_other_protocols_are_served() {
    let server = server();
    let goes_on = |line: &str| {
        let mut conn: Conn = server.connect();
        conn.ask(line);
        assert!(conn.ask("PING").is_ok(), "{line}");
    };
    for line in
        ["* 1", "*", "*1x", "EHLO", "PROXYx y", "x HTTP/", "x HTTP/x", "x MYHTTP/1.1", "HELLO", "SIP/2.0 x"]
    {
        goes_on(line);
    }
}
