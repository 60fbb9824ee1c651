//! WATCH and UNWATCH in the middle of changes.

use std::collections::{BTreeMap, BTreeSet};

use bookline_server::storage::journal::Durability;
use bookline_testkit::in_process::Server;
use bookline_testkit::seeds::for_each_seed;
use bookline_testkit::{ChangeLine, Conn, Rng};
use serde_json::Value;

/// The number of scenarios by default: two seconds on two cores.
const SCENARIOS: u64 = 16;

/// The lines that the watching connection sends.
const LINES: usize = 400;

const TOPICS: [&str; 8] =
    ["event:e0", "event:e1", "event:e2", "person:F1", "person:F2", "events", "calendars", "all"];

/// A time during which something is watched.
#[derive(Debug)]
struct Watch {
    topic: &'static str,
    /// Commits after this one.
    after: u64,
}

#[test]
fn what_is_shown_is_what_is_watched_at_that_moment() {
    for_each_seed(SCENARIOS, |seed| {
        let mut rng = Rng::new(seed);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let durability = *rng.pick(&[Durability::Always, Durability::Never]);
        let server = runtime.block_on(Server::fresh_with(|config| config.durability = durability));
        let mut conn = Conn::open(server.address);
        (0..3).for_each(|nth| _ = conn.ask(&format!("CREATE Event 2026-12-31 100000 id=e{nth}")).ok());
        let commands: Vec<Command> = (0..LINES).map(|nth| Command::draw(&mut rng, nth)).collect();
        let mut others = rng.fork();
        let shown = std::thread::scope(|scope| {
            let writer = Conn::open(server.address);
            scope.spawn(move || write(writer, &mut others));
            run(&mut conn, &commands, &mut rng)
        });
        let last = conn.ask("STATS").number("sequence");
        let mut all = Conn::open(server.address);
        all.ask("WATCH all since=0").ok();
        let mut changes = Vec::new();
        while changes.last().is_none_or(|change: &ChangeLine| change.sequence < last || !change.is_end()) {
            changes.push(all.change());
        }
        check(&changes, &shown);
        drop((conn, all));
        runtime.block_on(server.stop());
    });
}

/// Changes things beside the watching connection.
fn write(mut conn: Conn, rng: &mut Rng) {
    for _ in 0..60 {
        let lines: Vec<String> = (0..20).map(|_| format!("BOOK e{} 1 e{} 1", rng.below(2), 2)).collect();
        conn.ask_all(&lines).iter().for_each(|reply| _ = reply.ok());
    }
}

enum Command {
    Watch(Vec<&'static str>),
    Unwatch(Vec<&'static str>),
    Change(String),
}

impl Command {
    fn draw(rng: &mut Rng, nth: usize) -> Self {
        match rng.below(8) {
            0 | 1 => Self::Watch(rng.some(&TOPICS, 3)),
            2 => Self::Unwatch(rng.some(&TOPICS, 4)),
            3 if rng.one_in(3) => Self::Unwatch(Vec::new()),
            4 => Self::Change("BOOK e0 1 e1 2".to_owned()),
            5 => {
                let (day, month) = (1 + nth % 28, 1 + nth / 28 % 12);
                let people = rng.pick(&["F2", "F3", "F2,F3"]);
                Self::Change(format!(
                    "MEET F{} {day:02}-{month:02}-2027 09:00 Plans {people} every=day count=3 on_conflict=skip",
                    nth % 2
                ))
            }
            _ => Self::Change(format!("BOOK e{} 1", rng.below(3))),
        }
    }
}

/// What a connection was shown, in order.
enum Shown {
    Change(ChangeLine),
    /// The reply to WATCH: these are watched, from the commits after that one.
    Watched(Vec<&'static str>, u64),
    /// The reply to UNWATCH: only these are watched.
    Unwatched(BTreeSet<String>),
}

/// Sends the commands, some at once, and returns what is shown up to a last change.
fn run(conn: &mut Conn, commands: &[Command], rng: &mut Rng) -> Vec<Shown> {
    let (mut shown, mut at, mut is_watching) = (Vec::new(), 0, false);
    while at < commands.len() {
        let some = &commands[at..commands.len().min(at + 1 + rng.below(30))];
        at += some.len();
        let mut bytes = String::new();
        for command in some {
            let words = |list: &[&str]| list.iter().map(|word| format!(" {word}")).collect::<String>();
            match command {
                Command::Watch(topics) => {
                    // From the past, if nothing is watched.
                    let since = if !is_watching && rng.one_in(2) {
                        format!(" since={}", rng.below(4))
                    } else {
                        String::new()
                    };
                    bytes.push_str(&format!("WATCH{}{since}\n", words(topics)));
                    is_watching = true;
                }
                Command::Unwatch(topics) => {
                    bytes.push_str(&format!("UNWATCH{}\n", words(topics)));
                    // At times still, but then `since=` is only not used.
                    is_watching &= !topics.is_empty();
                }
                Command::Change(line) => bytes.push_str(&format!("{line}\n")),
            }
        }
        conn.send_bytes(bytes);
        for command in some {
            let body = reply(conn, &mut shown);
            match command {
                Command::Watch(topics) => {
                    let sequence = body["sequence"].as_u64().expect("a sequence");
                    shown.push(Shown::Watched(topics.clone(), sequence));
                }
                Command::Unwatch(_) => {
                    let watching = bookline_testkit::reply::words(&body["watching"]);
                    shown.push(Shown::Unwatched(watching.into_iter().collect()));
                }
                Command::Change(_) => {}
            }
        }
    }
    conn.send("WATCH event:end\nCREATE End 2026-12-31 1 id=end");
    let body = reply(conn, &mut shown);
    shown.push(Shown::Watched(vec!["event:end"], body["sequence"].as_u64().expect("a sequence")));
    reply(conn, &mut shown);
    let is_end = |shown: &Shown| matches!(shown, Shown::Change(change) if change.body["event_id"] == "end");
    while !shown.iter().rev().take(2).any(is_end) {
        let line = conn.line();
        shown.push(Shown::Change(ChangeLine::decode(&line).expect("a change")));
    }
    shown
}

/// Reads up to a reply, and returns its object.
fn reply(conn: &mut Conn, shown: &mut Vec<Shown>) -> Value {
    loop {
        let line = conn.line();
        match ChangeLine::decode(&line) {
            Some(change) => shown.push(Shown::Change(change)),
            None => {
                let object = line.strip_prefix("OK ").or_else(|| line.strip_prefix("ERR CONFLICT "));
                return serde_json::from_str(object.unwrap_or_else(|| panic!("{line}"))).expect("an object");
            }
        }
    }
}

/// Compares what was shown with all changes.
fn check(all: &[ChangeLine], shown: &[Shown]) {
    let places: BTreeMap<String, usize> =
        all.iter().enumerate().map(|(place, change)| (key(change), place)).collect();
    assert_eq!(places.len(), all.len(), "two changes are the same");
    let mut watches: Vec<Watch> = Vec::new();
    let mut next = 0;
    let mut is_open = None;
    let mut places_shown = BTreeSet::new();
    for one in shown {
        match one {
            Shown::Watched(topics, after) => {
                if watches.is_empty() {
                    // It may begin with the past.
                    next = 0;
                }
                for topic in topics {
                    if watches.iter().all(|watch| watch.topic != *topic) {
                        watches.push(Watch { topic, after: *after });
                    }
                }
            }
            Shown::Unwatched(left) => watches.retain(|watch| left.contains(watch.topic)),
            Shown::Change(change) if change.kind() == "progress" => {}
            Shown::Change(change) => {
                let place = places[&key(change)];
                assert!(place >= next, "{change:?} again");
                next = place + 1;
                let is_watched =
                    |watch: &Watch| change.sequence > watch.after && is_about(watch.topic, change);
                assert!(watches.iter().any(is_watched), "{change:?} with {watches:?}");
                assert!(is_open.is_none_or(|open| open == change.sequence), "{change:?} within {is_open:?}");
                is_open = (!change.is_end()).then_some(change.sequence);
                places_shown.insert(place);
            }
        }
    }
    assert_eq!(is_open, None, "a commit has no end");
    // What is watched to the end was shown from its beginning.
    let end = all.iter().position(|change| change.body["event_id"] == "end").expect("the last change");
    for (place, change) in all[..=end].iter().enumerate() {
        let is_watched = |watch: &Watch| change.sequence > watch.after && is_about(watch.topic, change);
        let wanted = watches.iter().any(is_watched);
        assert!(!wanted || places_shown.contains(&place), "{change:?} was not shown with {watches:?}");
    }
}

fn key(change: &ChangeLine) -> String {
    format!("{} {} {}", change.sequence, change.body["event_id"], change.body["entry"])
}

fn is_about(topic: &str, change: &ChangeLine) -> bool {
    let people = change.body["people"].as_array();
    match topic.split_once(':') {
        Some(("event", id)) => change.body["event_id"] == id,
        Some((_, id)) => people.is_some_and(|people| people.iter().any(|person| person == id)),
        None => topic == "all" || (topic == "calendars") == people.is_some(),
    }
}
