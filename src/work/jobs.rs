//! Runs stored jobs, a bounded number at once.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use metrics::counter;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, field};

use super::End;
use crate::ids::{BatchId, BatchItemId, LinkId, OrderId};
use crate::jobs::{self, Claimed, Counts, Priority, Ran};
use crate::kit::Kit;
use crate::ledger;
use crate::orders;
use crate::renewals;
use crate::storage::Error;
use crate::telemetry::{self, TRACE};
use crate::words::JobKind;

/// Attempts that may end in a failure of ours before a job is set aside.
const ATTEMPTS: u32 = 30;

pub(super) async fn run(kit: Kit, End { stop, break_off }: End) {
    let mut wakes = kit.db.wakes();
    let mut in_hand = JoinSet::new();
    // Some workers never take bulk work, which may wait for its turn at Truv for seconds.
    let background = Arc::new(Semaphore::new((kit.work.workers - kit.work.workers.div_ceil(4)).max(1)));
    let bulk = kit.in_bulk();
    loop {
        let free = kit.work.workers.saturating_sub(in_hand.len());
        if free > 0 && !stop.is_cancelled() {
            match jobs::claim(&kit, free, background.available_permits()).await {
                Ok(claimed) => {
                    for job in claimed {
                        let place = match job.priority {
                            Priority::Interactive => None,
                            Priority::Background => Arc::clone(&background).try_acquire_owned().ok(),
                        };
                        let kit = if job.priority == Priority::Interactive { kit.clone() } else { bulk.clone() };
                        let break_off = break_off.clone();
                        in_hand.spawn(async move {
                            run_or_put_back(kit, job, break_off).await;
                            drop(place);
                        });
                    }
                }
                Err(error) => tracing::error!(%error, "jobs could not be read; trying again"),
            }
        }
        tokio::select! {
            Some(ended) = in_hand.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a job broke off; it runs again when its lease ends");
                }
            }
            go_on = super::wait(&kit, &mut wakes, &stop) => {
                if !go_on {
                    break;
                }
            }
        }
    }
    while in_hand.join_next().await.is_some() {}
}

async fn run_or_put_back(kit: Kit, job: Claimed, break_off: CancellationToken) {
    if break_off.run_until_cancelled(run_one(&kit, &job)).await.is_none() {
        tracing::info!(job.kind = %job.kind, job.subject = %job.subject, "a job was broken off and put back");
        if let Err(error) = jobs::put_back(&kit, &job).await {
            tracing::warn!(job.kind = %job.kind, job.subject = %job.subject, %error, "a job could not be put back; it runs again when its lease ends");
        }
    }
}

async fn run_one(kit: &Kit, job: &Claimed) {
    // A job that panics must neither stay in hand nor run for ever.
    let begun = Instant::now();
    let span = tracing::info_span!(
        target: TRACE, "job", otel.name = format!("job {}", job.kind.word()), otel.kind = "consumer",
        job.subject = %job.subject, outcome = field::Empty
    );
    telemetry::follow(&span, job.trace_parent.as_deref());
    let ours = kit.of(job.agency);
    let ran = AssertUnwindSafe(Box::pin(carry_out(&ours, job)).instrument(span.clone())).catch_unwind().await;
    let ran = ran.unwrap_or_else(|_| Err(Error::Corrupt("the job panicked".to_owned())));
    let outcome = match &ran {
        Ok(Ran::Finished) => "finished",
        Ok(Ran::Again { .. }) => "again",
        Ok(Ran::Failed { .. }) => "failed",
        Ok(Ran::Hindered { .. }) => "hindered",
        Err(_) => "error",
    };
    span.record("outcome", outcome);
    drop(span);
    metrics::histogram!("recert_job_seconds", "kind" => job.kind.word(), "outcome" => outcome).record(begun.elapsed());
    let ended = match ran {
        Ok(Ran::Finished) => jobs::finish(kit, job).await,
        Ok(Ran::Again { at, why }) => {
            tracing::info!(job.kind = %job.kind, job.subject = %job.subject, reason = why, "a job waits");
            jobs::postpone(kit, job, at, Counts::AsAttempt, &why).await
        }
        Ok(Ran::Failed { why }) => {
            tracing::info!(job.kind = %job.kind, job.subject = %job.subject, reason = why, "a job waits");
            jobs::postpone(kit, job, jobs::backoff(kit, job.attempts), Counts::AsAttempt, &why).await
        }
        Ok(Ran::Hindered { at, why }) => {
            tracing::info!(job.kind = %job.kind, job.subject = %job.subject, reason = why, "a job is hindered");
            jobs::postpone(kit, job, at, Counts::AsNone, &why).await
        }
        Err(error) if job.attempts >= ATTEMPTS => {
            counter!("recert_jobs_set_aside_total").increment(1);
            tracing::error!(job.kind = %job.kind, job.subject = %job.subject, %error, "a job was set aside");
            jobs::bury(kit, job, &error.to_string()).await
        }
        Err(error) => {
            tracing::warn!(job.kind = %job.kind, job.subject = %job.subject, %error, "a job failed; trying again");
            jobs::postpone(kit, job, jobs::backoff(kit, job.attempts), Counts::AsAttempt, &error.to_string()).await
        }
    };
    if let Err(error) = ended {
        tracing::error!(job.kind = %job.kind, job.subject = %job.subject, %error, "a job's end could not be stored; it runs again when its lease ends");
    }
}

async fn carry_out(kit: &Kit, job: &Claimed) -> Result<Ran, Error> {
    let order = OrderId::from(job.subject);
    match job.kind {
        JobKind::SendOrder => orders::send(kit, job.agency, order).await,
        JobKind::ResolveOrder => orders::resolve(kit, job.agency, order, job.attempts).await,
        JobKind::PollOrder | JobKind::ReadOrder => orders::poll(kit, job.agency, order).await,
        JobKind::CancelOrder => orders::carry_out_cancel(kit, job.agency, order).await,
        JobKind::RetryOrder => orders::retry(kit, job.agency, order).await,
        JobKind::FeedBatch => renewals::batch::feed(kit, job.agency, BatchId::from(job.subject)).await,
        JobKind::TellLink => orders::tell_link(kit, job.agency, LinkId::from(job.subject)).await,
        JobKind::SendLink => renewals::batch::send_link(kit, job.agency, BatchItemId::from(job.subject)).await,
        JobKind::ReconcileLedger => ledger::reconcile(kit, job.agency).await,
        JobKind::FetchReport => renewals::fetch(kit, job.agency, order, job.attempts).await,
    }
}
