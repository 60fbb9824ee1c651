//! What to do about a change whose outcome is unknown.

use std::fmt;

/// What to do about a change whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The lines have keys: sent again, they are answered as the first time. This is the only message that
    /// shows a key.
    SendAgain { lines: Vec<String> },
    /// The changes have keys, and the prompt asks for their outcome itself.
    AskedWithNextCommand { changes: usize },
    /// The change has no key.
    Look,
    /// The change has no key because the client was started without `--retry`.
    LookAndUseRetry,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SendAgain { lines } if lines.len() == 1 => {
                write!(
                    f,
                    "to find out, and to make the change if it was not made, type at the prompt\n{}",
                    lines[0]
                )
            }
            Self::SendAgain { lines } => {
                f.write_str("to find out, and to make the changes that were not made, send these lines")?;
                lines.iter().try_for_each(|line| write!(f, "\n{line}"))
            }
            Self::AskedWithNextCommand { changes: 1 } => {
                f.write_str("the change in doubt is asked for with the next command")
            }
            Self::AskedWithNextCommand { changes } => {
                write!(f, "the {changes} changes in doubt are asked for with the next command")
            }
            Self::Look => f.write_str(
                "it has no key, because the server does not take one with it, so it was not sent again: look \
                 before you type it again",
            ),
            Self::LookAndUseRetry => f.write_str(
                "look before you send it again; with --retry 5 the client sends it again and finds out",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_to_send_again_are_shown_as_they_are_typed() {
        let advice = |lines: &[&str]| {
            Advice::SendAgain { lines: lines.iter().map(|line| (*line).to_owned()).collect() }.to_string()
        };
        assert_eq!(
            advice(&["BOOK e 1 key=k"]),
            "to find out, and to make the change if it was not made, type at the prompt\nBOOK e 1 key=k"
        );
        assert_eq!(
            advice(&["BOOK e 1 key=k", "BOOK e 2 key=l"]),
            "to find out, and to make the changes that were not made, send these lines\nBOOK e 1 key=k\nBOOK \
             e 2 key=l"
        );
    }
}
