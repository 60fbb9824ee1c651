//! Splits a line into arguments and options.

use std::borrow::Cow;

use memchr::memchr2;
use thiserror::Error;

use super::option::split_option;
use crate::byte_class::is_blank;
use crate::key::KEY_OPTION;
use crate::limits::LINE_OPTIONS_MAX;
use crate::refusal::Refusal;
use crate::shown::{Echo, ShownChar};

/// An argument or an option, its quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Word(Cow<'a, str>),
    Option(&'a str, Cow<'a, str>),
}

/// The unread rest of a line that has no control characters but tabs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    /// Whether the line may have quoted arguments or options.
    quoting: bool,
}

/// Why a line cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum TokenError {
    #[error("the quote that opens {} is never closed: end the argument with \"", Echo(.text))]
    Unclosed { text: String },
    #[error(
        "the closing quote of {} is followed by {}: put a blank between two arguments",
        Echo(.text),
        ShownChar(*.found)
    )]
    BehindQuote { text: String, found: char },
    #[error("{} has a quote inside: put quotes around the whole argument, as in \"two words\"", Echo(.text))]
    QuoteInside { text: String },
    #[error(
        "{} is not an escape: within quotes write \\\" \\\\ \\n \\t or \\uXXXX with four hexadecimal digits",
        Echo(.text)
    )]
    Escape { text: String },
    #[error("{} is half of a surrogate pair: write both halves, or the character itself", Echo(.text))]
    Surrogate { text: String },
    #[error(
        "{} stands for {}: no control character is allowed but \\n and \\t in names and titles",
        Echo(.text),
        ShownChar(*.found)
    )]
    Control { text: String, found: char },
    #[error("{KEY_OPTION}= has a misplaced or unclosed quote: write the key without quotes")]
    Key,
    #[error("option {} is given twice: once is enough", Echo(.name))]
    Repeated { name: String },
    #[error("option {} is one too many: a line has at most {LINE_OPTIONS_MAX}", Echo(.name))]
    TooManyOptions { name: String },
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(line: &'a str, quoting: bool) -> Self {
        Self { rest: line, quoting }
    }

    /// The next token, if there is one. After an error the rest of the line is undefined.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, TokenError> {
        if !self.quoting {
            return Ok(self.next_plain().map(|word| Token::Word(Cow::Borrowed(word))));
        }
        let token = skip_blanks(self.rest);
        if token.is_empty() {
            return Ok(None);
        }
        let (option, value) = match split_option(token) {
            Some((name, value)) => (Some(name), value),
            None => (None, token),
        };
        let read = match value.strip_prefix('"') {
            Some(opened) => quoted(opened),
            None => bare(token, value),
        };
        // The other errors repeat what they are about, and a key is a secret.
        let (value, after) =
            if option == Some(KEY_OPTION) { read.map_err(|_| TokenError::Key)? } else { read? };
        self.rest = after;
        Ok(Some(match option {
            Some(name) => Token::Option(name, value),
            None => Token::Word(value),
        }))
    }

    /// The next word of a line without quotes and options.
    fn next_plain(&mut self) -> Option<&'a str> {
        let token = skip_blanks(self.rest);
        let (word, after) = token.split_at(end_of_word(token));
        self.rest = after;
        (!word.is_empty()).then_some(word)
    }
}

fn skip_blanks(text: &str) -> &str {
    let start = text.bytes().position(|byte| !is_blank(byte));
    &text[start.unwrap_or(text.len())..]
}

fn end_of_word(text: &str) -> usize {
    text.bytes().position(is_blank).unwrap_or(text.len())
}

/// Splits a bare value off its rest at the next blank. `token` begins with the value or with the name of its
/// option.
fn bare<'a>(token: &'a str, value: &'a str) -> Result<(Cow<'a, str>, &'a str), TokenError> {
    let end = value.bytes().position(|byte| is_blank(byte) || byte == b'"');
    let (value, after) = value.split_at(end.unwrap_or(value.len()));
    if after.starts_with('"') {
        let text = token[..end_of_word(token)].to_owned();
        return Err(TokenError::QuoteInside { text });
    }
    Ok((Cow::Borrowed(value), after))
}

/// Splits a quoted value off its rest. The opening quote has been read.
fn quoted(opened: &str) -> Result<(Cow<'_, str>, &str), TokenError> {
    let unclosed = || TokenError::Unclosed { text: opened.to_owned() };
    let stop = memchr2(b'"', b'\\', opened.as_bytes()).ok_or_else(unclosed)?;
    let (plain, mut rest) = opened.split_at(stop);
    let mut value = Cow::Borrowed(plain);
    loop {
        if let Some(after) = rest.strip_prefix('"') {
            return match after.chars().next() {
                Some(found) if found != ' ' && found != '\t' => {
                    Err(TokenError::BehindQuote { text: value.into_owned(), found })
                }
                _ => Ok((value, after)),
            };
        }
        let (c, length) = escape(rest)?;
        let next = &rest[length..];
        let stop = memchr2(b'"', b'\\', next.as_bytes()).ok_or_else(unclosed)?;
        let (plain, after) = next.split_at(stop);
        let value = value.to_mut();
        value.push(c);
        value.push_str(plain);
        rest = after;
    }
}

/// The character of the escape that `rest` begins with, and the length of the escape.
fn escape(rest: &str) -> Result<(char, usize), TokenError> {
    match rest.as_bytes().get(1) {
        Some(b'"') => Ok(('"', 2)),
        Some(b'\\') => Ok(('\\', 2)),
        Some(b'n') => Ok(('\n', 2)),
        Some(b't') => Ok(('\t', 2)),
        Some(b'u') => unicode_escape(rest),
        _ => Err(TokenError::Escape { text: first_chars(rest, 2) }),
    }
}

/// As [`escape`], for `\uXXXX` and for two of them that are a surrogate pair.
fn unicode_escape(rest: &str) -> Result<(char, usize), TokenError> {
    let unit = unit(rest).ok_or_else(|| TokenError::Escape { text: first_chars(rest, 6) })?;
    let low = rest.get(6..).and_then(self::unit);
    let (c, length) = match char::decode_utf16([unit].into_iter().chain(low)).next() {
        Some(Ok(c)) => (c, 6 * c.len_utf16()),
        _ => {
            return Err(TokenError::Surrogate { text: first_chars(rest, 6) });
        }
    };
    if c.is_control() && c != '\n' && c != '\t' {
        return Err(TokenError::Control { text: first_chars(rest, 6), found: c });
    }
    Ok((c, length))
}

/// The code unit of the `\uXXXX` that `rest` begins with.
fn unit(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix("\\u")?.get(..4)?;
    // from_str_radix accepts a sign.
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}

fn first_chars(text: &str, count: usize) -> String {
    text.chars().take(count).collect()
}
