//! Verbs: the words that requests begin with.

use std::fmt;

use strsim::damerau_levenshtein;

use crate::refusal::Refusal;
use crate::shown::Echo;

/// Edits between an unknown word and a verb for the verb to be suggested. Three edits turn any word of three
/// letters into any other.
const TYPO_DISTANCE_MAX: usize = 2;

/// Bytes of the longest verb.
const VERB_BYTES_MAX: usize = 8;

macro_rules! define_verbs {
    ($(
        $variant:ident $(<$lifetime:lifetime>)? in $module:ident: $word:literal $(| $alias:literal)*;
    )*) => {
        /// The first word of a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Verb {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        const WORDS: &[(&str, Verb)] =
            &[$(($word, Verb::$variant),)* $($(($alias, Verb::$variant),)*)*];

        impl Verb {
            /// All verbs, in the order of `protocol.md`.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The verb in upper case.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The verb that a word stands for, in any case, aliases included.
            pub fn from_word(word: &str) -> Option<Self> {
                match padded(word)? {
                    $(
                        word if word == const { padded($word).unwrap() } => Some(Self::$variant),
                        $(word if word == const { padded($alias).unwrap() } => Some(Self::$variant),)*
                    )*
                    _ => None,
                }
            }
        }
    };
}

for_each_command!(define_verbs);

impl Verb {
    /// As [`Verb::from_word`]. The refusal of an unknown word suggests the nearest verb.
    pub(crate) fn parse(word: &str) -> Result<Self, Refusal> {
        Self::from_word(word).ok_or_else(|| unknown(word))
    }

    /// Every word that a request can begin with and its verb: the verbs in the order of [`Verb::ALL`], then
    /// the aliases.
    pub fn words() -> impl Iterator<Item = (&'static str, Self)> {
        WORDS.iter().copied()
    }
}

/// A word in upper case, padded to the length of the longest verb. No word has the byte of the padding,
/// because it is not UTF-8. Every line is compared with all verbs, and arrays of this length are compared
/// like integers.
const fn padded(word: &str) -> Option<[u8; VERB_BYTES_MAX]> {
    let word = word.as_bytes();
    if word.len() > VERB_BYTES_MAX {
        return None;
    }
    let mut padded = [0xff; VERB_BYTES_MAX];
    padded.split_at_mut(word.len()).0.copy_from_slice(word);
    padded.make_ascii_uppercase();
    Some(padded)
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn unknown(word: &str) -> Refusal {
    match nearest(word) {
        Some(verb) => Refusal::unknown_command(
            format!("{} is not a command: did you mean {verb}? HELP lists the commands", Echo(word)),
            Some(verb),
        ),
        None => Refusal::unknown_command(
            format!("{} is not a command: HELP lists the commands", Echo(word)),
            None,
        ),
    }
}

/// The verb at the smallest edit distance, and of several the first in the table.
fn nearest(word: &str) -> Option<&'static str> {
    // The distance is at least the difference of the lengths. This bounds the cost, which is the product of
    // the lengths.
    let longest = Verb::words().map(|(known, _)| known.len()).max()?;
    if word.len() > longest + TYPO_DISTANCE_MAX {
        return None;
    }
    let word = word.to_ascii_uppercase();
    Verb::words()
        .map(|(known, _)| (damerau_levenshtein(&word, known), known))
        .filter(|(distance, _)| *distance <= TYPO_DISTANCE_MAX)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
