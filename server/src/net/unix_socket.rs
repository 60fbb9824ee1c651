//! A Unix socket that listens, and its file.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use thiserror::Error;
use tokio::net::{UnixListener, UnixStream};

/// The owner and the group of the socket may connect.
const MODE: u32 = 0o660;

/// Connections that the kernel has accepted and the server has not, as many as std has of TCP.
const BACKLOG: u32 = 128;

/// A socket that listens. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    file: SocketFile,
}

/// Why the server cannot listen at a path.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnixSocketError {
    #[error("{path} is not a socket: remove it, or give another --listen-unix")]
    Other { path: PathBuf },
    #[error("listening on {path}: another server listens there; stop it, or give another --listen-unix")]
    InUse { path: PathBuf },
    #[error("listening on {path}")]
    Io { path: PathBuf, source: io::Error },
}

/// The file of a socket, as long as it is this one.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// The device and the inode: if another socket stands there, it is not removed.
    id: (u64, u64),
}

impl UnixSocket {
    /// Listens at this path. A socket on which nobody accepts is replaced, and nothing else is.
    pub async fn bind(path: &Path) -> Result<Self, UnixSocketError> {
        remove_stale(path).await?;
        bind(path).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => UnixSocketError::InUse { path: path.to_owned() },
            _ => UnixSocketError::Io { path: path.to_owned(), source },
        })
    }

    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Accepts a connection. Returns it with the number of the user at the other end.
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(UnixStream, u32)>> {
        let (stream, _) = ready!(self.listener.poll_accept(context))?;
        let user = stream.peer_cred()?.uid();
        Poll::Ready(Ok((stream, user)))
    }
}

/// Removes a socket on which nobody accepts.
async fn remove_stale(path: &Path) -> Result<(), UnixSocketError> {
    let io_error = |source| UnixSocketError::Io { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(io_error(e)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(UnixSocketError::Other { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(io_error),
        // The queue of a server that does not accept is full.
        Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(io_error(e)),
        _ => Err(UnixSocketError::InUse { path: path.to_owned() }),
    }
}

/// Nobody can connect before the mode is set, as the socket does not listen until then.
fn bind(path: &Path) -> io::Result<UnixSocket> {
    let socket = tokio::net::UnixSocket::new_stream()?;
    socket.bind(path)?;
    let found = fs::symlink_metadata(path)?;
    let file = SocketFile { path: path.to_owned(), id: (found.dev(), found.ino()) };
    fs::set_permissions(path, Permissions::from_mode(MODE))?;
    Ok(UnixSocket { listener: socket.listen(BACKLOG)?, file })
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_own = |found: fs::Metadata| (found.dev(), found.ino()) == self.id;
        if fs::symlink_metadata(&self.path).is_ok_and(is_own)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!("removing {}: {error}: the next start does it", self.path.display());
        }
    }
}
