//! Framing: ends of lines, telnet's IAC sequences, invalid text, HTTP, half-close.
//!
//! Catches: a line end that only one client sends, an option byte that swallows a request, half a BOOK that
//! is executed, a browser's form that books tickets.

use bookline_testkit::Conn;
use bookline_testkit::process::Server;

/// The lines of the reply to these bytes and a half-close, each reduced to `OK` or its code.
fn codes(server: &Server, bytes: &[u8]) -> Vec<String> {
    let mut conn = server.connect();
    conn.send_bytes(bytes);
    conn.half_close();
    read_codes(&mut conn)
}

/// The bytes of the reply to these bytes and a half-close.
fn reply_bytes(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut conn = server.connect();
    conn.send_bytes(bytes);
    conn.half_close();
    conn.rest_bytes()
}

fn read_codes(conn: &mut Conn) -> Vec<String> {
    let text = conn.rest();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line has no LF: {text:?}");
    let code = |line: &str| line.split(" {").next().unwrap().trim_start_matches("ERR ").to_owned();
    text.lines().map(code).collect()
}

#[test]
fn lf_crlf_and_cr_nul_end_a_line() {
    let server = Server::fresh();
    assert_eq!(codes(&server, b"PING\nPING\r\nPING\r\0PING\n"), ["OK"; 4]);
    assert_eq!(codes(&server, b"\r\n\r\0\n  \r\n# comment\r\0# another\r\nPING\r\n"), ["OK"]);
    let mut conn = server.connect();
    conn.send_bytes(b"CREATE party 2026-01-01 5 id=p\r\0GET p\r\0");
    assert_eq!(conn.reply().ok()["id"], "p");
    assert_eq!(conn.reply().ok()["name"], "party");
}

#[test]
fn line_in_single_bytes_is_executed() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for (n, byte) in b"CREATE \"Rust Conf\" 2026-01-01 5 id=p\r\nPING\r\0GET p\n".iter().enumerate() {
        conn.send_bytes([*byte]);
        // A round trip on another connection lets the server read, so that the bytes do not arrive together.
        if n % 10 == 0 {
            server.connect().ask("PING").ok();
        }
    }
    assert_eq!(conn.reply().ok()["id"], "p");
    assert_eq!(conn.line(), "OK {}");
    assert_eq!(conn.reply().ok()["name"], "Rust Conf");
}

#[test]
fn telnet_sequences_are_stripped_and_option_requests_refused() {
    let server = Server::fresh();
    // Telnet sends these at the start: DO SUPPRESS-GO-AHEAD, WILL TERMINAL-TYPE, WILL NAWS …
    assert_eq!(
        reply_bytes(&server, b"\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1fPING\r\n"),
        b"\xff\xfc\x03\xff\xfe\x18\xff\xfe\x1fOK {}\n"
    );
    assert_eq!(
        reply_bytes(&server, b"PI\xff\xfd\x03NG\r\n"),
        b"\xff\xfc\x03OK {}\n",
        "in the middle of a word"
    );
    assert_eq!(codes(&server, b"PING\xff\xfe\x01\r\n"), ["OK"], "DONT is not answered");
    assert_eq!(codes(&server, b"PING\xff\xfc\x01\r\0"), ["OK"], "WONT is not answered");
    assert_eq!(codes(&server, b"\xff\xf1PING\n"), ["OK"], "a command of two bytes");
    assert_eq!(
        reply_bytes(&server, b"\xff\xf4\xff\xfd\x06PING\n"),
        b"\xff\xfc\x06OK {}\n",
        "Ctrl-C in telnet"
    );
    // SB TERMINAL-TYPE IS xterm IAC SE, and NAWS with its binary sizes.
    assert_eq!(codes(&server, b"\xff\xfa\x18\x00xterm\xff\xf0PING\n"), ["OK"]);
    assert_eq!(codes(&server, b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0PING\n"), ["OK"]);
    assert_eq!(codes(&server, b"PI\xff\xfa\x18\x00xterm\xff\xf0NG\n"), ["OK"]);
}

/// Telnet shows nothing between its DO and the server's WONT: a late answer would hide replies.
#[test]
fn option_requests_are_answered_in_order_before_their_line_ends() {
    let server = Server::fresh();
    let rows = server.connect().ask("HELP").rows.len();
    assert_eq!(reply_bytes(&server, b"PING\n\xff\xfd\x06PING\n"), b"OK {}\n\xff\xfc\x06OK {}\n");
    let listing = reply_bytes(&server, b"HELP\n\xff\xfd\x06HELP\n");
    let at = listing.windows(3).position(|bytes| bytes == b"\xff\xfc\x06").unwrap();
    assert_eq!(
        listing[..at].iter().filter(|&&byte| byte == b'\n').count(),
        rows + 1,
        "after the first listing"
    );

    let mut conn = server.connect();
    for (byte, n) in b"\xff\xf4\xff\xfd\x06".iter().zip(1..) {
        conn.send_bytes([*byte]);
        if n < 5 {
            server.connect().ask("PING").ok();
        }
    }
    assert_eq!(conn.bytes(3), b"\xff\xfc\x06", "no line has ended");
    assert!(conn.ask("PING").is_ok());
}

/// A negotiation ends: DONT and WONT are not answered, DO and WILL once each.
#[test]
fn every_option_request_is_answered_once() {
    const LINES: usize = 20_000;
    let server = Server::fresh();
    let mut conn = server.connect();
    let mut stream = conn.stream();
    let sender = std::thread::spawn(move || {
        let sequences = b"\xff\xfd\x06\xff\xfb\x06\xff\xfc\x06\xff\xfe\x06\r\n".repeat(LINES);
        std::io::Write::write_all(&mut stream, &sequences).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let answers = conn.rest_bytes();
    sender.join().unwrap();
    assert_eq!(answers.len(), 6 * LINES);
    assert!(answers.chunks(6).all(|answer| answer == b"\xff\xfc\x06\xff\xfe\x06"));
    assert!(server.connect().ask("PING").is_ok());
}

/// Telnet marks the end of an interrupt with a byte of urgent data, which a socket does not deliver inline by
/// default.
#[test]
fn urgent_data_is_processed_inline() {
    use rustix::net::{SendFlags, send};
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.send_bytes(b"\xff\xf4\xff\xfd\x06\xff");
    let sent = send(conn.stream(), b"\xf2", SendFlags::OOB).unwrap();
    assert_eq!(sent, 1);
    conn.send_bytes("PING\r\n");
    conn.half_close();
    assert_eq!(conn.rest_bytes(), b"\xff\xfc\x06OK {}\n");
}

#[test]
fn iac_sequence_never_contains_the_end_of_a_line() {
    let server = Server::fresh();
    assert_eq!(codes(&server, b"\xff\xfb\nPING\n"), ["OK"], "WILL does not contain the LF");
    assert_eq!(codes(&server, b"PING\xff\xfd\r\nPING\n"), ["OK"; 2], "DO does not contain the CRLF");
    assert_eq!(codes(&server, b"PING \xff\xfa\x18\x00xterm\nPING\n"), ["OK"; 2], "SB ends with the line");
    assert_eq!(codes(&server, b"PING\xff\nPING\n").len(), 2, "a lone IAC does not contain the LF");
    assert_eq!(codes(&server, b"PING\xff\nPING\n")[1], "OK");
}

#[test]
fn line_of_only_iac_sequences_is_blank() {
    let server = Server::fresh();
    assert_eq!(codes(&server, b"\xff\xfc\x03\xff\xfe\x18\r\nPING\r\n"), ["OK"]);
    assert_eq!(codes(&server, b"\xff\xfa\x18\x00xterm\xff\xf0\r\0PING\r\n"), ["OK"]);
    assert_eq!(reply_bytes(&server, b"\xff\xfd\x03# comment\r\nPING\r\n"), b"\xff\xfc\x03OK {}\n");
}

#[test]
fn invalid_utf8_is_refused_and_the_connection_stays_open() {
    let server = Server::fresh();
    for junk in [
        &b"GET \xc3\x28"[..],
        b"GET \x80",
        b"GET \xed\xa0\x80",
        b"GET \xc0\xaf",
        b"GET \xf5\x80\x80\x80",
        b"\xc3",
    ] {
        let bytes = [b"PING\n", junk, b"\nPING\n"].concat();
        assert_eq!(codes(&server, &bytes), ["OK", "BAD_REQUEST", "OK"], "{junk:?}");
    }
}

#[test]
fn raw_control_characters_are_refused() {
    let server = Server::fresh();
    for control in (0..0x20).chain([0x7f]).filter(|byte| !b"\t\n\r\0".contains(byte)) {
        let line = [b"PING\nCREATE \"a", &[control][..], b"b\" 2026-01-01 5 id=x\nPING\n"].concat();
        assert_eq!(codes(&server, &line), ["OK", "BAD_REQUEST", "OK"], "{control:#x} inside quotes");
        let line = [b"PING\nGET a", &[control][..], b"b\nPING\n"].concat();
        assert_eq!(codes(&server, &line), ["OK", "BAD_REQUEST", "OK"], "{control:#x} in a bare word");
    }
    assert_eq!(codes(&server, b"CREATE a\0b 2026-01-01 5 id=x\n"), ["BAD_REQUEST"]);
    assert_eq!(
        codes(&server, b"CREATE a\rb 2026-01-01 5 id=x\n"),
        ["BAD_REQUEST"],
        "a lone CR does not end a line"
    );
    assert_eq!(codes(&server, "CREATE \"a\u{9b}31m\" 2026-01-01 5 id=x\n".as_bytes()), ["BAD_REQUEST"], "C1");
    assert_eq!(codes(&server, "CREATE a\u{85}b 2026-01-01 5 id=x\n".as_bytes()), ["BAD_REQUEST"], "C1, bare");
    server.connect().ask("GET x").err("NOT_FOUND");
    let mut conn = server.connect();
    conn.send_bytes(b"CREATE \"a\tb\" 2026-01-01 5 id=x\n");
    assert_eq!(conn.reply().ok()["name"], "a\tb", "a raw tab inside quotes is part of the name");
}

#[test]
fn unicode_spaces_do_not_separate_arguments() {
    let server = Server::fresh();
    for blank in ["\u{a0}", "\u{2003}", "\u{3000}"] {
        let mut conn = server.connect();
        conn.ask(&format!("BOOK{blank}e 1")).err("UNKNOWN_COMMAND");
        assert!(conn.ask("PING").is_ok());
    }
}

#[test]
fn half_close_after_complete_lines_gets_all_replies() {
    let server = Server::fresh();
    assert_eq!(codes(&server, b""), [""; 0]);
    assert_eq!(
        codes(&server, b"CREATE x 2026-01-01 5 id=x\nBOOK x 1\nGET x\nBOOK x 9\n"),
        ["OK", "OK", "OK", "SOLD_OUT"]
    );
}

#[test]
fn incomplete_last_line_is_refused_and_not_executed() {
    let server = Server::fresh();
    assert_eq!(codes(&server, b"CREATE x 2026-01-01 500 id=x\nBOOK x 1"), ["OK", "INCOMPLETE"]);
    assert_eq!(codes(&server, b"BOOK x 1\r"), ["INCOMPLETE"], "a lone CR does not end a line");
    assert_eq!(codes(&server, b"QUIT"), ["INCOMPLETE"]);
    assert_eq!(codes(&server, b"P"), ["INCOMPLETE"]);
    assert_eq!(codes(&server, b"GET / HTTP/1.1"), ["INCOMPLETE"]);
    assert_eq!(codes(&server, b"PING\n\xff\xfc\x03PING"), ["OK", "INCOMPLETE"]);
    assert_eq!(codes(&server, b"PING\n\xc3"), ["OK", "INCOMPLETE"]);
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 500);
}

#[test]
fn incomplete_blank_line_or_comment_gets_no_reply() {
    let server = Server::fresh();
    assert_eq!(codes(&server, b"PING\n  \t"), ["OK"]);
    assert_eq!(codes(&server, b"PING\n\r"), ["OK"]);
    assert_eq!(codes(&server, b"PING\n# the end"), ["OK"]);
    assert_eq!(reply_bytes(&server, b"PING\n\xff\xfd\x03"), b"OK {}\n\xff\xfc\x03");
    assert_eq!(codes(&server, b"PING\n\xff\xfb"), ["OK"]);
}

/// A web page can make a browser send any body to 127.0.0.1. Nothing of it may be executed.
#[test]
fn http_request_is_refused_and_its_body_is_not_executed() {
    let server = Server::fresh();
    server.connect().ask("CREATE x 2026-01-01 5 id=x").ok();
    let body = "BOOK x 1\r\nBOOK x 1\r\n".repeat(5_000);
    for head in [
        "POST / HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\n",
        "GET x http/1.1\r\n",
        "POST /BOOK%20x HTTP/1.1\n",
        "PING HTTP/1.1\r\n",
        "Host: 127.0.0.1:2665\r\n",
        "host:x\r\n",
        "HOST: x\r\n",
    ] {
        let request = format!("{head}Host: 127.0.0.1:2665\r\nContent-Type: text/plain\r\n\r\n{body}");
        let mut conn = server.connect();
        let mut stream = conn.stream();
        // The server closes the connection while the body is being sent, so that sending may fail.
        let sender = std::thread::spawn(move || std::io::Write::write_all(&mut stream, request.as_bytes()));
        assert_eq!(read_codes(&mut conn), ["BAD_REQUEST"], "{head:?}");
        let _ = sender.join().unwrap();
    }
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 5);
}

/// Requests before the HTTP line are of this protocol.
#[test]
fn lines_before_an_http_request_are_executed() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.send_bytes(b"CREATE x 2026-01-01 5 id=x\nBOOK x 1\nGET / HTTP/1.1\nBOOK x 1\n");
    assert_eq!(read_codes(&mut conn), ["OK", "OK", "BAD_REQUEST"]);
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 4);
}

#[test]
fn words_that_resemble_http_are_arguments() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE HTTP 2026-01-01 5 id=HTTP").ok();
    conn.ask("CREATE \"talk on HTTP/1.1 and more\" 2026-01-01 5 id=talk").ok();
    conn.ask("GET Hosts").err("NOT_FOUND");
    conn.ask("# GET / HTTP/1.1\nPING").ok();
    assert!(conn.ask("PING").is_ok());
}
