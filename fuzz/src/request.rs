//! One line of a client, without its end.

use bookline_protocol::reply::{ErrBody, ReplyLine};
use bookline_protocol::{ParsedLine, Refusal, Request, expects_reply, needs_escape, parse, parse_first};

/// Panics if a property does not hold.
pub fn check(line: &[u8]) {
    let (mut scratch, mut other) = (Vec::new(), Vec::new());
    let parsed = parse(line, &mut scratch);
    // The first line of a connection parses like the others, or it is foreign.
    let first = parse_first(line, &mut other);
    assert!(first == parsed || matches!(first, ParsedLine::Foreign(_)));
    check_parsed(line, &first);
    check_parsed(line, &parsed);
}

fn check_parsed(line: &[u8], parsed: &ParsedLine<'_>) {
    match parsed {
        ParsedLine::Blank => assert!(!expects_reply(line)),
        ParsedLine::Request(request) => {
            assert!(expects_reply(line));
            assert_written(request);
        }
        ParsedLine::Keyed(keyed) => {
            assert!(expects_reply(line) && keyed.request.changes());
            assert_written(&keyed.request);
        }
        ParsedLine::Refused(refusal) | ParsedLine::Foreign(refusal) => {
            assert!(expects_reply(line));
            assert_readable(refusal);
        }
    }
}

/// The line that a request is written as parses to the same request.
fn assert_written(request: &Request<'_>) {
    let (mut written, mut scratch) = (Vec::new(), Vec::new());
    request.write_line(&mut written);
    assert!(parse(&written, &mut scratch) == ParsedLine::Request(request.clone()));
}

/// A refusal is one line of bounded length, with a JSON object and without terminal controls.
fn assert_readable(refusal: &Refusal) {
    let mut out = Vec::new();
    refusal.write(&mut out);
    let reply = std::str::from_utf8(&out).expect("UTF-8");
    let line = reply.strip_suffix('\n').expect("a line");
    assert!(line.len() < 1_000 && !line.contains(needs_escape), "{line:?}");
    let Ok(ReplyLine::Err { code, body }) = ReplyLine::parse(reply) else { panic!("{line}") };
    assert_eq!(code, refusal.code.as_str());
    let body: ErrBody = serde_json::from_str(body).expect("an object");
    assert_eq!(body.message, refusal.message);
}
