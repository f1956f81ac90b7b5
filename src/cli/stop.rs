//! When a long-running command is told to stop: Ctrl-C or SIGTERM, and once more for those in a hurry.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Failure;

/// How long readiness is off before listeners close: load balancers look every few seconds.
const NOTICE: Duration = Duration::from_secs(5);

/// The two signals that ask for an end.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn listen() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|error| Failure::Failed(format!("cannot listen for signals: {error}")));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for a signal, and answers how long others should have notice of the end: a person at a terminal has seen it
    /// already.
    pub async fn next(&mut self) -> Duration {
        tokio::select! {
            _ = self.interrupt.recv() => Duration::ZERO,
            _ = self.terminate.recv() => NOTICE,
        }
    }

    /// Runs an orderly end, unless a second signal comes first.
    ///
    /// # Errors
    /// [`Failure::Failed`] when it did.
    pub async fn end(&mut self, orderly: impl Future<Output = ()>) -> Result<(), Failure> {
        tokio::select! {
            () = orderly => Ok(()),
            _ = self.next() => Err(Failure::Failed("ended at once by a second signal".to_owned())),
        }
    }
}
