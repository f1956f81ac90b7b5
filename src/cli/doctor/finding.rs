//! What a check has found, and how it is told.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work.
    Fault,
    /// It could not be tried.
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "WARNING",
            Self::Fault => "FAULT",
            Self::Skipped => "skipped",
        }
    }
}

/// One check: what was tried, what came back, what to change.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: String,
    pub(super) verdict: Verdict,
    pub(super) tried: String,
    pub(super) got: String,
    /// `None` where nothing is to be changed.
    pub(super) change: Option<String>,
}

/// The beginning of a finding: the check and what is tried.
#[derive(Clone, Debug)]
pub(super) struct Check {
    check: String,
    tried: String,
}

impl Check {
    pub(super) fn new(check: impl Into<String>, tried: impl Into<String>) -> Self {
        Self { check: check.into(), tried: tried.into() }
    }

    fn end(self, verdict: Verdict, got: impl Into<String>, change: Option<String>) -> Finding {
        Finding { check: self.check, verdict, tried: self.tried, got: got.into(), change }
    }

    pub(super) fn ok(self, got: impl Into<String>) -> Finding {
        self.end(Verdict::Ok, got, None)
    }

    pub(super) fn warning(self, got: impl Into<String>, change: impl Into<String>) -> Finding {
        self.end(Verdict::Warning, got, Some(change.into()))
    }

    pub(super) fn fault(self, got: impl Into<String>, change: impl Into<String>) -> Finding {
        self.end(Verdict::Fault, got, Some(change.into()))
    }

    pub(super) fn skipped(self, why: impl Into<String>) -> Finding {
        self.end(Verdict::Skipped, why, None)
    }
}

/// Everything that was found, in the order of looking.
#[derive(Clone, Debug, Default)]
pub(super) struct Report(pub(super) Vec<Finding>);

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Control characters are escaped: some of the words are other people's.
    pub(super) fn print(&self, out: &mut impl Write, as_json: bool) -> io::Result<()> {
        if as_json {
            return writeln!(out, "{:#}", json!({ "findings": self.0 }));
        }
        for Finding { check, verdict, tried, got, change } in &self.0 {
            writeln!(out, "{:<8} {}", verdict.word(), plain(check))?;
            writeln!(out, "           tried   {}", plain(tried))?;
            writeln!(out, "           got     {}", plain(got))?;
            if let Some(change) = change {
                writeln!(out, "           change  {}", plain(change))?;
            }
        }
        let count = |verdict| self.count(verdict);
        writeln!(
            out,
            "\n{} ok, {} to look at, {} at fault, {} not tried.",
            count(Verdict::Ok),
            count(Verdict::Warning),
            count(Verdict::Fault),
            count(Verdict::Skipped)
        )
    }
}

fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
