//! TLS before a server that speaks none.

use std::net::SocketAddr;
use std::sync::Arc;

use bookline_testkit::certificates::{Authority, Certificate};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A listener on a free port that passes what it deciphers on. Dropping it closes its connections.
pub struct TlsFront {
    pub addr: SocketAddr,
    _runtime: Runtime,
}

impl TlsFront {
    /// With this certificate, before this server.
    pub fn start(certificate: &Certificate, server: SocketAddr) -> Self {
        Self::start_with(certificate, None, server)
    }

    /// As [`Self::start`], and for clients alone that have a certificate of this authority.
    pub fn start_with(certificate: &Certificate, clients: Option<&Authority>, server: SocketAddr) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config(certificate, clients)));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that refuses the certificate has its own message.
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let mut server = TcpStream::connect(server).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { addr, _runtime: runtime }
    }

    /// Its address with the host for which good certificates are.
    pub fn at_localhost(&self) -> String {
        format!("localhost:{}", self.addr.port())
    }
}

fn config(certificate: &Certificate, clients: Option<&Authority>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(&authority.file).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_file(&certificate.file).unwrap()];
    builder.with_single_cert(chain, PrivateKeyDer::from_pem_file(&certificate.key).unwrap()).unwrap()
}
