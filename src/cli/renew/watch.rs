//! Follows a batch: a bar on a terminal, log lines elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use futures_util::{StreamExt as _, pin_mut};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::{Desk, outcomes};
use crate::batches::{Batch, Progress, Watch};
use crate::cli::stop::Signals;
use crate::cli::{Failure, logging};
use crate::config::Config;
use crate::graphql;
use crate::words::BatchStatus;

/// Distance between two log lines.
const LINE: Duration = Duration::from_secs(10);
/// A gateway that runs has taken the first case up by then.
const TAKEN_UP: Duration = Duration::from_secs(5);

/// Sends log lines to standard error, where no bar is drawn there.
pub(super) fn start_log(config: &Config) -> Result<(), Failure> {
    if io::stderr().is_terminal() { Ok(()) } else { logging::start(&config.log) }
}

/// Follows the batch until every case has its outcome. Whoever interrupts learns what goes on without the command.
///
/// # Errors
/// [`Failure::Failed`] when it was interrupted, or when the database fails.
pub(super) async fn to_the_end(desk: &Desk, batch: &Batch) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let frames = Watch::default().stream(desk.kit.clone(), desk.caller.agency, batch.id);
    pin_mut!(frames);
    let mut view = View::new();
    let mut doubt = Some(Instant::now() + TAKEN_UP);
    loop {
        let no_gateway = async {
            match doubt {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            frame = frames.next() => match frame {
                Some(Ok(progress)) => {
                    if progress.batch.status != BatchStatus::Queued {
                        doubt = None;
                    }
                    view.show(&progress);
                }
                Some(Err(error)) => return Err(Failure::of(&error)),
                None => {
                    view.bar.finish_and_clear();
                    return Ok(());
                }
            },
            () = no_gateway => {
                doubt = None;
                view.say("No gateway seems to run on this database: the batch waits until one does (`recert serve`).");
            }
            _ = signals.next() => {
                view.bar.finish_and_clear();
                let id = graphql::batch_id(batch.id);
                return Err(Failure::Failed(format!(
                    "stopped watching; the batch goes on. `recert renew watch {id}` follows it again, `recert renew pause {id}` holds it, `recert renew cancel {id}` ends it"
                )));
            }
        }
    }
}

struct View {
    bar: ProgressBar,
    is_terminal: bool,
    last: Option<Instant>,
}

impl View {
    fn new() -> Self {
        let is_terminal = io::stderr().is_terminal();
        let bar = if is_terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("Renewing {wide_bar} {pos}/{len} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, is_terminal, last: None }
    }

    fn show(&mut self, progress: &Progress) {
        let Progress { batch, counts } = progress;
        self.bar.set_length(counts.total());
        self.bar.set_position(counts.total() - counts.queued - counts.under_way());
        self.bar.set_message(outcomes::line(counts));
        let is_due = self.last.is_none_or(|last| last.elapsed() >= LINE) || batch.finished_at.is_some();
        if !self.is_terminal && is_due {
            self.last = Some(Instant::now());
            tracing::info!(
                batch.status = %batch.status,
                total = counts.total(),
                queued = counts.queued,
                running = counts.under_way(),
                succeeded = counts.succeeded,
                needs_link = counts.needs_link,
                failed = counts.failed,
                skipped = counts.skipped,
                "a renewal batch goes on"
            );
        }
    }

    fn say(&self, text: &str) {
        if self.is_terminal {
            self.bar.suspend(|| eprintln!("{text}"));
        } else {
            tracing::warn!("{text}");
        }
    }
}
