//! TCP connections.

use std::io;

use tokio::net::TcpStream;

/// Connects over TCP.
pub async fn connect_tcp(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Nagle's algorithm would delay a small command until the reply to the one before it. With it the client
    // is slower, but correct.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
