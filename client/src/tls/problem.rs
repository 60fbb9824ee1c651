//! What is wrong with TLS between the client and a server, and what to do about it.

use std::io;

use chrono::DateTime;
use thiserror::Error;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{self, AlertDescription, CertificateError};

/// Names of a certificate that a message shows.
const NAMES_SHOWN_MAX: usize = 5;

/// What is wrong, as the end of a sentence that begins with the server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TlsProblem {
    #[error("its certificate has expired{}: the server needs a new one", on(date.as_deref()))]
    Expired { date: Option<String> },
    #[error("its certificate is not valid before {date}: is the clock of this machine right?")]
    NotYetValid { date: String },
    #[error("its certificate is for {}: give an address with that host", names_of(names))]
    OtherHost { names: Vec<String> },
    #[error("the authority of its certificate is not trusted here: name it with --ca FILE")]
    UnknownAuthority,
    #[error("its certificate is not valid: {0}")]
    Certificate(String),
    #[error("it does not speak TLS: leave out --tls, --ca and --cert, or give its address for TLS")]
    NoTls,
    #[error("it speaks neither TLS 1.3 nor TLS 1.2 as this client does")]
    OtherVersion,
    #[error("it asks for a certificate of the client: pass --cert FILE and --key FILE")]
    NoOwnCertificate,
    #[error("it refuses the certificate of --cert: {0}")]
    OwnCertificate(&'static str),
    /// It may be in trouble for the moment.
    #[error("it closed the connection before TLS was agreed")]
    Closed,
    /// It may be the network's fault.
    #[error("{0}")]
    Broken(String),
}

impl TlsProblem {
    /// The problem in an error of a stream. `None` if it is one of the connection below.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().map(Self::of_tls)
    }

    /// The problem in an error of a stream on which TLS was agreed. A server may say only then what is wrong
    /// with the client's certificate. Anything else ends the stream as any loss does.
    pub fn of_agreed(error: &io::Error) -> Option<Self> {
        Some(match Self::of(error)? {
            problem @ (Self::NoOwnCertificate | Self::OwnCertificate(_) | Self::Broken(_)) => problem,
            _ => Self::Broken(error.to_string()),
        })
    }

    /// Whether another connection may be better.
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::Closed | Self::Broken(_))
    }

    fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::of_certificate(error),
            rustls::Error::AlertReceived(alert) => Self::of_alert(*alert),
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => Self::NoTls,
            rustls::Error::PeerIncompatible(_) => Self::OtherVersion,
            error => Self::Broken(error.to_string()),
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired => Self::Expired { date: None },
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired { date: date(*not_after) },
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYetValid { date: date(*not_before).unwrap_or_default() }
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::OtherHost { names: presented.iter().map(|name| host_name(name).to_owned()).collect() }
            }
            CertificateError::NotValidForName => Self::OtherHost { names: Vec::new() },
            // A trusted authority of the same name, with another key, is another authority.
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                Self::UnknownAuthority
            }
            error => Self::Certificate(error.to_string()),
        }
    }

    /// A server that refuses the client's certificate says why. It may say it after the handshake.
    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::CertificateRequired => Self::NoOwnCertificate,
            AlertDescription::CertificateExpired => Self::OwnCertificate("it has expired"),
            AlertDescription::UnknownCA => Self::OwnCertificate("the server does not trust its authority"),
            AlertDescription::CertificateRevoked => Self::OwnCertificate("it was revoked"),
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied => Self::OwnCertificate("it is not one for this server"),
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity => Self::OtherVersion,
            alert => Self::Broken(format!("it ended TLS with the alert {alert:?}")),
        }
    }
}

fn date(time: UnixTime) -> Option<String> {
    let seconds = i64::try_from(time.as_secs()).ok()?;
    Some(DateTime::from_timestamp(seconds, 0)?.date_naive().to_string())
}

fn on(date: Option<&str>) -> String {
    date.map(|date| format!(" on {date}")).unwrap_or_default()
}

/// A name of a certificate without its kind: `DnsName("host")` and `IpAddress(::1)` are how rustls has them.
fn host_name(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

fn names_of(names: &[String]) -> String {
    match names {
        [] => "no host".to_owned(),
        names if names.len() > NAMES_SHOWN_MAX => {
            format!("{} and {} more", names[..NAMES_SHOWN_MAX].join(", "), names.len() - NAMES_SHOWN_MAX)
        }
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_certificate_are_hosts() {
        let problem = |names: &[&str]| {
            let names = names.iter().map(|name| host_name(name).to_owned()).collect();
            TlsProblem::OtherHost { names }.to_string()
        };
        assert_eq!(
            problem(&["DnsName(\"tickets.example\")", "IpAddress(127.0.0.1)"]),
            "its certificate is for tickets.example, 127.0.0.1: give an address with that host"
        );
        let many: Vec<_> = (1..=7).map(|number| format!("DnsName(\"h{number}\")")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(problem(&many).starts_with("its certificate is for h1, h2, h3, h4, h5 and 2 more: "));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(TlsProblem::of_tls(&rustls::Error::DecryptError).is_loss());
        for error in [
            rustls::Error::InvalidCertificate(CertificateError::Expired),
            rustls::Error::AlertReceived(AlertDescription::CertificateRequired),
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
        ] {
            assert!(!TlsProblem::of_tls(&error).is_loss(), "{error}");
        }
        assert_eq!(TlsProblem::of(&io::ErrorKind::ConnectionReset.into()), None);
    }

    #[test]
    fn stream_on_which_tls_was_agreed_is_lost() {
        let of = |error| TlsProblem::of_agreed(&io::Error::other(error)).unwrap();
        for error in [
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
            rustls::Error::AlertReceived(AlertDescription::ProtocolVersion),
            rustls::Error::PeerMisbehaved(rustls::PeerMisbehaved::IllegalMiddleboxChangeCipherSpec),
        ] {
            assert!(of(error.clone()).is_loss(), "{error}");
        }
        let required = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
        assert_eq!(of(required), TlsProblem::NoOwnCertificate);
    }
}
