//! Runs stored jobs, a bounded number at once.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::End;
use crate::ids::OrderId;
use crate::jobs::{self, Claimed, Counts, Ran};
use crate::kit::Kit;
use crate::orders;
use crate::renewals;
use crate::storage::Error;
use crate::words::JobKind;

/// Attempts that may end in a failure of ours before a job is set aside.
const ATTEMPTS: u32 = 30;
/// Longest distance between two attempts.
const LONGEST: Duration = Duration::from_mins(5);

pub(super) async fn run(kit: Kit, End { stop, break_off }: End) {
    let mut wakes = kit.db.wakes();
    let mut in_hand = JoinSet::new();
    loop {
        let free = kit.work.workers.saturating_sub(in_hand.len());
        if free > 0 && !stop.is_cancelled() {
            match jobs::claim(&kit, u64::try_from(free).unwrap_or(1)).await {
                Ok(claimed) => {
                    for job in claimed {
                        in_hand.spawn(run_or_put_back(kit.clone(), job, break_off.clone()));
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
    let ended = match carry_out(kit, job).await {
        Ok(Ran::Finished) => jobs::finish(kit, job).await,
        Ok(Ran::Again { at, why }) => {
            tracing::info!(job.kind = %job.kind, job.subject = %job.subject, reason = why, "a job waits");
            jobs::postpone(kit, job, at, Counts::AsAttempt, &why).await
        }
        Ok(Ran::Hindered { at, why }) => {
            tracing::info!(job.kind = %job.kind, job.subject = %job.subject, reason = why, "a job is hindered");
            jobs::postpone(kit, job, at, Counts::AsNone, &why).await
        }
        Err(error) if job.attempts >= ATTEMPTS => {
            tracing::error!(job.kind = %job.kind, job.subject = %job.subject, %error, "a job was set aside");
            jobs::bury(kit, job, &error.to_string()).await
        }
        Err(error) => {
            tracing::warn!(job.kind = %job.kind, job.subject = %job.subject, %error, "a job failed; trying again");
            let wait = Duration::from_secs(1 << job.attempts.min(9)).min(LONGEST);
            let at = kit.clock.now() + TimeDelta::from_std(wait).unwrap_or_default();
            jobs::postpone(kit, job, at, Counts::AsAttempt, &error.to_string()).await
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
        JobKind::FetchReport => renewals::fetch(kit, job.agency, order, job.attempts).await,
    }
}
