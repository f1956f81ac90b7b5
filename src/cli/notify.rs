//! What the service manager is told: systemd's `Type=notify` (`sd_notify(3)`), a datagram with one word.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The service manager, where there is one.
#[derive(Debug)]
pub(super) struct Manager(Option<OsString>);

impl Manager {
    /// The one that listens at this socket (`NOTIFY_SOCKET`).
    pub(super) fn at(socket: Option<OsString>) -> Self {
        Self(socket.filter(|socket| !socket.is_empty()))
    }

    /// Requests are answered.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The end has begun.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, word: &str) {
        let Some(socket) = &self.0 else { return };
        if let Err(error) = send(socket, word) {
            // It will wait for a word that does not come, and say so itself.
            tracing::warn!(%error, "the service manager could not be told: {word}");
        }
    }
}

fn send(socket: &OsString, word: &str) -> io::Result<()> {
    let to = match socket.as_bytes().strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)?,
        #[cfg(not(target_os = "linux"))]
        Some(_) => return Err(io::Error::from(io::ErrorKind::Unsupported)),
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(word.as_bytes(), &to).map(|_| ())
}
