//! Dates in the two forms they are written in. Both are read, whichever is expected.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de};

use crate::date::Date;

pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(|error| de::Error::custom(format_args!("date {text:?} {error}")))
}

/// `2026-12-31`, as events answer.
pub(super) mod iso {
    use serde::Serializer;

    use crate::date::Date;

    pub(crate) use super::read as deserialize;

    pub(crate) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&date.iso())
    }
}

/// `31-12-2026`, as calendars answer.
pub(super) mod dmy {
    use serde::Serializer;

    use crate::date::Date;

    pub(crate) use super::read as deserialize;

    pub(crate) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&date.dmy())
    }
}
