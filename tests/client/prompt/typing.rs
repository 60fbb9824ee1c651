//! What is shown while the user types: hints, completions, colors, open quotes.

use crate::support::fake_server::FakeServer;
use crate::support::terminal::Terminal;

#[test]
fn terminal_shows_what_is_typed() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end()
    });
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("PING\r");
    terminal.wait_for("bookline> PING\nOK\nbookline> ");
    terminal.leave();
    assert_eq!(fake.join(), b"");
}
