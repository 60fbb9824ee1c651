//! The first word of a request.

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

/// Other words for a verb.
pub const VERB_ALIASES: &[(&str, Verb)] = &[("EXIT", Verb::Quit)];

/// Edits that may lie between a word and the verb that was meant.
const TYPO_DISTANCE_MAX: usize = 2;

/// A word that a later version will use: nothing else may take it.
pub const RESERVED_VERB: &str = "AUTH";

impl Verb {
    /// All verbs, in the order of the table.
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

    /// The verb in capitals.
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

    /// The verb that a word in any case means, aliases included.
    pub fn from_word(word: &str) -> Option<Self> {
        let packed = packed(word.as_bytes())?;
        PACKED.iter().find(|(known, _)| *known == packed).map(|(_, verb)| *verb)
    }

    /// The verb that a word means, or a refusal that names the one that was probably meant.
    pub(crate) fn read(word: &str) -> Result<Self, Refusal> {
        Self::from_word(word).ok_or_else(|| unknown(word))
    }

    /// Every word that begins a request, with its verb: the verbs in the order of the table, then the aliases.
    pub fn words() -> impl Iterator<Item = (&'static str, Self)> {
        Self::ALL.into_iter().map(|verb| (verb.as_str(), verb)).chain(VERB_ALIASES.iter().copied())
    }
}

/// Every word that begins a request as one number: looked for in each line, so that this is worth a table of its own.
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

/// A word of one to eight bytes, none of them zero, as a number; small letters count as capitals.
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

/// Refuses a word that is no verb, naming the one that was probably meant.
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

/// The verb at the smallest distance, the first of the table among equals.
fn nearest(word: &str) -> Option<&'static str> {
    // The distance is at least the difference in length, and costs their product.
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
