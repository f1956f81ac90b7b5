//! The agency's own rules about a refresh: what its purpose allows outside the certification window, and whether the data
//! at hand is fresh enough. `purpose` decides and touches nothing; `fresh` asks for the newest report.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use sea_orm::ConnectionTrait;

use super::plan::{Ask, Plan, covers};
use super::refusal::Refusal;
use super::store;
use crate::cases::Case;
use crate::config::{Freshness, GateRule, PurposeRules, RefreshRules};
use crate::ids::ReportId;
use crate::reports;
use crate::storage::Error;
use crate::words::{Program, PurposeRule, RefreshPurpose};

/// Data that is fresh enough by the agency's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The newest report of the case.
    pub report: ReportId,
    /// When it was made.
    pub generated_at: DateTime<Utc>,
    /// Its age in whole days.
    pub age_days: u32,
    /// Within how many days data counts as fresh.
    pub fresh_days: u32,
}

/// What stands against a refresh of this purpose now; `None` when the rules allow it. Inside the certification window, from
/// the day the renewal opens, everything is allowed.
pub(super) fn purpose(
    rules: &RefreshRules,
    case: &Case,
    purpose: RefreshPurpose,
    (today, window_days): (NaiveDate, u32),
) -> Option<Refusal> {
    let opens_on = case.due_on.checked_sub_days(Days::new(window_days.into())).unwrap_or(case.due_on);
    if case.renewal.is_some() || opens_on <= today {
        return None;
    }
    let rule = match rule(of_program(rules, case.program), purpose) {
        GateRule::Allow => return None,
        GateRule::Hold => PurposeRule::Hold,
        GateRule::Refuse => PurposeRule::Refuse,
    };
    Some(Refusal::Purpose { rule, program: case.program, purpose, opens_on })
}

fn of_program(rules: &RefreshRules, program: Program) -> PurposeRules {
    let purposes = &rules.purposes;
    match program {
        Program::Snap => purposes.snap,
        Program::Tanf => purposes.tanf,
        Program::Medicaid => purposes.medicaid,
        Program::ChildCare => purposes.child_care,
        Program::Housing => purposes.housing,
        Program::Liheap => purposes.liheap,
        Program::Other => purposes.other,
    }
}

fn rule(rules: PurposeRules, purpose: RefreshPurpose) -> GateRule {
    match purpose {
        RefreshPurpose::Renewal => rules.renewal,
        RefreshPurpose::PeriodicReview => rules.periodic_review,
        RefreshPurpose::ClientRequest => rules.client_request,
        RefreshPurpose::Appeal => rules.appeal,
    }
}

/// Holds the plan against both rules: what forbids it becomes a refusal, what is worth a warning stands in the plan.
pub(super) async fn judge<C: ConnectionTrait>(
    db: &C,
    plan: &mut Plan,
    (case, ask): (&Case, &Ask<'_>),
    rules: &RefreshRules,
    (now, window_days): (DateTime<Utc>, u32),
) -> Result<(), Error> {
    let Some(asked_for) = ask.purpose else { return Ok(()) };
    plan.refusals.extend(purpose(rules, case, asked_for, (now.date_naive(), window_days)));
    plan.fresh = match rules.fresh_days {
        Some(days) => fresh(db, plan, case, ask, (now, days)).await?,
        None => None,
    };
    if let (Some(fresh), Freshness::Refuse) = (plan.fresh, rules.fresh) {
        plan.refusals.push(Refusal::Fresh { fresh });
    }
    Ok(())
}

/// The newest report of the case, when it is young enough, tells what is asked for, and each of the connections that would
/// be asked has brought data since it may count.
async fn fresh<C: ConnectionTrait>(
    db: &C,
    plan: &Plan,
    case: &Case,
    ask: &Ask<'_>,
    (now, fresh_days): (DateTime<Utc>, u32),
) -> Result<Option<Fresh>, Error> {
    let since = now - TimeDelta::days(fresh_days.into());
    let is_young = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at >= since);
    if plan.targets.is_empty() || !plan.targets.iter().all(|target| is_young(target.link.last_refreshed_at)) {
        return Ok(None);
    }
    let Some(newest) = reports::find_newest_of_case(db, case.id).await? else { return Ok(None) };
    let order = store::load(db, case.agency, newest.order).await?;
    if newest.generated_at < since || !covers(order.product, ask.product) {
        return Ok(None);
    }
    let age_days = u32::try_from((now - newest.generated_at).num_days()).unwrap_or_default();
    Ok(Some(Fresh { report: newest.report, generated_at: newest.generated_at, age_days, fresh_days }))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::words::{CaseStatus, NextAction};

    const OPENS: NaiveDate = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();

    fn nil<T: From<uuid::Uuid>>() -> T {
        uuid::Uuid::nil().into()
    }

    fn case(program: Program, is_open: bool) -> Case {
        let at = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        Case {
            id: nil(),
            agency: nil(),
            number: "1".to_owned(),
            program,
            client: nil(),
            assignee: None,
            status: CaseStatus::NotDue,
            next_action: NextAction::None,
            next_actor: None,
            due_on: OPENS + TimeDelta::days(30),
            cycle_months: 6,
            original_order: None,
            latest_order: None,
            renewal: is_open.then(nil),
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    /// SNAP holds periodic reviews and refuses what clients ask for; everything else is as it comes.
    fn rules() -> RefreshRules {
        let mut rules = RefreshRules::default();
        rules.purposes.snap.periodic_review = GateRule::Hold;
        rules.purposes.snap.client_request = GateRule::Refuse;
        rules
    }

    fn answer(case: &Case, of: RefreshPurpose, before_opening: i64) -> Option<PurposeRule> {
        match purpose(&rules(), case, of, (OPENS - TimeDelta::days(before_opening), 30)) {
            Some(Refusal::Purpose { rule, opens_on, .. }) => {
                assert_eq!(opens_on, OPENS);
                Some(rule)
            }
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    #[test]
    fn the_table_decides_by_program_and_purpose() {
        let snap = case(Program::Snap, false);
        assert_eq!(answer(&snap, RefreshPurpose::PeriodicReview, 1), Some(PurposeRule::Hold));
        assert_eq!(answer(&snap, RefreshPurpose::ClientRequest, 1), Some(PurposeRule::Refuse));
        assert_eq!(answer(&snap, RefreshPurpose::Appeal, 1), None);
        assert_eq!(answer(&snap, RefreshPurpose::Renewal, 1), None);
        assert_eq!(answer(&case(Program::Tanf, false), RefreshPurpose::ClientRequest, 1), None);
    }

    #[test]
    fn inside_the_window_everything_is_allowed() {
        assert_eq!(answer(&case(Program::Snap, false), RefreshPurpose::ClientRequest, 0), None);
        assert_eq!(answer(&case(Program::Snap, true), RefreshPurpose::ClientRequest, 90), None, "opened by hand");
    }
}
