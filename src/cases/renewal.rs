//! Opening and closing renewals.

use chrono::{Days, Months, NaiveDate};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Renewal;
use super::store::{Locked, Standing, insert_renewal_in_tx, lock_in_tx};
use crate::caller::{CaseScope, Caseload};
use crate::ids::{AgencyId, RenewalId};
use crate::kit::Kit;
use crate::storage::entities::cases;
use crate::storage::{Error, Tx};
use crate::words::CaseStatus;

/// Cases opened by one statement of the sweep.
const BATCH: u64 = 200;

/// The open renewal of the case; opens one for the case's due date when there is none.
pub(crate) async fn open_renewal_in_tx(kit: &Kit, tx: &Tx, locked: &mut Locked) -> Result<RenewalId, Error> {
    if let Some(open) = locked.case().renewal {
        return Ok(open);
    }
    let case = locked.case();
    let renewal = Renewal {
        id: kit.ids.next(),
        agency: case.agency,
        case: case.id,
        due_on: case.due_on,
        opened_on: kit.clock.today(),
        baseline: None,
        current: None,
        prepared_at: None,
        decision: None,
        decided_by: None,
        decided_at: None,
        closed_at: None,
    };
    insert_renewal_in_tx(tx, &renewal, kit.clock.now()).await?;
    locked.renewal(Some(renewal.id));
    Ok(renewal.id)
}

/// Ends the open renewal: the case is not due again until the end of the next certification period.
pub(crate) fn close_renewal(kit: &Kit, locked: &mut Locked) {
    let case = locked.case();
    let next = next_due(case.due_on, case.cycle_months, kit.clock.today());
    locked.renewal(None);
    locked.due_on(next);
    locked.stand(Standing::NOT_DUE);
}

/// The next due date: whole certification periods after the last one, and in the future.
fn next_due(due_on: NaiveDate, cycle_months: u32, today: NaiveDate) -> NaiveDate {
    let cycle = cycle_months.max(1);
    (1..=1_200)
        .filter_map(|periods| due_on.checked_add_months(Months::new(cycle.saturating_mul(periods))))
        .find(|due| *due > today)
        .unwrap_or(due_on)
}

/// Opens the renewals of the agency's cases that became due, and answers how many.
///
/// # Errors
/// When the database fails.
pub(crate) async fn open_due_renewals(kit: &Kit, agency: AgencyId) -> Result<usize, Error> {
    let until = kit.clock.today() + Days::new(kit.renewals.window_days.into());
    let scope = CaseScope { agency, caseload: Caseload::All };
    let mut opened = 0;
    loop {
        let ids: Vec<uuid::Uuid> = cases::Entity::find()
            .select_only()
            .column(cases::Column::Id)
            .filter(cases::Column::AgencyId.eq(agency.0))
            .filter(cases::Column::Status.eq(CaseStatus::NotDue))
            .filter(cases::Column::DueOn.lte(until))
            .order_by_asc(cases::Column::DueOn)
            .limit(BATCH)
            .into_tuple()
            .all(kit.db.read())
            .await?;
        if ids.is_empty() {
            return Ok(opened);
        }
        for id in ids {
            let tx = kit.db.begin().await?;
            let Some(mut locked) = lock_in_tx(&tx, scope, id.into()).await? else { continue };
            // Another replica may have been here first.
            if locked.case().status == CaseStatus::NotDue && locked.case().due_on <= until {
                open_renewal_in_tx(kit, &tx, &mut locked).await?;
                locked.stand(Standing::DUE);
                locked.save_in_tx(&tx, kit.clock.now()).await?;
                opened += 1;
            }
            kit.db.commit(tx).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn the_next_due_date_keeps_the_rhythm_of_the_periods() {
        assert_eq!(next_due(day(2026, 3, 31), 6, day(2026, 3, 20)), day(2026, 9, 30));
        assert_eq!(next_due(day(2026, 3, 31), 12, day(2026, 4, 20)), day(2027, 3, 31));
    }

    #[test]
    fn a_decision_made_late_never_leaves_the_case_due_in_the_past() {
        assert_eq!(next_due(day(2024, 1, 31), 6, day(2026, 3, 20)), day(2026, 7, 31));
    }
}
