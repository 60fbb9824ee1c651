//! What is shown while the user types: hints, completions, colors, open quotes.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::real_server::RealServer;
use crate::support::session::PROMPT;
use crate::support::terminal::Terminal;

/// The longest that Tab takes with a server that does not answer: it waits for 200 ms, and a busy machine
/// needs more.
const TAB_MAX: Duration = Duration::from_secs(2);

/// A reply to HELP.
const HELP: &str = concat!(
    r#"ROW {"command":"BOOK","usage":"BOOK <event-id> <n> [for=<name>]","help":"buys n tickets"}"#,
    "\n",
    r#"ROW {"command":"PING","usage":"PING","help":"answers OK"}"#,
    "\n",
    r#"ROW {"command":"REFUND","usage":"REFUND <ticket-id> [reason=<text>]","help":"refunds"}"#,
    "\nOK {\"count\":3}\n"
);

/// A reply to GET.
const EVENTS: &str = concat!(
    r#"ROW {"id":"jam","name":"Jam \u001b[2JSession","date":"2026-12-30","total_tickets":9,"#,
    r#""available_tickets":7}"#,
    "\n",
    r#"ROW {"id":"jazz","name":"Jazz Night","date":"2026-12-31","total_tickets":100,"available_tickets":42}"#,
    "\nOK {\"count\":2}\n"
);

/// A reply to GET with an id.
const ROCK: &str = concat!(
    r#"OK {"id":"rock","name":"Rock","date":"2026-12-30","total_tickets":9,"available_tickets":7}"#,
    "\n"
);

/// A server on whose first connection commands are executed, and with whose second the directory is served.
fn server(
    commands: impl FnOnce(Peer) + Send + 'static,
    directory: impl FnOnce(Peer) + Send + 'static,
) -> FakeServer<()> {
    FakeServer::with_listener(|listener: TcpListener| {
        let peer = Peer::greeted(&listener);
        let looked_up = thread::spawn(move || directory(Peer::directory(&listener)));
        commands(peer);
        looked_up.join().unwrap();
    })
}

/// Serves the directory until the client ends.
fn serve_directory(mut peer: Peer) {
    loop {
        match peer.read_any_line().as_str() {
            "HELLO\n" => peer.send(HELLO_REPLY),
            "HELP\n" => peer.send(HELP),
            "GET limit=1000\n" => peer.send(EVENTS),
            // An event behind those of the listing.
            "GET rock\n" => peer.send(ROCK),
            "" => return,
            line if line.starts_with("GET ") => {
                peer.send("ERR NOT_FOUND {\"message\":\"m\",\"retry\":false}\n");
            }
            line => panic!("the directory sends {line:?}"),
        }
    }
}

/// A server that answers PING once.
fn ping(mut peer: Peer) {
    peer.expect("PING\n", "OK {}\n");
    peer.read_to_end();
}

/// Whether the text on the first row that has it is dim.
fn is_dim(screen: &vt100::Screen, text: &str) -> bool {
    has_style(screen, text, vt100::Cell::dim)
}

fn has_style(screen: &vt100::Screen, text: &str, is_styled: impl Fn(&vt100::Cell) -> bool) -> bool {
    let (_, columns) = screen.size();
    let found =
        screen.rows(0, columns.get()).enumerate().find_map(|(row, line)| Some((row, line.find(text)?)));
    let Some((row, column)) = found else { return false };
    (column..column + text.len())
        .filter_map(|column| screen.cell(row as u16, column as u16))
        .all(|cell| cell.contents() == " " || is_styled(cell))
}

#[test]
fn hint_is_dim_and_is_gone_when_the_line_is_sent() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("book jazz 2\n", "OK {}\n");
        peer.read_to_end()
    });
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("book");
    terminal.wait_until_shown(|screen| {
        screen.contents().contains("bookline> book <event-id> <n>") && is_dim(screen, "<event-id> <n>")
    });
    // The right arrow and Tab insert no hint.
    terminal.press("\x1b[C jazz\t 2");
    terminal.wait_for("bookline> book jazz 2 [<event-id> <n>]... [for=<name>]");
    terminal.press("\r");
    terminal.wait_for("bookline> book jazz 2\nOK\nbookline>");
    assert!(!terminal.screen().contains("<event-id>"), "{}", terminal.screen());
    terminal.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn hint_is_cut_at_the_end_of_a_narrow_line() {
    let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
    let mut terminal = Terminal::at_prompt(fake.addr, 40);
    terminal.press("create ");
    terminal.wait_for("bookline> create <name> <date> <tick...");
    terminal.resize(80);
    terminal.press("x ");
    terminal.wait_for("bookline> create x <date> <tickets>");
    terminal.press("\x15");
    terminal.wait_until(|screen| !screen.contains("create"));
    terminal.leave();
    fake.join();
}

#[test]
fn hint_uses_the_characters_of_the_locale() {
    let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
    let mut command = bookline(fake.addr, &[]);
    command.env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1");
    let mut terminal = Terminal::start(command, 40);
    terminal.wait_for(PROMPT);
    terminal.press("cancel ");
    terminal.wait_for("bookline> cancel ‹ticket-id›");
    let is_plain =
        |cell: &vt100::Cell| !cell.dim() && !cell.bold() && cell.fgcolor() == vt100::Color::Default;
    terminal.wait_until_shown(|screen| has_style(screen, "cancel", is_plain));
    terminal.press("\x15");
    terminal.wait_until(|screen| !screen.contains("cancel"));
    terminal.leave();
    fake.join();
}

#[test]
fn tab_shows_events_with_their_names_and_completes_their_ids() {
    let commands = |mut peer: Peer| {
        peer.expect("BOOK jazz 2\n", "OK {}\n");
        peer.read_to_end();
    };
    let fake = server(commands, serve_directory);
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("BOOK j");
    let screen = terminal.press_until("\t", "jazz  Jazz Night - 42 left");
    assert!(screen.contains("jam  Jam \\u{1b}[2JSession - 7 left"), "{screen}");
    terminal.press("z\t2");
    terminal.wait_for("bookline> BOOK jazz 2");
    terminal.press("\r");
    terminal.wait_for("bookline> BOOK jazz 2\nOK\n");
    terminal.leave();
    fake.join();
}

#[test]
fn tab_finds_an_event_by_its_name_and_by_its_whole_id() {
    let fake = server(|mut peer| drop(peer.read_to_end()), serve_directory);
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("BOOK night");
    terminal.press_until("\t", "bookline> BOOK jazz <n>");
    terminal.press("\x15BOOK rock");
    terminal.wait_for("bookline> BOOK rock <n>");
    // A blank follows the id of an event that there is.
    let completed = "bookline> BOOK rock ".len() as u16;
    terminal.press_until_shown("\t", |screen| screen.cursor_position().1 == completed);
    terminal.press("\x15");
    terminal.wait_until(|screen| !screen.contains("BOOK"));
    terminal.leave();
    fake.join();
}

#[test]
fn command_of_a_newer_server_has_a_hint_and_a_completion() {
    let fake = server(|mut peer| drop(peer.read_to_end()), serve_directory);
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("ref");
    terminal.press_until("\t", "bookline> refund <ticket-id>");
    terminal.press("x re\t");
    terminal.wait_for("bookline> refund x reason=");
    terminal.press("\x15cre");
    terminal.wait_for("bookline> cre");
    terminal.press("\x15create x");
    // The server has no such command.
    terminal.wait_until_shown(|screen| {
        has_style(screen, "create", |cell| cell.fgcolor() == vt100::Color::Idx(1))
    });
    terminal.press("\x15");
    terminal.wait_until(|screen| !screen.contains("create"));
    terminal.leave();
    fake.join();
}

#[test]
fn tab_does_not_wait_for_a_slow_server() {
    let (answer, answers) = mpsc::channel::<()>();
    let directory = move |peer: Peer| {
        answers.recv().unwrap();
        serve_directory(peer);
    };
    let fake = server(ping, directory);
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("book ja");
    terminal.wait_for("bookline> book ja <n>");
    let pressed = Instant::now();
    terminal.press("\tz");
    terminal.wait_for("bookline> book jaz <n>");
    assert!(pressed.elapsed() < TAB_MAX, "it took {:?}", pressed.elapsed());
    terminal.press("\x15PING\r");
    terminal.wait_for("bookline> PING\nOK\n");
    answer.send(()).unwrap();
    terminal.press("book ja");
    terminal.press_until("\t", "jazz  Jazz Night - 42 left");
    terminal.press("\x15");
    terminal.leave();
    fake.join();
}

/// Types with Tab and a command while the directory's connection gets this reply to GET without an end.
#[track_caller]
fn types_beside_endless_reply(reply: &'static str) {
    let directory = move |mut peer: Peer| {
        assert_eq!((peer.read_any_line(), peer.read_any_line()), ("HELLO\n".into(), "HELP\n".into()));
        peer.send(HELLO_REPLY);
        peer.send(HELP);
        assert_eq!(peer.read_any_line(), "GET limit=1000\n");
        // The client closes the connection.
        while peer.try_send(&reply.repeat(1_000)).is_ok() {}
    };
    let fake = server(ping, directory);
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("book ja");
    terminal.wait_for("bookline> book ja <n>");
    let pressed = Instant::now();
    terminal.press("\tz");
    terminal.wait_for("bookline> book jaz <n>");
    assert!(pressed.elapsed() < TAB_MAX, "it took {:?}", pressed.elapsed());
    terminal.press("\x15PING\r");
    let screen = terminal.wait_for("bookline> PING\nOK\nbookline>");
    assert!(!screen.contains("ROW"), "{screen}");
    terminal.leave();
    fake.join();
}

#[test]
fn endless_rows_delay_nobody_who_types() {
    types_beside_endless_reply("ROW {\"id\":\"e\"}\n");
}

#[test]
fn line_without_end_delays_nobody_who_types() {
    types_beside_endless_reply("ROW ");
}

#[test]
fn word_for_a_date_is_sent_as_the_date_at_the_server() {
    let fake = FakeServer::greeted(|mut peer| {
        // It is Sunday, 2026-11-22, at the server.
        peer.expect("GET F1 2026-11-23 \n", "OK {}\n");
        peer.expect("GET F1 2026-11-22 2026-11-27 \n", "OK {}\n");
        peer.read_to_end()
    });
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("GET F1 tom\t");
    terminal.wait_for("bookline> GET F1 2026-11-23");
    terminal.press("\r");
    terminal.wait_for("OK\nbookline>");
    terminal.press("GET F1 to\t");
    let screen = terminal.wait_for("today  2026-11-22 Sun");
    assert!(screen.contains("tomorrow  2026-11-23 Mon"), "{screen}");
    terminal.press("d\tfri\t\r");
    terminal.wait_for("bookline> GET F1 2026-11-22 2026-11-27 \nOK\n");
    terminal.press("\x1b[A");
    terminal.wait_until(|screen| screen.matches("GET F1 2026-11-22 2026-11-27").count() == 2);
    terminal.press("\x15");
    terminal.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn open_quote_continues_on_the_next_line() {
    const SENT: &str = "CREATE \"Rust\\nConf\" 2026-12-31 5";
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect(&format!("{SENT}\n"), "OK {\"id\":\"x\"}\n");
        peer.expect("PING\n", "OK {}\n");
        peer.expect("GET it's\n", "OK {}\n");
        peer.read_to_end()
    });
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("CREATE \"Rust\r");
    terminal.wait_until_shown(|screen| {
        screen.contents().contains("bookline> CREATE \"Rust") && screen.cursor_position().1 == 0
    });
    terminal.press("Conf\" 2026-12-31 5\r");
    terminal.wait_for(" id | x");
    terminal.press("\x1b[A");
    terminal.wait_for(&format!("bookline> {SENT}"));
    // Ctrl-C leaves an open quote.
    terminal.press("\x15MEET \"F1\r");
    terminal.wait_until_shown(|screen| {
        screen.contents().contains("bookline> MEET \"F1") && screen.cursor_position().1 == 0
    });
    terminal.press("\x03PING\r");
    terminal.wait_for("bookline> PING\nOK\n");
    terminal.press("GET it's\r");
    terminal.wait_for("bookline> GET it's\nOK\nbookline>");
    terminal.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn open_quote_is_sent_from_a_terminal_that_only_reads_lines() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("MEET \"F1\n", "OK {}\n");
        peer.read_to_end()
    });
    let mut command = bookline(fake.addr, &[]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::start(command, 80);
    terminal.wait_for(PROMPT);
    terminal.press("MEET \"F1\n");
    terminal.wait_for("OK\n");
    terminal.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn verbs_quotes_and_errors_have_colors() {
    let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    let color = |index: u8| move |cell: &vt100::Cell| cell.fgcolor() == vt100::Color::Idx(index);
    terminal.press("create \"Rust");
    terminal.wait_until_shown(|screen| {
        has_style(screen, "create", color(6)) && has_style(screen, "\"Rust", color(1))
    });
    terminal.press(" Conf\" x=1");
    terminal.wait_until_shown(|screen| {
        has_style(screen, "\"Rust Conf\"", color(2)) && has_style(screen, "x=1", color(1))
    });
    terminal.press("\x15boko");
    terminal
        .wait_until_shown(|screen| has_style(screen, "boko", |cell| cell.fgcolor() == vt100::Color::Default));
    terminal.press(" ");
    terminal.wait_until_shown(|screen| has_style(screen, "boko", color(1)));
    terminal.press("\x15");
    terminal.wait_until(|screen| !screen.contains("boko"));
    terminal.leave();
    fake.join();
}

/// It would fail if Tab took the only event of an incomplete list for the only one of the server.
#[test]
fn event_is_not_completed_from_a_list_that_is_not_complete() {
    let server = RealServer::start();
    let creates: String = (0..1_050).map(|number| format!("CREATE x 2026-12-31 9 id=ev{number}\n")).collect();
    server.run_script(creates);
    let mut terminal = Terminal::at_prompt(server.addr, 80);
    // Of these, ev954 is the last one in the list.
    terminal.press("book ev954");
    terminal.press_until("\t", "(there are more events than are listed)");
    terminal.press("0\x15book ev95");
    terminal.press_until("\t", "ev95  x - 9 left");
    terminal.wait_for("bookline> book ev95 <n>");
    terminal.press("\x15");
    terminal.leave();
}
