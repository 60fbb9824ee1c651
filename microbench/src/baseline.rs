//! The baseline: a file with a line for each operation, its name and its instructions.

use std::collections::BTreeMap;

use anyhow::Context;

/// An operation that exceeds the baseline by more is a regression.
pub const EXCESS_PERCENT_MAX: u64 = 10;

/// Instructions by the name of the operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline(pub BTreeMap<String, u64>);

impl Baseline {
    /// Parses the text of [`Baseline::text`]. Lines that begin with `#` are comments.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let counts = lines.map(|line| {
            let (name, count) = line.rsplit_once('\t').context("no tab")?;
            Ok((name.to_owned(), count.trim().parse()?))
        });
        let counts: anyhow::Result<_> = counts.collect();
        Ok(Self(counts.context("the file of instructions is malformed")?))
    }

    /// The content of the file.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# Instructions of each operation, counted by valgrind. Written by: cargo run --release -p bookline-microbench -- record\n",
        );
        for (name, count) in &self.0 {
            text += &format!("{name}\t{count}\n");
        }
        text
    }

    pub fn compare(&self, name: &str, count: u64) -> Comparison {
        match self.0.get(name) {
            None => Comparison::New,
            Some(&before) if count * 100 > before * (100 + EXCESS_PERCENT_MAX) => {
                Comparison::Worse { before }
            }
            Some(&before) if count * (100 + EXCESS_PERCENT_MAX) < before * 100 => {
                Comparison::Better { before }
            }
            Some(&before) => Comparison::Same { before },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The baseline does not have the operation.
    New,
    /// Within the tolerance.
    Same { before: u64 },
    /// More instructions than the tolerance allows.
    Worse { before: u64 },
    /// So many fewer instructions that the baseline should be recorded again.
    Better { before: u64 },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let baseline = Baseline([("parse BOOK".to_owned(), 140), ("draw a ticket".to_owned(), 50)].into());
        assert_eq!(Baseline::parse(&baseline.text()).unwrap(), baseline);
        assert!(Baseline::parse("parse BOOK 140\n").is_err());
    }

    #[test]
    fn count_above_the_tolerance_is_a_regression() {
        let baseline = Baseline([("operation".to_owned(), 100)].into());
        assert_eq!(baseline.compare("operation", 110), Comparison::Same { before: 100 });
        assert_eq!(baseline.compare("operation", 111), Comparison::Worse { before: 100 });
        assert_eq!(baseline.compare("operation", 91), Comparison::Same { before: 100 });
        assert_eq!(baseline.compare("operation", 90), Comparison::Better { before: 100 });
        assert_eq!(baseline.compare("another", 1), Comparison::New);
    }
}
