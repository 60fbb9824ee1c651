//! Lists of people in replies.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Ids joined by commas, as in [`crate::Group`]. In JSON they are an array of strings. The empty string has
/// no ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members<'a>(pub Cow<'a, str>);

impl Members<'_> {
    /// The ids in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        members(&self.0)
    }

    /// Whether there are no ids, as in a block.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> From<&'a str> for Members<'a> {
    fn from(joined: &'a str) -> Self {
        Self(Cow::Borrowed(joined))
    }
}

impl From<String> for Members<'_> {
    fn from(joined: String) -> Self {
        Self(Cow::Owned(joined))
    }
}

fn members(joined: &str) -> impl Iterator<Item = &str> {
    joined.split(',').filter(|member| !member.is_empty())
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Members<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Joined;

        impl<'de> Visitor<'de> for Joined {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of ids")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<String, A::Error> {
                let mut joined = String::new();
                while let Some(id) = ids.next_element::<Cow<'de, str>>()? {
                    if !joined.is_empty() {
                        joined.push(',');
                    }
                    joined.push_str(&id);
                }
                Ok(joined)
            }
        }

        deserializer.deserialize_seq(Joined).map(Self::from)
    }
}
