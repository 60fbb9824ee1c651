//! Connections over TLS.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version,
};

use super::blocking::{Conn, Socket};
use crate::certificates::{Authority, Certificate};
use crate::timeout::HANG_TIMEOUT;

/// A client that trusts an authority, and may have a certificate of its own. It speaks TLS 1.3, and resumes
/// no session, so that each connection sees the server's certificate.
#[derive(Debug, Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
}

/// A TLS session over a socket. An end of the server's stream that the server has not announced
/// (close_notify) is an error.
pub struct TlsSocket {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl TlsClient {
    /// A client without a certificate.
    pub fn trusting(authority: &Authority) -> Self {
        Self::new(authority, None, &version::TLS13)
    }

    /// A client with this certificate.
    pub fn with_certificate(authority: &Authority, own: &Certificate) -> Self {
        Self::new(authority, Some(own), &version::TLS13)
    }

    /// A client without a certificate that speaks TLS 1.2.
    pub fn of_tls_1_2(authority: &Authority) -> Self {
        Self::new(authority, None, &version::TLS12)
    }

    fn new(
        authority: &Authority,
        own: Option<&Certificate>,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        let trusted = CertificateDer::from_pem_file(&authority.file).expect("a certificate");
        roots.add(trusted).expect("a certificate of an authority");
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_protocol_versions(&[version])
            .expect("a version that ring has")
            .with_root_certificates(roots);
        let mut config = match own {
            None => config.with_no_client_auth(),
            Some(own) => {
                let chain = vec![CertificateDer::from_pem_file(&own.file).expect("a certificate")];
                let key = PrivateKeyDer::from_pem_file(&own.key).expect("a key");
                config.with_client_auth_cert(chain, key).expect("a pair")
            }
        };
        config.resumption = Resumption::disabled();
        Self { config: config.into() }
    }

    /// Connects to the server at this address, and expects the certificate of this host.
    pub fn try_open(&self, address: SocketAddr, host: &str) -> io::Result<Conn<TlsSocket>> {
        self.try_over(TcpStream::connect_timeout(&address, HANG_TIMEOUT)?, host)
    }

    /// As [`Self::try_open`], over a socket that is connected.
    pub fn try_over(&self, stream: TcpStream, host: &str) -> io::Result<Conn<TlsSocket>> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANG_TIMEOUT))?;
        stream.set_write_timeout(Some(HANG_TIMEOUT))?;
        let host = ServerName::try_from(host.to_owned()).expect("a host name or an address");
        let session = ClientConnection::new(self.config.clone(), host).expect("a valid configuration");
        let mut stream = StreamOwned::new(session, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Conn::of(TlsSocket { stream }))
    }

    /// Connects; panics if it cannot.
    #[track_caller]
    pub fn open(&self, address: SocketAddr, host: &str) -> Conn<TlsSocket> {
        let opened = self.try_open(address, host);
        opened.unwrap_or_else(|error| panic!("no TLS connection to {host} at {address}: {error}"))
    }
}

impl Conn<TlsSocket> {
    /// Whether the server has shown this certificate.
    pub fn has_seen(&self, certificate: &Certificate) -> bool {
        let shown = self.socket().stream.conn.peer_certificates();
        let expected = CertificateDer::from_pem_file(&certificate.file).expect("a certificate");
        shown.and_then(<[_]>::first) == Some(&expected)
    }

    /// The socket below TLS, to send bytes past it or to close it.
    pub fn tcp(&self) -> TcpStream {
        self.socket().stream.sock.try_clone().expect("a socket")
    }
}

impl Read for TlsSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for TlsSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Socket for TlsSocket {
    fn half_close(&mut self) -> io::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()
    }
}
