//! Where a server may listen: beyond the loopback address only with accounts and TLS, unless it is told
//! otherwise in so many words.

use thiserror::Error;

/// An address that the server is to listen on.
#[derive(Debug, Clone)]
pub struct PlannedAddress {
    /// The flag that names it.
    pub flag: &'static str,
    /// The value of the flag.
    pub address: String,
    pub is_loopback: bool,
    pub serves: Serves,
}

/// What a server has at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Clients, over TLS or not.
    Clients { has_tls: bool },
    /// Those who monitor it, to whom it speaks plain HTTP, and who have no accounts.
    Metrics,
}

/// What protects a server that listens on a network.
#[derive(Debug, Clone, Copy)]
pub struct Protection<'a> {
    pub has_accounts: bool,
    /// Whether `--insecure` allows to listen without accounts and TLS.
    pub is_waived: bool,
    /// The flags that say where the first account would be made.
    pub place: &'a str,
}

/// What an address on a network lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Tls,
    Accounts,
    Both,
    /// Metrics have neither.
    ForMetrics,
}

/// Why the server may not listen.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenRefusal {
    #[error(
        "--listen {address} is not a loopback address, and beside --tls-listen it speaks no TLS: give --listen \
         127.0.0.1:2665, or leave --tls-listen out so that --listen speaks TLS"
    )]
    PlainBesideTls { address: String },
    #[error(
        "{flag} {address} is not a loopback address: {}. First {}; or give --insecure to listen there all the same",
        missing.danger(), missing.remedy(place)
    )]
    Unprotected { flag: &'static str, address: String, missing: Missing, place: String },
}

impl PlannedAddress {
    /// What it lacks, if it is on a network.
    pub fn missing(&self, has_accounts: bool) -> Option<Missing> {
        match (self.serves, has_accounts) {
            _ if self.is_loopback => None,
            (Serves::Metrics, _) => Some(Missing::ForMetrics),
            (Serves::Clients { has_tls: true }, true) => None,
            (Serves::Clients { has_tls: false }, true) => Some(Missing::Tls),
            (Serves::Clients { has_tls: true }, false) => Some(Missing::Accounts),
            (Serves::Clients { has_tls: false }, false) => Some(Missing::Both),
        }
    }
}

impl Missing {
    /// What others can do.
    pub fn danger(self) -> &'static str {
        match self {
            Self::Tls => "others on the network can read and change what is sent, secrets included",
            Self::Accounts | Self::Both => {
                "everyone on the network can book, read and delete everything, as there are no accounts"
            }
            Self::ForMetrics => "everyone on the network can read how much this server holds and does",
        }
    }

    /// What provides it.
    fn remedy(self, place: &str) -> String {
        let tls = "give --tls-cert FILE and --tls-key FILE";
        let account = format!("make an account with `booklined account add NAME --role admin {place}`");
        match self {
            Self::Tls => tls.to_owned(),
            Self::Accounts => account,
            Self::Both => format!("{account} and {tls}"),
            Self::ForMetrics => "give a loopback address, and let a proxy before it speak TLS".to_owned(),
        }
    }
}

/// Judges all addresses, before the server listens on any of them.
pub fn check(planned: &[PlannedAddress], protection: Protection<'_>) -> Result<(), ListenRefusal> {
    let has_tls = Serves::Clients { has_tls: true };
    let any_has_tls = planned.iter().any(|planned| planned.serves == has_tls);
    for address in planned {
        let Some(missing) = address.missing(protection.has_accounts) else { continue };
        if any_has_tls && address.serves == (Serves::Clients { has_tls: false }) {
            return Err(ListenRefusal::PlainBesideTls { address: address.address.clone() });
        }
        if !protection.is_waived {
            return Err(ListenRefusal::Unprotected {
                flag: address.flag,
                address: address.address.clone(),
                missing,
                place: protection.place.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(flag: &'static str, is_loopback: bool, has_tls: bool) -> PlannedAddress {
        PlannedAddress { flag, address: "a:1".into(), is_loopback, serves: Serves::Clients { has_tls } }
    }

    /// What the server lacks to listen with these flags, with accounts and without. `Err` is a refusal that
    /// `--insecure` does not waive.
    fn lacks(planned: &[PlannedAddress], has_accounts: bool) -> Result<Option<Missing>, ()> {
        let protection = |is_waived| Protection { has_accounts, is_waived, place: "--data-dir d" };
        let waived = check(planned, protection(true));
        match check(planned, protection(false)) {
            Ok(()) => {
                assert_eq!(waived, Ok(()));
                Ok(None)
            }
            Err(ListenRefusal::PlainBesideTls { .. }) => {
                assert!(waived.is_err());
                Err(())
            }
            Err(ListenRefusal::Unprotected { missing, .. }) => {
                assert_eq!(waived, Ok(()));
                Ok(Some(missing))
            }
        }
    }

    #[test]
    fn addresses_on_a_network_need_accounts_and_tls() {
        let one = |is_loopback, has_tls| vec![plan("--listen", is_loopback, has_tls)];
        let two = |plain_is_loopback, tls_is_loopback| {
            vec![plan("--listen", plain_is_loopback, false), plan("--tls-listen", tls_is_loopback, true)]
        };
        for (planned, without_accounts, with_accounts) in [
            (one(true, false), Ok(None), Ok(None)),
            (one(true, true), Ok(None), Ok(None)),
            (one(false, false), Ok(Some(Missing::Both)), Ok(Some(Missing::Tls))),
            (one(false, true), Ok(Some(Missing::Accounts)), Ok(None)),
            (two(true, true), Ok(None), Ok(None)),
            (two(true, false), Ok(Some(Missing::Accounts)), Ok(None)),
            (two(false, true), Err(()), Err(())),
            (two(false, false), Err(()), Err(())),
        ] {
            assert_eq!(lacks(&planned, false), without_accounts, "{planned:?} without accounts");
            assert_eq!(lacks(&planned, true), with_accounts, "{planned:?} with accounts");
        }
    }

    #[test]
    fn metrics_on_a_network_are_waived_also_beside_tls_and_accounts() {
        let metrics = |is_loopback| PlannedAddress {
            flag: "--metrics-listen",
            address: "a:1".into(),
            is_loopback,
            serves: Serves::Metrics,
        };
        for clients in [plan("--listen", true, false), plan("--listen", false, true)] {
            assert_eq!(lacks(&[clients.clone(), metrics(true)], true), Ok(None));
            assert_eq!(lacks(&[clients, metrics(false)], true), Ok(Some(Missing::ForMetrics)));
        }
    }

    #[test]
    fn refusal_says_what_to_do() {
        let refusal = |missing| {
            let (flag, address, place) = ("--listen", "0.0.0.0:2665".into(), "--data-dir here".into());
            ListenRefusal::Unprotected { flag, address, missing, place }.to_string()
        };
        assert_eq!(
            refusal(Missing::Both),
            "--listen 0.0.0.0:2665 is not a loopback address: everyone on the network can book, read and delete \
             everything, as there are no accounts. First make an account with `booklined account add NAME --role \
             admin --data-dir here` and give --tls-cert FILE and --tls-key FILE; or give --insecure to listen there \
             all the same"
        );
        assert!(refusal(Missing::Tls).contains("First give --tls-cert FILE and --tls-key FILE; or"));
        assert!(refusal(Missing::Accounts).contains("--data-dir here`; or give --insecure"));
    }
}
