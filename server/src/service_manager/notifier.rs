//! The socket of the service manager.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

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

/// The socket of the service manager. It is opened once, so that no message needs a descriptor later.
#[derive(Debug)]
pub struct Notifier {
    socket: UnixDatagram,
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

impl Notifier {
    /// The service manager of this process. `None` if there is none, or its socket cannot be used, which is
    /// logged.
    pub fn of_environment() -> Option<Self> {
        let address = std::env::var_os(SOCKET_VARIABLE).filter(|address| !address.is_empty())?;
        let connected = Self::connect(&address);
        let address = address.display();
        connected
            .inspect_err(|error| {
                tracing::warn!(
                    "{SOCKET_VARIABLE} is {address}, and the service manager is told nothing: {error}"
                );
            })
            .ok()
    }

    /// Connects to a path, or, if it begins with `@`, to a name in the abstract namespace of Linux.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub fn connect(address: &OsStr) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        // A service manager that takes nothing must not delay the server.
        socket.set_nonblocking(true)?;
        match address.as_bytes() {
            [b'@', name @ ..] => socket.connect_addr(&abstract_address(name)?)?,
            [b'/', ..] => socket.connect(address)?,
            _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "it is a path, or a name after @")),
        }
        Ok(Self { socket })
    }

    /// Tells it. A message that it does not take is logged, and lost.
    pub fn notify(&self, state: State) {
        if let Err(error) = self.socket.send(state.message()) {
            tracing::warn!("the service manager was not told that the server is {state:?}: {error}");
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
