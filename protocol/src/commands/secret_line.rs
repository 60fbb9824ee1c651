//! Lines that may have a secret, by their first word.

use strsim::damerau_levenshtein;

use super::verb::Verb;
use crate::secret::TOKEN_PREFIX;

/// The words that a line with a secret begins with.
const SECRET_WORDS: [&str; 2] = ["AUTH", "ACCOUNT"];

/// The option of ACCOUNT that has a secret.
const SECRET_OPTION: &str = "secret=";

/// Edits that make one of these words of another: a line that begins with that word probably has a secret.
const TYPO_DISTANCE_MAX: usize = 2;

/// Whether a line probably has a secret: its first word is AUTH or ACCOUNT, in any case, or a mistyped one,
/// or it has an option `secret=` or a token. Such a line is neither stored nor repeated in messages.
pub fn may_have_secret(line: &str) -> bool {
    // Options may stand before the verb.
    let mut words = Words(line).filter(|word| !is_option(word));
    let first = words.next().unwrap_or_default().trim_matches('"');
    let verb = first.split([' ', '\t']).next().unwrap_or_default();
    is_secret_verb(verb)
        || Words(line).any(|word| has_prefix(word, SECRET_OPTION))
        || line.contains(TOKEN_PREFIX)
}

/// Whether this is AUTH or ACCOUNT, or one of them with a few mistakes.
fn is_secret_verb(word: &str) -> bool {
    if word.len() > SECRET_WORDS[1].len() + TYPO_DISTANCE_MAX {
        return false;
    }
    // PUT is two edits away from AUTH, but a verb of its own.
    if let Some(verb) = Verb::from_word(word) {
        return verb.has_secrets();
    }
    let word = word.to_ascii_uppercase();
    SECRET_WORDS.into_iter().any(|secret| damerau_levenshtein(&word, secret) <= TYPO_DISTANCE_MAX)
}

/// Whether a word is an option, in any case.
fn is_option(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
    })
}

fn has_prefix(word: &str, prefix: &str) -> bool {
    word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The words of a line that need not be valid: a blank within quotes ends none.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches([' ', '\t']);
        let mut is_quoted = false;
        let end = rest.find(|c: char| {
            is_quoted ^= c == '"';
            !is_quoted && matches!(c, ' ' | '\t')
        });
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_with_auth_or_account_may_have_a_secret_mistyped_ones_too() {
        for line in [
            "AUTH anna secret",
            "auth anna secret",
            "  AUHT anna secret",
            "ATH anna secret",
            "AUT",
            "\"AUTH\" anna secret",
            "AUTHH anna",
            "ACCOUNT ADD anna",
            "acount add anna",
            "ACCOUTN SET",
            "AU",
            "role=seller ACCOUNT ADD anna",
            "secret=\"a b\" ACCOUNT ADD anna",
            "SECRET=hunter2222 ACCOUNT ADD anna",
            "role=\"seller\" ACOUNT ADD anna secret=hunter2222",
            "ADD kiosk role=seller secret=hunter2222",
            "\"AUTH anna hunter2222\"",
            "bkl_0123456789",
            "GET bkl_0123456789",
        ] {
            assert!(may_have_secret(line), "{line}");
        }
        for line in [
            "PUT F1 tomorrow 10:00 BLOCK x",
            "GET auth",
            "BOOK account 2",
            "",
            "HELP AUTH",
            "limit=3 GET",
            "STATS",
        ] {
            assert!(!may_have_secret(line), "{line}");
        }
    }
}
