//! Refusals, counted by code.

use serde::Serialize;

/// Refusals with one code.
#[derive(Clone, Debug, Serialize)]
pub struct RefusalCount {
    /// The code.
    pub code: String,
    /// How many there were.
    pub count: u64,
    /// The message of the first one.
    pub first: String,
}

/// Refusals, one [`RefusalCount`] for each code.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct RefusalCounts(pub Vec<RefusalCount>);

impl RefusalCounts {
    /// Adds `count` refusals with this code. `first` is the message of the first one.
    #[cold]
    pub(crate) fn add(&mut self, code: &str, count: u64, first: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|counted| counted.code == code) {
            Some(counted) => counted.count += count,
            None => self.0.push(RefusalCount { code: code.to_owned(), count, first: first() }),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
