//! Keys.

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    /// The week before.
    Left,
    /// The week after.
    Right,
    Help,
    /// Draws everything anew.
    Redraw,
    /// Escape, which leaves the help, and otherwise the client.
    Escape,
    Quit,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Any other key.
    Other,
}
