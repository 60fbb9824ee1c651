//! The words of a line in order, with its options collected apart.

use std::borrow::Cow;

use super::token::{Token, TokenError, Tokens};
use crate::byte_class::ByteClasses;

/// Options that are collected before a line is refused. No command has more than two; the others are unknown
/// options, which error messages name.
const OPTIONS_MAX: usize = 4;

/// Reads a line lazily.
pub(crate) struct Words<'a> {
    tokens: Tokens<'a>,
    /// The next word, after [`Words::peek`].
    peeked: Option<Cow<'a, str>>,
    /// The names and values of the options that were read and not taken, at any index.
    options: [Option<(&'a str, Cow<'a, str>)>; OPTIONS_MAX],
}

impl<'a> Words<'a> {
    /// `line` has no control characters but tabs.
    pub(crate) fn of(line: &'a str, classes: ByteClasses) -> Self {
        Self {
            tokens: Tokens::of(line, classes.may_have_quoting()),
            peeked: None,
            options: [const { None }; OPTIONS_MAX],
        }
    }

    /// The next word, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<Cow<'a, str>>, TokenError> {
        match self.peeked.take() {
            Some(word) => Ok(Some(word)),
            None => self.read(),
        }
    }

    /// The next word, if there is one, without consuming it.
    pub(crate) fn peek(&mut self) -> Result<Option<&str>, TokenError> {
        if self.peeked.is_none() {
            self.peeked = self.read()?;
        }
        Ok(self.peeked.as_deref())
    }

    /// Takes the value of an option that was read. All options were read once no word is left.
    pub(crate) fn take_option(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let option =
            self.options.iter_mut().find(|option| matches!(option, Some((given, _)) if *given == name))?;
        option.take().map(|(_, value)| value)
    }

    /// The names of the options that were read and not taken.
    pub(crate) fn remaining_options(&self) -> impl Iterator<Item = &'a str> {
        self.options.iter().flatten().map(|(name, _)| *name)
    }

    fn read(&mut self) -> Result<Option<Cow<'a, str>>, TokenError> {
        loop {
            match self.tokens.next()? {
                Some(Token::Word(word)) => return Ok(Some(word)),
                Some(Token::Option(name, value)) => self.add_option(name, value)?,
                None => return Ok(None),
            }
        }
    }

    fn add_option(&mut self, name: &'a str, value: Cow<'a, str>) -> Result<(), TokenError> {
        if self.options.iter().flatten().any(|(given, _)| *given == name) {
            return Err(TokenError::Repeated { name: name.to_owned() });
        }
        match self.options.iter_mut().find(|option| option.is_none()) {
            Some(free) => {
                *free = Some((name, value));
                Ok(())
            }
            None => Err(TokenError::TooManyOptions { name: name.to_owned() }),
        }
    }
}
