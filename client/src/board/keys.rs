//! Reads the keyboard.

use std::io;
use std::thread;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

use crate::board::key::Key;
use crate::error::Error;

/// What the user does.
#[derive(Debug)]
pub enum Input {
    Key(Key),
    /// The terminal has another size.
    Resized,
    /// The keyboard has gone.
    Ended(io::Error),
}

/// Sends what the user does, from a thread of its own, which ends with the process.
///
/// # Errors
///
/// There is no thread.
pub fn listen(inputs: mpsc::Sender<Input>) -> Result<(), Error> {
    let read = move || {
        loop {
            let input = match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Input::Key(key_of(key)),
                Ok(Event::Resize(..)) => Input::Resized,
                Ok(_) => continue,
                Err(error) => {
                    // Without a listener the client ends anyway.
                    let _ = inputs.blocking_send(Input::Ended(error));
                    return;
                }
            };
            if inputs.blocking_send(input).is_err() {
                return;
            }
        }
    };
    let spawned = thread::Builder::new().name("keys".to_owned()).spawn(read);
    spawned.map(|_| ()).map_err(|source| Error::Start { source })
}

fn key_of(key: KeyEvent) -> Key {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Key::Interrupt,
            KeyCode::Char('z') => Key::Suspend,
            KeyCode::Char('l') => Key::Redraw,
            KeyCode::Char('b') => Key::PageUp,
            KeyCode::Char('f') => Key::PageDown,
            KeyCode::Char('d') => Key::Quit,
            _ => Key::Other,
        };
    }
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => Key::Up,
        KeyCode::Down | KeyCode::Char('j') => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown | KeyCode::Char(' ') => Key::PageDown,
        KeyCode::Home | KeyCode::Char('g') => Key::Home,
        KeyCode::End | KeyCode::Char('G') => Key::End,
        KeyCode::Left | KeyCode::Char('h') => Key::Left,
        KeyCode::Right | KeyCode::Char('l') => Key::Right,
        KeyCode::Char('?') => Key::Help,
        KeyCode::Esc => Key::Escape,
        KeyCode::Char('q' | 'Q') => Key::Quit,
        _ => Key::Other,
    }
}
