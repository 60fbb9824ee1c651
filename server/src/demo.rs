//! A few events and calendars to play with: requests like anybody's, executed before the server listens.

use bookline_protocol::{Line, Slot, parse};

use crate::clock;
use crate::execute::{Answer, Identity, Service, execute};
use crate::store::Totals;

/// Loads them if there is nothing yet.
pub async fn load(service: &Service) {
    let mut answer = Answer::default();
    answer.micros = clock::micros();
    let Totals { events, entries, .. } = service.store.totals(&mut answer.seen);
    if events + entries > 0 {
        tracing::info!("--demo leaves the data as it is: there is some already");
        return;
    }
    let mut scratch = Vec::new();
    for line in requests(service.clock.current_slot()) {
        let Line::Request(request) = parse(line.as_bytes(), &mut scratch) else {
            crate::fatal(&format!("the demo has a line that is no request: {line}"));
        };
        execute(service, Identity, &request, &mut answer);
    }
    service.store.journal().wait(answer.seen.0).await;
    tracing::info!(
        "demo loaded: try GET, GET F1 {}, and HOD {}",
        service.clock.current_slot().date.iso(),
        service.head
    );
}

/// Requests around the hour that is running, so that the day and the month have something to show.
fn requests(now: Slot) -> Vec<String> {
    let today = now.date.civil().to_string();
    let hour = now.hour;
    let before = Slot::from_index(now.index() - 24).unwrap_or(now);
    let (yesterday, then) = (before.date.civil().to_string(), before.hour);
    vec![
        r#"CREATE "Rust Conf" 2027-05-20 100 id=rustconf"#.into(),
        r#"CREATE "Jazz in the Park" 2027-06-12 2500 id=jazz"#.into(),
        r#"CREATE "Chess Simultaneous" 2027-01-16 3 id=chess"#.into(),
        "BOOK chess 2".into(),
        format!("BLOCK F2 {today} {hour}"),
        format!(r#"MEET F1 {today} {hour} "class committee meeting" F3,F4"#),
        format!(r#"MEET F3 {yesterday} {then} "exam schedule" F1,F2,F10 F3"#),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_request() {
        for line in requests(Slot::from_index(17_760_000).unwrap()) {
            assert!(matches!(parse(line.as_bytes(), &mut Vec::new()), Line::Request(_)), "{line}");
        }
    }
}
