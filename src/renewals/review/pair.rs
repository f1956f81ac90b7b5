//! The two sides of each job, and what to call it.

use std::collections::HashMap;

use super::{Baseline, Job};

/// The two sides of one job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pair<'a> {
    /// There is no baseline.
    First(&'a Job),
    /// In both; a job that was not asked for stands against itself.
    Both(&'a Job, &'a Job),
    /// Only in the newest report.
    New(&'a Job),
    /// Only in the baseline, though it was asked for.
    Gone(&'a Job),
}

impl<'a> Pair<'a> {
    pub(super) fn now(self) -> Option<&'a Job> {
        match self {
            Self::First(job) | Self::Both(job, _) | Self::New(job) => Some(job),
            Self::Gone(_) => None,
        }
    }

    pub(super) fn before(self) -> Option<&'a Job> {
        match self {
            Self::Both(_, job) | Self::Gone(job) => Some(job),
            Self::First(_) | Self::New(_) => None,
        }
    }

    /// The newest that is known of the job.
    pub(super) fn job(self) -> &'a Job {
        match self {
            Self::First(job) | Self::Both(job, _) | Self::New(job) | Self::Gone(job) => job,
        }
    }
}

pub(super) fn pair<'a>(current: &'a [Job], baseline: Option<Baseline<'a>>) -> Vec<Pair<'a>> {
    let Some(baseline) = baseline else {
        return current.iter().map(Pair::First).collect();
    };
    let mut left: HashMap<&str, &Job> =
        baseline.side.jobs.iter().map(|job| (job.employment.key.as_str(), job)).collect();
    let mut pairs: Vec<_> = current
        .iter()
        .map(|job| left.remove(job.employment.key.as_str()).map_or(Pair::New(job), |before| Pair::Both(job, before)))
        .collect();
    pairs.extend(baseline.side.jobs.iter().filter(|job| left.contains_key(job.employment.key.as_str())).map(|job| {
        let was_asked = job.employment.link.is_some_and(|link| baseline.asked.contains(&link));
        if was_asked { Pair::Gone(job) } else { Pair::Both(job, job) }
    }));
    pairs
}

/// How often each employer occurs, since jobs at one employer need more than its name to be told apart.
pub(super) struct Names<'a>(HashMap<&'a str, usize>);

impl<'a> Names<'a> {
    pub(super) fn of(pairs: &[Pair<'a>]) -> Self {
        let mut counts = HashMap::new();
        for pair in pairs {
            *counts.entry(company(*pair)).or_default() += 1;
        }
        Self(counts)
    }

    pub(super) fn label(&self, pair: &Pair<'a>) -> String {
        let company = company(*pair);
        match &pair.job().employment.job_title {
            Some(title) if self.0.get(company).is_some_and(|count| *count > 1) => format!("{company} ({title})"),
            _ => company.to_owned(),
        }
    }
}

/// The newest name of the employer.
fn company(pair: Pair<'_>) -> &str {
    pair.now()
        .and_then(|job| job.employment.company_name.as_deref())
        .or_else(|| pair.before().and_then(|job| job.employment.company_name.as_deref()))
        .unwrap_or("an unnamed employer")
}
