//! When a long-running command is told to stop: Ctrl-C or SIGTERM, and once more for those in a hurry.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Failure;

/// How a process is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By a person at a terminal (Ctrl-C), who sees what happens and waits for it.
    AtOnce,
    /// By the system (SIGTERM), which gives notice to others and time to what is in hand.
    AtLeisure,
}

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

    /// Waits for a signal.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::AtOnce,
            _ = self.terminate.recv() => Asked::AtLeisure,
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
