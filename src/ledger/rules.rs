//! What a line becomes, what a refresh costs, and what a cap says. Pure.

use chrono::{DateTime, Datelike, TimeDelta, TimeZone, Utc};

use crate::config;
use crate::words::{LedgerDifference, LedgerStatus, ProductType, Program};

/// How the refresh of one connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It brought data.
    Succeeded,
    /// It brought none. The client may still log in, and bring it late.
    Failed,
    /// It was never carried out.
    Refused,
}

/// What a line becomes; `None` when it stays. A late success revives a line, a confirmed one is never left, and what
/// succeeded does not fail any more.
pub(super) fn next(status: LedgerStatus, outcome: Outcome) -> Option<LedgerStatus> {
    match (status, outcome) {
        (LedgerStatus::Attempted | LedgerStatus::Void, Outcome::Succeeded) => Some(LedgerStatus::Estimated),
        (LedgerStatus::Attempted, Outcome::Failed | Outcome::Refused) => Some(LedgerStatus::Void),
        (LedgerStatus::Void | LedgerStatus::Estimated | LedgerStatus::Confirmed, _) => None,
    }
}

/// Whether a line in this state counts towards what the month has committed.
pub(super) fn is_committed(status: LedgerStatus) -> bool {
    status != LedgerStatus::Void
}

/// When Truv's invoice is first asked for, after the outcome is known: the bill is written when Truv pleases, and a day
/// is soon enough.
pub(super) fn first_check(outcome: Outcome, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (outcome != Outcome::Refused).then(|| now + TimeDelta::days(1))
}

/// Distance between two looks at an invoice.
const AGAIN: TimeDelta = TimeDelta::days(1);
/// How long an invoice may take before its absence is a difference.
const PATIENCE: TimeDelta = TimeDelta::days(31);

/// What Truv shows for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invoice {
    /// Billed.
    Billed,
    /// Not yet, or not at all.
    Pending,
    /// It went wrong.
    Failed,
}

/// What follows for a line from a look at the invoice of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) status: LedgerStatus,
    pub(super) difference: Option<LedgerDifference>,
    /// When to look again; `None` when all is said.
    pub(super) check_at: Option<DateTime<Utc>>,
}

/// Holds a line against the invoice. `is_billable` says whether any line of the order is expected on the bill: the invoice
/// is the order's, not the connection's, so a connection that failed beside one that succeeded proves nothing.
pub(super) fn reconcile(
    status: LedgerStatus,
    invoice: Invoice,
    is_billable: bool,
    settled_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Verdict {
    let is_late = now - settled_at >= PATIENCE;
    let again = (!is_late).then_some(now + AGAIN);
    let stay = |difference, check_at| Verdict { status, difference, check_at };
    match (status, invoice) {
        (LedgerStatus::Estimated, Invoice::Billed) => {
            Verdict { status: LedgerStatus::Confirmed, difference: None, check_at: None }
        }
        (LedgerStatus::Estimated | LedgerStatus::Attempted, Invoice::Failed) => {
            stay(Some(LedgerDifference::InvoiceFailed), again)
        }
        (LedgerStatus::Estimated, Invoice::Pending) => stay(is_late.then_some(LedgerDifference::NotBilled), again),
        (LedgerStatus::Void | LedgerStatus::Attempted, Invoice::Billed) if !is_billable => {
            stay(Some(LedgerDifference::BilledUnexpectedly), None)
        }
        (LedgerStatus::Void | LedgerStatus::Attempted, _) => stay(None, again),
        (LedgerStatus::Confirmed, _) => stay(None, None),
    }
}

/// The month of an instant, in UTC: `2026-11`.
pub fn month_of(at: DateTime<Utc>) -> String {
    at.format("%Y-%m").to_string()
}

/// Whether a text names a month as [`month_of`] writes it.
pub fn is_month(text: &str) -> bool {
    text.len() == 7 && chrono::NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").is_ok()
}

/// When the month after an instant begins, in UTC.
pub(super) fn next_month(at: DateTime<Utc>) -> DateTime<Utc> {
    let (year, month) = if at.month() == 12 { (at.year() + 1, 1) } else { (at.year(), at.month() + 1) };
    Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single().unwrap_or(at)
}

/// What one refreshed connection costs, in cents; `None` where the settings name no price.
pub fn price(settings: &config::Spending, product: ProductType) -> Option<i64> {
    let prices = &settings.price_cents;
    match product {
        ProductType::Income => prices.income,
        ProductType::Employment => prices.employment,
        ProductType::Assets => prices.assets,
        ProductType::Insurance => prices.insurance,
        ProductType::Transactions => prices.transactions,
        ProductType::Unknown => None,
    }
    .map(i64::from)
}

/// The caps of a program in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// From here on every refresh carries a warning, in cents; `None` for none.
    pub soft_cents: Option<i64>,
    /// Beyond this nothing is refreshed, in cents; `None` for no limit.
    pub hard_cents: Option<i64>,
}

impl Limits {
    /// The caps that the settings name for the program.
    pub fn of(settings: &config::Spending, program: Program) -> Self {
        let caps = &settings.caps;
        let cap = match program {
            Program::Snap => &caps.snap,
            Program::Tanf => &caps.tanf,
            Program::Medicaid => &caps.medicaid,
            Program::ChildCare => &caps.child_care,
            Program::Housing => &caps.housing,
            Program::Liheap => &caps.liheap,
            Program::Other => &caps.other,
        };
        Self { soft_cents: cap.soft_cents.map(i64::from), hard_cents: cap.hard_cents.map(i64::from) }
    }
}

/// One refresh, or many, held against the caps of a program and month. Amounts in cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The program.
    pub program: Program,
    /// The month in UTC, `2026-11`.
    pub month: String,
    /// What the month has committed already.
    pub committed_cents: i64,
    /// What is asked for would add.
    pub requested_cents: i64,
    /// The caps.
    pub limits: Limits,
    /// When the next month begins.
    pub resets_at: DateTime<Utc>,
}

impl Spending {
    /// What `links` connections would add to what is committed.
    pub(crate) fn of(
        settings: &config::Spending,
        (program, product): (Program, ProductType),
        committed_cents: i64,
        links: usize,
        now: DateTime<Utc>,
    ) -> Self {
        let links = i64::try_from(links).unwrap_or(i64::MAX);
        Self {
            program,
            month: month_of(now),
            committed_cents,
            requested_cents: price(settings, product).unwrap_or(0).saturating_mul(links),
            limits: Limits::of(settings, program),
            resets_at: next_month(now),
        }
    }

    fn exceeds(&self, cap: Option<i64>) -> bool {
        cap.is_some_and(|cap| self.committed_cents.saturating_add(self.requested_cents) > cap)
    }

    /// Whether the hard cap forbids it. What costs nothing is never forbidden.
    pub fn is_forbidden(&self) -> bool {
        self.requested_cents > 0 && self.exceeds(self.limits.hard_cents)
    }

    /// Whether the soft cap asks for a warning.
    pub fn is_noticeable(&self) -> bool {
        self.requested_cents > 0 && self.exceeds(self.limits.soft_cents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LedgerStatus::{Attempted, Confirmed, Estimated, Void};

    fn at(month: u32, day: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, month, day, 12, 0, 0).unwrap()
    }

    #[test]
    fn a_line_goes_forward_only_and_a_late_success_revives_it() {
        assert_eq!(next(Attempted, Outcome::Succeeded), Some(Estimated));
        assert_eq!(next(Attempted, Outcome::Failed), Some(Void));
        assert_eq!(next(Void, Outcome::Succeeded), Some(Estimated));
        for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::Refused] {
            assert_eq!((next(Estimated, outcome), next(Confirmed, outcome)), (None, None));
        }
        assert_eq!(next(Void, Outcome::Failed), None);
    }

    #[test]
    fn an_invoice_confirms_what_brought_data_and_nothing_else() {
        let look = |status, invoice, billable, days| {
            let verdict = reconcile(status, invoice, billable, at(3, 4), at(3, 4) + TimeDelta::days(days));
            (verdict.status, verdict.difference, verdict.check_at.is_some())
        };
        assert_eq!(look(Estimated, Invoice::Billed, true, 1), (Confirmed, None, false));
        assert_eq!(look(Estimated, Invoice::Pending, true, 1), (Estimated, None, true));
        assert_eq!(look(Estimated, Invoice::Pending, true, 31), (Estimated, Some(LedgerDifference::NotBilled), false));
        assert_eq!(look(Void, Invoice::Billed, false, 1), (Void, Some(LedgerDifference::BilledUnexpectedly), false));
        assert_eq!(look(Void, Invoice::Billed, true, 1), (Void, None, true), "it stands for another connection");
        assert_eq!(look(Void, Invoice::Pending, false, 31), (Void, None, false));
        assert_eq!(look(Estimated, Invoice::Failed, true, 1), (Estimated, Some(LedgerDifference::InvoiceFailed), true));
    }

    #[test]
    fn the_cap_itself_may_be_reached_and_not_exceeded() {
        let spending = |committed_cents, requested_cents, hard_cents| Spending {
            program: Program::Snap,
            month: month_of(at(12, 31)),
            committed_cents,
            requested_cents,
            limits: Limits { soft_cents: Some(500), hard_cents },
            resets_at: next_month(at(12, 31)),
        };
        assert!(!spending(700, 300, Some(1_000)).is_forbidden());
        assert!(spending(701, 300, Some(1_000)).is_forbidden());
        assert!(spending(501, 1, None).is_noticeable() && !spending(499, 1, None).is_noticeable());
        assert!(!spending(9_999, 0, Some(1_000)).is_forbidden(), "what costs nothing is never forbidden");
        assert_eq!(spending(0, 0, None).resets_at, Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap());
        assert_eq!(spending(0, 0, None).month, "2026-12");
    }
}
