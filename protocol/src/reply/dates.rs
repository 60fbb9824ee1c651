//! The two forms of dates in replies, for serde. Both modules deserialize either form.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de};

use crate::date::Date;

pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(|error| de::Error::custom(format_args!("date {text:?} {error}")))
}

/// `yyyy-mm-dd`, in replies about events.
pub(crate) mod iso {
    use serde::Serializer;

    use crate::date::Date;

    pub(crate) use super::read as deserialize;

    pub(crate) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&date.iso())
    }
}

/// `dd-mm-yyyy`, in replies about calendars.
pub(crate) mod dmy {
    use serde::Serializer;

    use crate::date::Date;

    pub(crate) use super::read as deserialize;

    pub(crate) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&date.dmy())
    }
}
