//! The words of a line in order, with its options collected apart.

use std::borrow::Cow;

use super::token::{Token, TokenError, Tokens};
use crate::byte_class::ByteClasses;
use crate::limits::LINE_OPTIONS_MAX;

/// Reads a line lazily.
pub(crate) struct Words<'a> {
    tokens: Tokens<'a>,
    /// The next word, after [`Words::peek`].
    peeked: Option<Cow<'a, str>>,
    /// The names of the options that were read, and the values of those that were not taken.
    options: [(&'a str, Option<Cow<'a, str>>); LINE_OPTIONS_MAX],
    /// The number of options that were read.
    options_read: usize,
    /// Whether all words were read.
    is_at_end: bool,
}

impl<'a> Words<'a> {
    /// `line` has no control characters but tabs.
    pub(crate) fn of(line: &'a str, classes: ByteClasses) -> Self {
        Self {
            tokens: Tokens::of(line, classes.may_have_quoting()),
            peeked: None,
            options: [const { ("", None) }; LINE_OPTIONS_MAX],
            options_read: 0,
            is_at_end: false,
        }
    }

    /// Whether all words were returned. It is not known before [`Words::next`] or [`Words::peek`] has found
    /// none.
    pub(crate) fn is_at_end(&self) -> bool {
        self.is_at_end
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
        let read = &mut self.options[..self.options_read];
        read.iter_mut().find(|(given, _)| *given == name)?.1.take()
    }

    /// Whether options were read that were not taken.
    pub(crate) fn has_options(&self) -> bool {
        self.remaining_options().next().is_some()
    }

    /// The names of the options that were read and not taken.
    pub(crate) fn remaining_options(&self) -> impl Iterator<Item = &'a str> {
        let read = &self.options[..self.options_read];
        read.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name)
    }

    fn read(&mut self) -> Result<Option<Cow<'a, str>>, TokenError> {
        loop {
            match self.tokens.next()? {
                Some(Token::Word(word)) => return Ok(Some(word)),
                Some(Token::Option(name, value)) => self.add_option(name, value)?,
                None => {
                    self.is_at_end = true;
                    return Ok(None);
                }
            }
        }
    }

    fn add_option(&mut self, name: &'a str, value: Cow<'a, str>) -> Result<(), TokenError> {
        if self.options[..self.options_read].iter().any(|(given, _)| *given == name) {
            return Err(TokenError::Repeated { name: name.to_owned() });
        }
        let Some(free) = self.options.get_mut(self.options_read) else {
            return Err(TokenError::TooManyOptions { name: name.to_owned() });
        };
        *free = (name, Some(value));
        self.options_read += 1;
        Ok(())
    }
}
