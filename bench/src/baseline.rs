//! What was counted before: a line for each piece, its name and its instructions.

use std::collections::BTreeMap;

use anyhow::Context;

/// A piece that needs so many more percent than written down is a regression.
pub const TOLERATED_PERCENT: u64 = 10;

/// Instructions by the name of the piece.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline(pub BTreeMap<String, u64>);

impl Baseline {
    /// Reads what [`Baseline::text`] wrote; lines that begin with `#` are for people.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let counts = lines.map(|line| {
            let (name, count) = line.rsplit_once('\t').context("no tab")?;
            Ok((name.to_owned(), count.trim().parse()?))
        });
        let counts: anyhow::Result<_> = counts.collect();
        Ok(Self(counts.context("the file of instructions is malformed")?))
    }

    /// As it stands in the file.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# Instructions of each piece, counted by valgrind. Written by: cargo run --release -p bookline-bench -- record\n",
        );
        for (name, count) in &self.0 {
            text += &format!("{name}\t{count}\n");
        }
        text
    }

    /// How a count compares with the one written down.
    pub fn judge(&self, name: &str, count: u64) -> Verdict {
        match self.0.get(name) {
            None => Verdict::New,
            Some(&before) if count * 100 > before * (100 + TOLERATED_PERCENT) => Verdict::Worse { before },
            Some(&before) if count * (100 + TOLERATED_PERCENT) < before * 100 => Verdict::Better { before },
            Some(&before) => Verdict::Same { before },
        }
    }
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not written down.
    New,
    /// Within what is tolerated.
    Same {
        /// What is written down.
        before: u64,
    },
    /// More than is tolerated.
    Worse {
        /// What is written down.
        before: u64,
    },
    /// So much less that it is worth writing down.
    Better {
        /// What is written down.
        before: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let baseline = Baseline([("parse BOOK".to_owned(), 140), ("draw a ticket".to_owned(), 50)].into());
        assert_eq!(Baseline::read(&baseline.text()).unwrap(), baseline);
        assert!(Baseline::read("parse BOOK 140\n").is_err());
    }

    #[test]
    fn a_tenth_more_is_tolerated_and_no_more() {
        let baseline = Baseline([("piece".to_owned(), 100)].into());
        assert_eq!(baseline.judge("piece", 110), Verdict::Same { before: 100 });
        assert_eq!(baseline.judge("piece", 111), Verdict::Worse { before: 100 });
        assert_eq!(baseline.judge("piece", 91), Verdict::Same { before: 100 });
        assert_eq!(baseline.judge("piece", 90), Verdict::Better { before: 100 });
        assert_eq!(baseline.judge("another", 1), Verdict::New);
    }
}
