//! Bytes into lines: ends of line, telnet's IAC sequences, what is not text, HTTP, half-close.
//!
//! Catches: a line end that only works from one client, an option byte that swallows a request, half a BOOK that is
//! executed, a browser's form that books tickets.

use crate::common::Conn;
use crate::common::Server;

/// What comes back for these bytes and a half-close, final lines cut to their code.
fn said(server: &Server, bytes: &[u8]) -> Vec<String> {
    let mut conn = server.connect();
    conn.send_bytes(bytes);
    conn.half_close();
    all(&mut conn)
}

/// The same as it is.
fn bytes(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut conn = server.connect();
    conn.send_bytes(bytes);
    conn.half_close();
    conn.rest_bytes()
}

fn all(conn: &mut Conn) -> Vec<String> {
    let text = conn.rest();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line has no LF: {text:?}");
    let code = |line: &str| line.split(" {").next().unwrap().trim_start_matches("ERR ").to_owned();
    text.lines().map(code).collect()
}

#[test]
fn lf_crlf_and_cr_nul_end_a_line() {
    let server = Server::fresh();
    assert_eq!(said(&server, b"PING\nPING\r\nPING\r\0PING\n"), ["OK"; 4]);
    assert_eq!(said(&server, b"\r\n\r\0\n  \r\n# comment\r\0# another\r\nPING\r\n"), ["OK"]);
    let mut conn = server.connect();
    conn.send_bytes(b"CREATE party 2026-01-01 5 id=p\r\0GET p\r\0");
    assert_eq!(conn.answer().ok()["id"], "p");
    assert_eq!(conn.answer().ok()["name"], "party");
}

#[test]
fn a_line_may_arrive_in_any_pieces() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for (n, byte) in b"CREATE \"Rust Conf\" 2026-01-01 5 id=p\r\nPING\r\0GET p\n".iter().enumerate() {
        conn.send_bytes([*byte]);
        // An exchange on another connection in between gives the server a turn, so that the pieces stay pieces.
        if n % 10 == 0 {
            server.connect().ask("PING").ok();
        }
    }
    assert_eq!(conn.answer().ok()["id"], "p");
    assert_eq!(conn.line(), "OK {}");
    assert_eq!(conn.answer().ok()["name"], "Rust Conf");
}

#[test]
fn telnets_sequences_are_stripped_and_its_requests_refused() {
    let server = Server::fresh();
    // What telnet sends at the start: DO SUPPRESS-GO-AHEAD, WILL TERMINAL-TYPE, WILL NAWS …
    assert_eq!(
        bytes(&server, b"\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1fPING\r\n"),
        b"\xff\xfc\x03\xff\xfe\x18\xff\xfe\x1fOK {}\n"
    );
    assert_eq!(bytes(&server, b"PI\xff\xfd\x03NG\r\n"), b"\xff\xfc\x03OK {}\n", "in the midst of a word");
    assert_eq!(said(&server, b"PING\xff\xfe\x01\r\n"), ["OK"], "DONT agrees");
    assert_eq!(said(&server, b"PING\xff\xfc\x01\r\0"), ["OK"], "WONT agrees");
    assert_eq!(said(&server, b"\xff\xf1PING\n"), ["OK"], "a command of two bytes");
    assert_eq!(bytes(&server, b"\xff\xf4\xff\xfd\x06PING\n"), b"\xff\xfc\x06OK {}\n", "Ctrl-C in telnet");
    // SB TERMINAL-TYPE IS xterm IAC SE, NAWS with its binary sizes
    assert_eq!(said(&server, b"\xff\xfa\x18\x00xterm\xff\xf0PING\n"), ["OK"]);
    assert_eq!(said(&server, b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0PING\n"), ["OK"]);
    assert_eq!(said(&server, b"PI\xff\xfa\x18\x00xterm\xff\xf0NG\n"), ["OK"]);
}

/// Telnet shows nothing between its DO and our WONT: an answer that came too late would hide replies.
#[test]
fn requests_of_telnet_are_answered_among_the_replies_without_a_line_end() {
    let server = Server::fresh();
    let rows = server.connect().ask("HELP").rows.len();
    assert_eq!(bytes(&server, b"PING\n\xff\xfd\x06PING\n"), b"OK {}\n\xff\xfc\x06OK {}\n");
    let listing = bytes(&server, b"HELP\n\xff\xfd\x06HELP\n");
    let at = listing.windows(3).position(|bytes| bytes == b"\xff\xfc\x06").unwrap();
    assert_eq!(
        listing[..at].iter().filter(|&&byte| byte == b'\n').count(),
        rows + 1,
        "behind the first listing"
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

/// Nothing is negotiated without end: what agrees with the server is not answered, what does not is answered once.
#[test]
fn every_request_of_telnet_is_answered_once() {
    const LINES: usize = 20_000;
    let server = Server::fresh();
    let mut conn = server.connect();
    let mut stream = conn.stream();
    let sender = std::thread::spawn(move || {
        let asked = b"\xff\xfd\x06\xff\xfb\x06\xff\xfc\x06\xff\xfe\x06\r\n".repeat(LINES);
        std::io::Write::write_all(&mut stream, &asked).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let said = conn.rest_bytes();
    sender.join().unwrap();
    assert_eq!(said.len(), 6 * LINES);
    assert!(said.chunks(6).all(|answers| answers == b"\xff\xfc\x06\xff\xfe\x06"));
    assert!(server.connect().ask("PING").is_ok());
}

/// Telnet marks the end of an interrupt by a byte of urgent data, which a socket holds back unless it is told not to.
#[test]
fn urgent_data_is_taken_in_line() {
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
fn an_iac_sequence_never_takes_a_line_end() {
    let server = Server::fresh();
    assert_eq!(said(&server, b"\xff\xfb\nPING\n"), ["OK"], "WILL takes no LF");
    assert_eq!(said(&server, b"PING\xff\xfd\r\nPING\n"), ["OK"; 2], "DO takes no CRLF");
    assert_eq!(said(&server, b"PING \xff\xfa\x18\x00xterm\nPING\n"), ["OK"; 2], "SB ends at the line's end");
    assert_eq!(said(&server, b"PING\xff\nPING\n").len(), 2, "a lone IAC takes no LF");
    assert_eq!(said(&server, b"PING\xff\nPING\n")[1], "OK");
}

#[test]
fn a_line_of_nothing_but_iac_sequences_is_blank() {
    let server = Server::fresh();
    assert_eq!(said(&server, b"\xff\xfc\x03\xff\xfe\x18\r\nPING\r\n"), ["OK"]);
    assert_eq!(said(&server, b"\xff\xfa\x18\x00xterm\xff\xf0\r\0PING\r\n"), ["OK"]);
    assert_eq!(bytes(&server, b"\xff\xfd\x03# comment\r\nPING\r\n"), b"\xff\xfc\x03OK {}\n");
}

#[test]
fn what_is_not_utf8_is_refused_and_the_connection_goes_on() {
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
        assert_eq!(said(&server, &bytes), ["OK", "BAD_REQUEST", "OK"], "{junk:?}");
    }
}

#[test]
fn control_characters_are_refused_raw() {
    let server = Server::fresh();
    for control in (0..0x20).chain([0x7f]).filter(|byte| !b"\t\n\r\0".contains(byte)) {
        let line = [b"PING\nCREATE \"a", &[control][..], b"b\" 2026-01-01 5 id=x\nPING\n"].concat();
        assert_eq!(said(&server, &line), ["OK", "BAD_REQUEST", "OK"], "{control:#x} inside quotes");
        let line = [b"PING\nGET a", &[control][..], b"b\nPING\n"].concat();
        assert_eq!(said(&server, &line), ["OK", "BAD_REQUEST", "OK"], "{control:#x} in a bare word");
    }
    assert_eq!(said(&server, b"CREATE a\0b 2026-01-01 5 id=x\n"), ["BAD_REQUEST"]);
    assert_eq!(said(&server, b"CREATE a\rb 2026-01-01 5 id=x\n"), ["BAD_REQUEST"], "a CR alone ends nothing");
    assert_eq!(said(&server, "CREATE \"a\u{9b}31m\" 2026-01-01 5 id=x\n".as_bytes()), ["BAD_REQUEST"], "C1");
    assert_eq!(said(&server, "CREATE a\u{85}b 2026-01-01 5 id=x\n".as_bytes()), ["BAD_REQUEST"], "C1, bare");
    server.connect().ask("GET x").err("NOT_FOUND");
    let mut conn = server.connect();
    conn.send_bytes(b"CREATE \"a\tb\" 2026-01-01 5 id=x\n");
    assert_eq!(conn.answer().ok()["name"], "a\tb", "a raw tab inside quotes is part of the name");
}

#[test]
fn only_ascii_blanks_separate() {
    let server = Server::fresh();
    for blank in ["\u{a0}", "\u{2003}", "\u{3000}"] {
        let mut conn = server.connect();
        conn.ask(&format!("BOOK{blank}e 1")).err("UNKNOWN_COMMAND");
        assert!(conn.ask("PING").is_ok());
    }
}

#[test]
fn half_close_after_the_last_line_end() {
    let server = Server::fresh();
    assert_eq!(said(&server, b""), [""; 0]);
    assert_eq!(
        said(&server, b"CREATE x 2026-01-01 5 id=x\nBOOK x 1\nGET x\nBOOK x 9\n"),
        ["OK", "OK", "OK", "SOLD_OUT"]
    );
}

#[test]
fn an_unterminated_last_line_is_never_executed() {
    let server = Server::fresh();
    assert_eq!(said(&server, b"CREATE x 2026-01-01 500 id=x\nBOOK x 1"), ["OK", "INCOMPLETE"]);
    assert_eq!(said(&server, b"BOOK x 1\r"), ["INCOMPLETE"], "a CR alone is no line end");
    assert_eq!(said(&server, b"QUIT"), ["INCOMPLETE"]);
    assert_eq!(said(&server, b"P"), ["INCOMPLETE"]);
    assert_eq!(said(&server, b"GET / HTTP/1.1"), ["INCOMPLETE"]);
    assert_eq!(said(&server, b"PING\n\xff\xfc\x03PING"), ["OK", "INCOMPLETE"]);
    assert_eq!(said(&server, b"PING\n\xc3"), ["OK", "INCOMPLETE"]);
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 500);
}

#[test]
fn an_unterminated_nothing_gets_no_reply() {
    let server = Server::fresh();
    assert_eq!(said(&server, b"PING\n  \t"), ["OK"]);
    assert_eq!(said(&server, b"PING\n\r"), ["OK"]);
    assert_eq!(said(&server, b"PING\n# the end"), ["OK"]);
    assert_eq!(bytes(&server, b"PING\n\xff\xfd\x03"), b"OK {}\n\xff\xfc\x03");
    assert_eq!(said(&server, b"PING\n\xff\xfb"), ["OK"]);
}

/// A page in a browser can make it send any body to 127.0.0.1; nothing of it may be executed.
#[test]
fn http_is_refused_before_anything_behind_it_is_executed() {
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
        // The server closes while the body is still being sent: that a part of it is not taken is in order.
        let sender = std::thread::spawn(move || std::io::Write::write_all(&mut stream, request.as_bytes()));
        assert_eq!(all(&mut conn), ["BAD_REQUEST"], "{head:?}");
        let _ = sender.join().unwrap();
    }
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 5);
}

/// What stood before the HTTP line was a conversation and is answered.
#[test]
fn lines_before_http_are_answered() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.send_bytes(b"CREATE x 2026-01-01 5 id=x\nBOOK x 1\nGET / HTTP/1.1\nBOOK x 1\n");
    assert_eq!(all(&mut conn), ["OK", "OK", "BAD_REQUEST"]);
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 4);
}

/// Words that only look a little like it are ordinary ones.
#[test]
fn what_is_not_http() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE HTTP 2026-01-01 5 id=HTTP").ok();
    conn.ask("CREATE \"talk on HTTP/1.1 and more\" 2026-01-01 5 id=talk").ok();
    conn.ask("GET Hosts").err("NOT_FOUND");
    conn.ask("# GET / HTTP/1.1\nPING").ok();
    assert!(conn.ask("PING").is_ok());
}
