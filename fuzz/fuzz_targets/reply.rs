#![no_main]
//! One line of a server, as a client reads it.

use bookline_protocol::reply::{Day, ErrBody, Event, Reply, Stats};
use bookline_protocol::Code;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|line: &str| {
    let Ok(reply) = Reply::parse(line) else { return };
    let body = match reply {
        Reply::Row(body) | Reply::Ok(body) => body,
        Reply::Err { code, body } => {
            if let Ok(code) = code.parse::<Code>() {
                assert!(!code.as_str().is_empty());
            }
            if let Ok(read) = serde_json::from_str::<ErrBody>(body) {
                assert!(!read.message.is_empty() || body.contains("\"message\""));
            }
            body
        }
    };
    assert!(body.starts_with('{') && body.ends_with('}') && line.contains(body));
    // Numbers of a JSON that is taken are those that were written.
    if let Ok(event) = serde_json::from_str::<Event<'_>>(body) {
        let value: Value = serde_json::from_str(body).expect("it was read as an event");
        assert_eq!(value["available_tickets"], Value::from(event.available_tickets));
    }
    let _ = serde_json::from_str::<Day<'_>>(body);
    let _ = serde_json::from_str::<Stats<'_>>(body);
});
