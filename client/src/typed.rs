//! What was typed and not read yet.

/// How a terminal begins and ends what is pasted, for an editor that asked it to.
const PASTE_BEGINS: [u8; 6] = *b"\x1b[200~";
const PASTE_ENDS: [u8; 6] = *b"\x1b[201~";

/// Bytes of a piece at most: less than what a pseudo-terminal holds, so that whoever writes one does not wait.
const PIECE: usize = 1024;

/// Keys in the order in which they were pressed.
#[derive(Debug, Default)]
pub struct Typed {
    keys: Vec<u8>,
    /// The last keys that were taken.
    last: [u8; 6],
    /// Whether they end within a paste, whose line feeds end no line.
    in_paste: bool,
}

/// Keys for the editor.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The keys.
    pub bytes: Vec<u8>,
    /// Whether the last of them should end the editor's line.
    pub ends_line: bool,
}

impl Typed {
    /// One more key.
    pub fn push(&mut self, key: u8) {
        self.keys.push(key);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many lines there are that say something, an unfinished one among them.
    pub fn lines(&self) -> usize {
        let is_end = |key: &u8| *key == b'\r' || *key == b'\n';
        self.keys.split(is_end).filter(|line| !line.trim_ascii().is_empty()).count()
    }

    /// Takes the keys up to the next that ends a line, if they are not too many.
    pub fn take_piece(&mut self) -> Piece {
        let mut end = 0;
        let mut ends_line = false;
        while end < self.keys.len().min(PIECE) && !ends_line {
            let key = self.keys[end];
            self.last.rotate_left(1);
            self.last[5] = key;
            match self.last {
                PASTE_BEGINS => self.in_paste = true,
                PASTE_ENDS => self.in_paste = false,
                _ => {}
            }
            // Ctrl-C, Ctrl-D, Ctrl-J and Enter.
            ends_line = !self.in_paste && matches!(key, 0x03 | 0x04 | b'\n' | b'\r');
            end += 1;
        }
        Piece { bytes: self.keys.drain(..end).collect(), ends_line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Typed {
        let mut typed = Typed::default();
        keys.bytes().for_each(|key| typed.push(key));
        typed
    }

    fn pieces(keys: &str) -> Vec<(String, bool)> {
        let mut typed = typed(keys);
        let mut pieces = Vec::new();
        while !typed.is_empty() {
            let Piece { bytes, ends_line } = typed.take_piece();
            pieces.push((String::from_utf8(bytes).unwrap(), ends_line));
        }
        pieces
    }

    #[test]
    fn a_piece_is_a_line() {
        let piece = |text: &str, ends_line| (text.to_owned(), ends_line);
        assert_eq!(
            pieces("PING\rGET\nBO\x03\x04x"),
            [
                piece("PING\r", true),
                piece("GET\n", true),
                piece("BO\x03", true),
                piece("\x04", true),
                piece("x", false)
            ]
        );
        let long = "x".repeat(PIECE + 1);
        assert_eq!(pieces(&long), [piece(&long[1..], false), piece("x", false)]);
    }

    #[test]
    fn a_paste_is_within_a_line() {
        let keys = "\x1b[200~PING\nGET\n\x1b[201~\rPING\r";
        assert_eq!(pieces(keys), [(keys[..22].to_owned(), true), ("PING\r".to_owned(), true)]);
    }

    #[test]
    fn the_end_of_a_paste_may_come_in_pieces() {
        let mut typed = typed("\x1b[200~PING\n\x1b[2");
        assert!(!typed.take_piece().ends_line);
        b"01~\rPING\r".iter().for_each(|key| typed.push(*key));
        assert_eq!(typed.take_piece(), Piece { bytes: b"01~\r".to_vec(), ends_line: true });
    }

    #[test]
    fn lines_that_say_something_are_counted() {
        assert_eq!(typed("").lines(), 0);
        assert_eq!(typed("\r\n \r").lines(), 0);
        assert_eq!(typed("PING\r\nGET\r\r\nBO").lines(), 3);
    }
}
