//! The addresses of `--addr`: one server, or the servers of a cluster.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::address::{Address, AddressError, UNIX_PREFIX};

/// One address or more, in the order of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    first: Address,
    others: Vec<Address>,
}

#[derive(Debug, PartialEq, Eq, Error)]
pub enum AddressesError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("a Unix socket is not in a list: it is the only address")]
    UnixInList,
    #[error("an address of the list is empty: write host:port,host:port")]
    Empty,
}

impl Addresses {
    pub fn first(&self) -> &Address {
        &self.first
    }

    /// Whether there are several.
    pub fn is_list(&self) -> bool {
        !self.others.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl From<Address> for Addresses {
    fn from(first: Address) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl FromStr for Addresses {
    type Err = AddressesError;

    fn from_str(text: &str) -> Result<Self, AddressesError> {
        // The path of a socket may have commas.
        if text.starts_with(UNIX_PREFIX) || !text.contains(',') {
            return Ok(text.parse::<Address>()?.into());
        }
        let mut addresses = text.split(',').map(|text| match text.trim() {
            "" => Err(AddressesError::Empty),
            text if text.starts_with(UNIX_PREFIX) => Err(AddressesError::UnixInList),
            text => Ok(text.parse()?),
        });
        let first = addresses.next().ok_or(AddressesError::Empty)??;
        let mut list = Self::from(first);
        for address in addresses {
            let address = address?;
            if !list.iter().any(|known| *known == address) {
                list.others.push(address);
            }
        }
        Ok(list)
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.others.iter().try_for_each(|address| write!(f, ",{address}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_has_commas_and_each_address_once() {
        let shown = |text: &str| text.parse::<Addresses>().unwrap().to_string();
        assert_eq!(shown("a"), "a:2665");
        assert_eq!(shown("a,b:99, [::1] ,a:2665"), "a:2665,b:99,[::1]:2665");
        assert_eq!(shown("unix:/run/a,b"), "unix:/run/a,b");
        let error = |text: &str| text.parse::<Addresses>().unwrap_err();
        assert_eq!(error("a,"), AddressesError::Empty);
        assert_eq!(error(",a"), AddressesError::Empty);
        assert_eq!(error("a,unix:/b"), AddressesError::UnixInList);
        assert_eq!(error("a,:1"), AddressesError::Address(AddressError::NoHost));
    }
}
