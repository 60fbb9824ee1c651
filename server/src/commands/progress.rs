//! How far a reply in pieces has come.

/// Nothing longer is written at once. It is half of a connection's own buffer for replies: a turn ends when the other
/// half is full, so that both fit into it.
pub const AT_ONCE: usize = 32 << 10;

/// How far a reply has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its last line is written.
    Whole,
    /// The answer is full, or the turn is over.
    Part,
    /// It has to hold so many bytes of the state, for which no share was free.
    Share(usize),
}
