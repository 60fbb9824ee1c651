//! The forms of dates and slots in replies, for serde. A date is deserialized from either of its forms.

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

/// `dd-mm-yyyy hh:00`, the start of an entry of several hours.
pub(crate) mod slot {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::hour::Slot;

    pub(crate) fn serialize<S: Serializer>(slot: &Option<Slot>, serializer: S) -> Result<S::Ok, S::Error> {
        match slot {
            Some(Slot { date, hour }) => serializer.collect_str(&format_args!("{} {hour}", date.dmy())),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Slot>, D::Error> {
        let Some(text) = Option::<Cow<'_, str>>::deserialize(deserializer)? else { return Ok(None) };
        let invalid = || de::Error::custom(format_args!("{text:?} is not a date and an hour"));
        let (date, hour) = text.split_once(' ').ok_or_else(invalid)?;
        let date = date.parse().map_err(|_| invalid())?;
        Ok(Some(Slot { date, hour: hour.parse().map_err(|_| invalid())? }))
    }
}
