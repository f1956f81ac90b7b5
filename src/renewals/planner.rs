//! What to do about each case's renewal, and when. Pure.
//!
//! A refresh is worth most on the day the renewal cycle opens: a connection lasts about 180 days from the client's login,
//! a half-year cycle 181, so that a refresh at the due date comes a day too late where one at the opening still meets a
//! connection that works. Asking early is worth it where no refresh can bring the data. Bands and lifetimes are those of
//! `links::health`.

use chrono::{Days, NaiveDate};

use crate::cases::Case;
use crate::lifetimes::Table;
use crate::links::{self, Forecast};
use crate::orders::Prospect;
use crate::words::{CaseStatus, LinkHealth, PlanReason, PlannedAction};

/// The settings that a plan follows.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    /// The day of the plan.
    pub today: NaiveDate,
    /// Days before its due date on which a case's cycle opens.
    pub window_days: u32,
    /// How long connections are expected to last.
    pub lifetimes: &'a Table,
}

/// What is planned for one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The case.
    pub case: Case,
    /// What to do.
    pub action: PlannedAction,
    /// When; `None` when nothing is to be done.
    pub on: Option<NaiveDate>,
    /// Why.
    pub reason: PlanReason,
    /// Connections that the refresh asks, each of them billed; 0 where no refresh is planned.
    pub billable_links: u32,
    /// The worst of the case's connections, judged against its due date; `Unknown` without one.
    pub health: LinkHealth,
    /// How likely, from 0 to 1, the refresh brings data from all of them on its day; `None` where none is planned.
    pub chance: Option<f64>,
}

/// Plans one case, given what a refresh would meet.
pub fn plan(case: Case, prospect: &Prospect, calendar: Calendar<'_>) -> Planned {
    let targets = &prospect.links;
    let forecast = Forecast { due_on: case.due_on, lifetimes: calendar.lifetimes };
    let health = targets.iter().map(|link| links::health(link, forecast)).max_by_key(|band| weight(*band));
    let health = health.unwrap_or(LinkHealth::Unknown);
    let (action, on, reason) = decide(&case, prospect, calendar);
    let is_refresh = matches!(action, PlannedAction::RefreshNow | PlannedAction::RefreshLater);
    let billable_links = if is_refresh { u32::try_from(targets.len()).unwrap_or(u32::MAX) } else { 0 };
    let chance_on = |on| targets.iter().map(|link| links::chance(link, calendar.lifetimes, on)).product();
    let chance = on.filter(|_| is_refresh).map(chance_on);
    Planned { case, action, on, reason, billable_links, health, chance }
}

fn decide(case: &Case, prospect: &Prospect, calendar: Calendar<'_>) -> (PlannedAction, Option<NaiveDate>, PlanReason) {
    use PlannedAction::{AskClient, Blocked, RefreshLater, RefreshNow};
    let (today, targets) = (calendar.today, &prospect.links);
    match case.status {
        CaseStatus::Refreshing | CaseStatus::RetryScheduled => return (Blocked, None, PlanReason::InProgress),
        CaseStatus::WaitingOnClient => return (Blocked, None, PlanReason::WaitingOnClient),
        CaseStatus::ReadyForReview | CaseStatus::Closed => return (Blocked, None, PlanReason::ReadyForReview),
        CaseStatus::NotDue | CaseStatus::Due | CaseStatus::NeedsClient | CaseStatus::NeedsCaseworker => {}
    }
    if targets.is_empty() {
        return (AskClient, Some(today), PlanReason::NoConnection);
    }
    if case.status == CaseStatus::NeedsClient || targets.iter().any(|link| !link.works()) {
        return (AskClient, Some(today), PlanReason::ConnectionBroken);
    }
    if prospect.is_other_product {
        return (Blocked, None, PlanReason::ProductNotCovered);
    }
    let opens_on = case.due_on.checked_sub_days(Days::new(calendar.window_days.into())).unwrap_or(case.due_on);
    let first_end = targets.iter().filter_map(|link| links::expected_expiry(link, calendar.lifetimes)).min();
    // A renewal that is open already may have been opened by hand, before its day.
    let is_open = opens_on <= today || case.status != CaseStatus::NotDue;
    if is_open && prospect.is_in_progress {
        return (Blocked, None, PlanReason::InProgress);
    }
    let fresh_until = prospect.fresh_until.map(|until| until.date_naive());
    if fresh_until.is_some_and(|until| is_open || until > opens_on) {
        return (Blocked, None, PlanReason::FreshEnough);
    }
    if is_open {
        if let Some(at) = prospect.next_available_at {
            return (RefreshLater, Some(at.date_naive()), PlanReason::LimitReached);
        }
        let is_past = first_end.is_some_and(|end| end < today);
        return (RefreshNow, Some(today), if is_past { PlanReason::PastExpectedLife } else { PlanReason::CycleOpen });
    }
    match first_end {
        Some(end) if end < opens_on => (AskClient, Some(opens_on), PlanReason::EndsBeforeCycleOpens),
        _ => (RefreshLater, Some(opens_on), PlanReason::CycleOpensLater),
    }
}

/// How bad a band is.
fn weight(band: LinkHealth) -> u8 {
    match band {
        LinkHealth::Healthy => 0,
        LinkHealth::Unknown => 1,
        LinkHealth::AtRisk => 2,
        LinkHealth::LikelyExpired => 3,
        LinkHealth::Broken => 4,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};

    use super::*;
    use crate::config::Renewals;
    use crate::links::Link;
    use crate::words::{DataSource, NextAction, Program};

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 4).unwrap();
    fn lifetimes() -> Table {
        Table::of(&Renewals::default(), [])
    }

    fn plan_of(case: Case, links: &[Link]) -> Planned {
        plan_met(case, &Prospect { links: links.to_vec(), ..Prospect::default() })
    }

    fn plan_met(case: Case, prospect: &Prospect) -> Planned {
        plan(case, prospect, Calendar { today: TODAY, window_days: 30, lifetimes: &lifetimes() })
    }

    fn nil<T: From<uuid::Uuid>>() -> T {
        uuid::Uuid::nil().into()
    }

    fn case(status: CaseStatus, due_in: i64) -> Case {
        let at = TODAY.and_time(NaiveTime::MIN).and_utc();
        Case {
            id: nil(),
            agency: nil(),
            number: "1".to_owned(),
            program: Program::Snap,
            client: nil(),
            assignee: None,
            status,
            next_action: NextAction::None,
            next_actor: None,
            due_on: TODAY + TimeDelta::days(due_in),
            cycle_months: 6,
            original_order: None,
            latest_order: None,
            renewal: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    fn link(age: i64) -> Link {
        Link {
            id: nil(),
            agency: nil(),
            client: nil(),
            truv_link_id: String::new(),
            company_name: None,
            company_mapping_id: None,
            provider_id: None,
            provider_name: None,
            data_source: DataSource::Payroll,
            connected_at: Some((TODAY - TimeDelta::days(age)).and_time(NaiveTime::MIN).and_utc()),
            last_refreshed_at: None,
            broken_at: None,
            is_only_disconnected: false,
            deleted_at: None,
            limited_until: None,
            is_suspicious: None,
        }
    }

    fn planned(status: CaseStatus, due_in: i64, links: &[Link]) -> (PlannedAction, Option<i64>, PlanReason) {
        let planned = plan_of(case(status, due_in), links);
        (planned.action, planned.on.map(|on| (on - TODAY).num_days()), planned.reason)
    }

    #[test]
    fn a_cycle_of_181_days_still_meets_a_connection_of_180() {
        // Connected on the day of the last decision, due 181 days later; the cycle opens 30 days before.
        let planned = planned(CaseStatus::NotDue, 181, &[link(0)]);
        assert_eq!(planned, (PlannedAction::RefreshLater, Some(151), PlanReason::CycleOpensLater));
        // The day itself is too late, and that is what the band says.
        assert_eq!(plan_of(case(CaseStatus::NotDue, 181), &[link(0)]).health, LinkHealth::LikelyExpired);
    }

    #[test]
    fn a_connection_that_ends_before_the_cycle_opens_is_asked_for_when_it_opens() {
        let planned = planned(CaseStatus::NotDue, 100, &[link(0), link(150)]);
        assert_eq!(planned, (PlannedAction::AskClient, Some(70), PlanReason::EndsBeforeCycleOpens));
    }

    #[test]
    fn an_open_cycle_is_refreshed_now_even_past_the_expected_life() {
        assert_eq!(
            planned(CaseStatus::Due, 10, &[link(90)]),
            (PlannedAction::RefreshNow, Some(0), PlanReason::CycleOpen)
        );
        assert_eq!(
            planned(CaseStatus::Due, -5, &[link(300)]),
            (PlannedAction::RefreshNow, Some(0), PlanReason::PastExpectedLife)
        );
        assert_eq!(planned(CaseStatus::NotDue, 30, &[link(1)]).0, PlannedAction::RefreshNow, "the cycle opens today");
        assert_eq!(planned(CaseStatus::NotDue, 31, &[link(1)]).0, PlannedAction::RefreshLater);
    }

    #[test]
    fn what_no_refresh_can_bring_is_asked_for_at_once_and_costs_nothing() {
        let mut broken = link(10);
        broken.broken_at = broken.connected_at;
        for (links, reason) in
            [(vec![], PlanReason::NoConnection), (vec![link(1), broken], PlanReason::ConnectionBroken)]
        {
            assert_eq!(planned(CaseStatus::NotDue, 100, &links), (PlannedAction::AskClient, Some(0), reason));
            assert_eq!(plan_of(case(CaseStatus::Due, 1), &links).billable_links, 0);
        }
        assert_eq!(plan_of(case(CaseStatus::Due, 1), &[link(1), link(2)]).billable_links, 2);
    }

    #[test]
    fn what_would_be_refused_is_not_planned_and_costs_nothing() {
        let at = |days: i64| Some((TODAY + TimeDelta::days(days)).and_time(NaiveTime::MIN).and_utc());
        let met = |status, due_in, prospect: Prospect| {
            let planned = plan_met(case(status, due_in), &Prospect { links: vec![link(10)], ..prospect });
            (planned.action, planned.on.map(|on| (on - TODAY).num_days()), planned.reason, planned.billable_links)
        };
        let other = || Prospect { is_other_product: true, ..Prospect::default() };
        for (status, due_in) in [(CaseStatus::Due, 10), (CaseStatus::NotDue, 90)] {
            let planned = met(status, due_in, other());
            assert_eq!(planned, (PlannedAction::Blocked, None, PlanReason::ProductNotCovered, 0));
        }
        let spent = || Prospect { next_available_at: at(1), ..Prospect::default() };
        let planned = met(CaseStatus::Due, 10, spent());
        assert_eq!(planned, (PlannedAction::RefreshLater, Some(1), PlanReason::LimitReached, 1));
        assert_eq!(met(CaseStatus::NotDue, 90, spent()).2, PlanReason::CycleOpensLater, "it has passed by then");
        // The cycle of a case that is due in 90 days opens in 60.
        let fresh = |days| Prospect { fresh_until: at(days), next_available_at: at(1), ..Prospect::default() };
        for (status, due_in, days) in [(CaseStatus::Due, 10, 0), (CaseStatus::NotDue, 90, 61)] {
            let planned = met(status, due_in, fresh(days));
            assert_eq!(planned, (PlannedAction::Blocked, None, PlanReason::FreshEnough, 0));
        }
        assert_eq!(met(CaseStatus::NotDue, 90, fresh(60)).2, PlanReason::CycleOpensLater);
        let open = || Prospect { is_in_progress: true, ..Prospect::default() };
        let planned = met(CaseStatus::NeedsCaseworker, 10, open());
        assert_eq!(planned, (PlannedAction::Blocked, None, PlanReason::InProgress, 0), "a stalled order is awaited");
        assert_eq!(met(CaseStatus::NotDue, 90, open()).2, PlanReason::CycleOpensLater);
    }

    #[test]
    fn the_chance_is_that_of_the_day_and_of_all_connections_together() {
        let now = plan_of(case(CaseStatus::Due, 10), &[link(90)]).chance.unwrap();
        let both = plan_of(case(CaseStatus::Due, 10), &[link(90), link(300)]).chance.unwrap();
        assert!(now > 0.9 && both < 0.2, "{now} {both}");
        // The cycle opens when the connection is 151 days old, 29 before its end.
        let later = plan_of(case(CaseStatus::NotDue, 181), &[link(0)]).chance.unwrap();
        assert!(later < now && later > 0.5, "{later}");
        assert_eq!(plan_of(case(CaseStatus::NotDue, 100), &[]).chance, None);
    }

    #[test]
    fn what_is_at_work_is_left_alone() {
        for (status, reason) in [
            (CaseStatus::Refreshing, PlanReason::InProgress),
            (CaseStatus::RetryScheduled, PlanReason::InProgress),
            (CaseStatus::WaitingOnClient, PlanReason::WaitingOnClient),
            (CaseStatus::ReadyForReview, PlanReason::ReadyForReview),
        ] {
            assert_eq!(planned(status, 1, &[link(1)]), (PlannedAction::Blocked, None, reason));
        }
    }
}
