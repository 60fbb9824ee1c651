//! What a turn has executed and refused. It is added to the counters of the server once a turn, because an
//! atomic addition for each request would make all threads contend for one cache line.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use bookline_protocol::{Code, Verb};

use super::counters::Counters;

/// Requests by verb, and refusals by code.
#[derive(Debug, Default)]
pub struct TurnCounts {
    verbs: Counts<{ Verb::ALL.len() }>,
    codes: Counts<{ Code::ALL.len() }>,
}

/// How often each of `N` things was counted.
#[derive(Debug)]
struct Counts<const N: usize> {
    counts: [u32; N],
    /// A bit for each of the counts that are not zero: most turns have one or two.
    used: u64,
}

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        const { assert!(N <= u64::BITS as usize) };
        Self { counts: [0; N], used: 0 }
    }
}

impl<const N: usize> Counts<N> {
    #[inline(always)]
    fn add(&mut self, index: usize) {
        self.counts[index] += 1;
        self.used |= 1 << index;
    }

    #[inline]
    fn move_to(&mut self, shared: &[AtomicU64; N]) {
        let mut used = std::mem::take(&mut self.used);
        while used != 0 {
            let index = used.trailing_zeros() as usize;
            used &= used - 1;
            shared[index].fetch_add(std::mem::take(&mut self.counts[index]).into(), Relaxed);
        }
    }
}

impl TurnCounts {
    #[inline(always)]
    pub fn executed(&mut self, verb: Verb) {
        self.verbs.add(verb as usize);
    }

    #[inline]
    pub fn refused(&mut self, code: Code) {
        self.codes.add(code as usize);
    }

    /// Adds everything to the counters of the server, and begins anew.
    #[inline]
    pub fn move_to(&mut self, counters: &Counters) {
        self.verbs.move_to(&counters.by_verb);
        self.codes.move_to(&counters.by_code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counters are in the orders of the lists.
    #[test]
    fn everything_is_counted_once_under_its_own_name() {
        let (counters, mut counts) = (Counters::new(1), TurnCounts::default());
        for (index, (&verb, code)) in Verb::ALL.iter().zip(Code::ALL).enumerate() {
            for _ in 0..=index {
                counts.executed(verb);
                counts.refused(code);
            }
        }
        counts.move_to(&counters);
        counts.move_to(&counters);
        let counted = Code::ALL.len() as u64;
        let verbs: Vec<_> = counters.executed().collect();
        assert!(verbs[..Code::ALL.len()].iter().map(|(_, count)| *count).eq(1..=counted), "{verbs:?}");
        assert!(verbs.iter().map(|(verb, _)| verb).eq(Verb::ALL));
        let codes: Vec<_> = counters.refused().collect();
        assert!(codes.iter().map(|(_, count)| *count).eq(1..=counted), "{codes:?}");
        assert!(codes.iter().map(|(code, _)| *code).eq(Code::ALL));
    }
}
