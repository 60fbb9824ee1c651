//! Messages to the service manager.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// The variable with the address of the socket.
const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";

/// What the service manager is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The server listens, and has read its data.
    Ready,
    /// The shutdown has begun.
    Stopping,
    /// The server is well. Without it for the time of the watchdog, the service manager restarts the server.
    Well,
}

/// The service manager. The socket is opened once, so that no message needs a descriptor later, and is not
/// connected, so that messages arrive again when the service manager has opened its socket anew.
#[derive(Debug)]
pub struct Notifier {
    socket: UnixDatagram,
    address: SocketAddr,
    /// Whether the last message was not taken, which is logged once.
    is_deaf: AtomicBool,
}

impl State {
    fn message(self) -> &'static [u8] {
        match self {
            Self::Ready => b"READY=1\n",
            Self::Stopping => b"STOPPING=1\n",
            Self::Well => b"WATCHDOG=1\n",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "is ready",
            Self::Stopping => "stops",
            Self::Well => "is well",
        })
    }
}

impl Notifier {
    /// The service manager of this process. `None` if there is none, or its address cannot be used, which is
    /// logged.
    pub fn of_environment() -> Option<Self> {
        let address = std::env::var_os(SOCKET_VARIABLE).filter(|address| !address.is_empty())?;
        let notifier = Self::new(&address);
        let address = address.display();
        notifier
            .inspect_err(|error| {
                tracing::warn!(
                    "{SOCKET_VARIABLE} is {address}, and the service manager is told nothing: {error}"
                );
            })
            .ok()
    }

    /// The service manager at a path, or, if it begins with `@`, at a name in the abstract namespace of
    /// Linux.
    ///
    /// # Errors
    ///
    /// It is neither, or the system refuses a socket.
    pub fn new(address: &OsStr) -> io::Result<Self> {
        let address = match address.as_bytes() {
            [b'@', name @ ..] => abstract_address(name)?,
            [b'/', ..] => SocketAddr::from_pathname(address)?,
            _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "it is a path, or a name after @")),
        };
        let socket = UnixDatagram::unbound()?;
        // A service manager that takes nothing must not delay the server.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address, is_deaf: AtomicBool::new(false) })
    }

    /// Tells it. A message that it does not take is lost.
    pub fn notify(&self, state: State) {
        let sent = self.socket.send_to_addr(state.message(), &self.address);
        let was_deaf = self.is_deaf.swap(sent.is_err(), Relaxed);
        if let Err(error) = sent
            && !was_deaf
        {
            tracing::warn!("the service manager was not told that the server {state}: {error}");
        }
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux has abstract names"))
}
