//! Certificates for tests of TLS, as PEM files.

use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use tempfile::TempDir;

/// A certificate authority, in a directory of its own with the certificates that it issues.
#[derive(Debug)]
pub struct Authority {
    /// Its certificate.
    pub file: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: Arc<TempDir>,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub file: PathBuf,
    pub key: PathBuf,
    /// The files live as long as a certificate or its authority does.
    _directory: Arc<TempDir>,
}

impl Authority {
    #[expect(clippy::new_without_default, reason = "a default value makes no directory")]
    pub fn new() -> Self {
        let directory = TempDir::with_prefix("bookline-authority-").expect("a directory");
        // Another name than that of any other authority, which would be taken for this one.
        let name = directory.path().file_name().and_then(OsStr::to_str);
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("a signature");
        let file = directory.path().join("authority.pem");
        fs::write(&file, issuer.pem()).expect("a free disk");
        Self { file, issuer, directory: directory.into() }
    }

    /// A server's certificate for these host names and addresses. The first is the name of its files.
    pub fn server(&self, hosts: &[&str]) -> Certificate {
        self.issue(hosts[0], server_params(hosts))
    }

    /// As [`Self::server`], and expired long ago.
    pub fn expired_server(&self, hosts: &[&str]) -> Certificate {
        self.issue("expired-server", expired(server_params(hosts)))
    }

    /// A client's certificate with this common name.
    pub fn client(&self, common_name: &str) -> Certificate {
        self.client_with(Some(common_name), &[])
    }

    /// A client's certificate with a common name, or without, and with these DNS names.
    pub fn client_with(&self, common_name: Option<&str>, dns_names: &[&str]) -> Certificate {
        let name = common_name.or(dns_names.first().copied()).unwrap_or("nobody");
        self.issue(&format!("client-{name}"), client_params(common_name, dns_names))
    }

    /// As [`Self::client`], and expired long ago.
    pub fn expired_client(&self, common_name: &str) -> Certificate {
        self.issue("expired-client", expired(client_params(Some(common_name), &[])))
    }

    fn issue(&self, name: &str, params: CertificateParams) -> Certificate {
        let own = key();
        let certificate = params.signed_by(&own, &self.issuer).expect("a signature");
        let path = |extension: &str| self.directory.path().join(format!("{name}.{extension}"));
        let (file, key) = (path("pem"), path("key"));
        fs::write(&file, certificate.pem()).expect("a free disk");
        fs::write(&key, own.serialize_pem()).expect("a free disk");
        Certificate { file, key, _directory: self.directory.clone() }
    }
}

impl Certificate {
    /// The flags of a server that uses it.
    pub fn server_flags(&self) -> [&str; 4] {
        ["--tls-cert", text(&self.file), "--tls-key", text(&self.key)]
    }

    /// Copies its files to these paths, as its renewal does.
    pub fn copy_to(&self, file: &Path, key: &Path) -> io::Result<()> {
        fs::copy(&self.file, file)?;
        fs::copy(&self.key, key).map(drop)
    }
}

/// The path as a flag's value.
fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn params(common_name: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(name) = common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params
}

fn server_params(hosts: &[&str]) -> CertificateParams {
    let mut params = params(None);
    params.subject_alt_names = hosts.iter().map(|host| host_name(host)).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn client_params(common_name: Option<&str>, dns_names: &[&str]) -> CertificateParams {
    let mut params = params(common_name);
    params.subject_alt_names = dns_names.iter().map(|name| host_name(name)).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn host_name(host: &str) -> SanType {
    match host.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(host.try_into().expect("a host name in ASCII")),
    }
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
    params
}
