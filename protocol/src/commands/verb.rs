//! Verbs: the words that requests begin with.

use std::fmt;

use strsim::damerau_levenshtein;

use crate::refusal::Refusal;
use crate::shown::Echo;

/// The first word of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of commands says what each does")]
pub enum Verb {
    Create,
    Get,
    Book,
    Ticket,
    Block,
    Meet,
    Hod,
    Delete,
    Put,
    Hello,
    Help,
    Ping,
    Stats,
    Snapshot,
    Quit,
}

/// Words that are accepted in place of a verb.
pub const VERB_ALIASES: &[(&str, Verb)] = &[("EXIT", Verb::Quit)];

/// Edits between an unknown word and a verb for the verb to be suggested. Three edits turn any word of three
/// letters into any other.
const TYPO_DISTANCE_MAX: usize = 2;

/// Reserved for authentication in a later version. No command may use it.
pub const RESERVED_VERB: &str = "AUTH";

impl Verb {
    /// All verbs, in the order of [`crate::COMMANDS`].
    pub const ALL: [Self; 15] = [
        Self::Create,
        Self::Get,
        Self::Book,
        Self::Ticket,
        Self::Block,
        Self::Meet,
        Self::Hod,
        Self::Delete,
        Self::Put,
        Self::Hello,
        Self::Help,
        Self::Ping,
        Self::Stats,
        Self::Snapshot,
        Self::Quit,
    ];

    /// The verb in upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Get => "GET",
            Self::Book => "BOOK",
            Self::Ticket => "TICKET",
            Self::Block => "BLOCK",
            Self::Meet => "MEET",
            Self::Hod => "HOD",
            Self::Delete => "DELETE",
            Self::Put => "PUT",
            Self::Hello => "HELLO",
            Self::Help => "HELP",
            Self::Ping => "PING",
            Self::Stats => "STATS",
            Self::Snapshot => "SNAPSHOT",
            Self::Quit => "QUIT",
        }
    }

    /// The verb that a word stands for, in any case, aliases included.
    pub fn from_word(word: &str) -> Option<Self> {
        let packed = packed(word.as_bytes())?;
        PACKED.iter().find(|(known, _)| *known == packed).map(|(_, verb)| *verb)
    }

    /// As [`Verb::from_word`]. The refusal of an unknown word suggests the nearest verb.
    pub(crate) fn parse(word: &str) -> Result<Self, Refusal> {
        Self::from_word(word).ok_or_else(|| unknown(word))
    }

    /// Every word that a request can begin with and its verb: the verbs in the order of [`crate::COMMANDS`],
    /// then the aliases.
    pub fn words() -> impl Iterator<Item = (&'static str, Self)> {
        Self::ALL.into_iter().map(|verb| (verb.as_str(), verb)).chain(VERB_ALIASES.iter().copied())
    }
}

/// The words of [`Verb::words`] packed into integers, since every line is looked up here.
static PACKED: [(u64, Verb); Verb::ALL.len() + VERB_ALIASES.len()] = {
    let mut table = [(0, Verb::Quit); Verb::ALL.len() + VERB_ALIASES.len()];
    let mut at = 0;
    while at < table.len() {
        let (word, verb) = match at.checked_sub(Verb::ALL.len()) {
            None => (Verb::ALL[at].as_str(), Verb::ALL[at]),
            Some(alias) => VERB_ALIASES[alias],
        };
        table[at] = match packed(word.as_bytes()) {
            Some(number) => (number, verb),
            None => panic!("a verb has at most eight letters"),
        };
        at += 1;
    }
    table
};

/// A word of 1 to 8 bytes, in upper case, as a big-endian integer. A zero byte has no packed form: it could
/// not be told from a shorter word.
const fn packed(word: &[u8]) -> Option<u64> {
    if word.is_empty() || word.len() > 8 {
        return None;
    }
    let mut number = 0;
    let mut at = 0;
    while at < word.len() {
        if word[at] == 0 {
            return None;
        }
        number = number << 8 | word[at].to_ascii_uppercase() as u64;
        at += 1;
    }
    Some(number)
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn unknown(word: &str) -> Refusal {
    if word.eq_ignore_ascii_case(RESERVED_VERB) {
        let message = format!("{} is reserved for a later version: nothing asks for it yet", RESERVED_VERB);
        return Refusal::unknown_command(message, None);
    }
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
