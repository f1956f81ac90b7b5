//! Takes rows in: people, cases and earlier orders, each known by the agency's own names, so that a file imported twice
//! changes nothing.
//!
//! A row describes what its file knows. What it leaves empty (an address, a caseworker) says nothing and removes nothing.
//! A due date that has been decided already does not come back: a file that was written before the decision is late, not
//! right. Earlier orders are stored as Truv's, still to be read: a job for each asks Truv for employers, connections and
//! the report.

use chrono::{Days, NaiveTime};

use super::report::{Imported, Outcome, Report};
use super::row::{ImportOrder, ImportRow, RefusedRow};
use super::seen::Seen;
use super::store::{self, Known, Stored};
use crate::caller::{Caller, CaseScope, Caseload, Scope};
use crate::cases::renewal::open_renewal_in_tx;
use crate::cases::{Error, Locked, Standing, lock_in_tx};
use crate::events::{Change, Facts};
use crate::ids::{CaseId, CaseworkerId, ClientId, OrderId};
use crate::jobs::{self, NewJob, Priority};
use crate::kit::Kit;
use crate::storage::Tx;
use crate::words::{CaseEventKind, CaseStatus, JobKind, OrderKind, OrderStatus};

/// Rows of one transaction.
const CHUNK: usize = 200;

/// Why a row is left out: the column, and what is wrong, without quoting the row.
type Fault = (&'static str, &'static str);

/// Stores the rows in their order, some hundred in a transaction: when storage fails, the chunks before stay, and the same
/// rows may be given again. `seen` holds what the rows of the same import before these have said.
///
/// # Errors
/// [`Error::Forbidden`] without `cases:write` and the right to read cases; [`Error::Storage`].
pub async fn import(kit: &Kit, caller: &Caller, rows: &[ImportRow], seen: &mut Seen) -> Result<Report, Error> {
    caller.require(Scope::CasesWrite)?;
    let scope = caller.cases()?;
    let mut report = Report::default();
    for chunk in rows.chunks(CHUNK) {
        let tx = kit.db.begin().await?;
        let known = store::find_known(&tx, &kit.sealer, scope, chunk).await?;
        let mut import = Import { kit, caller, scope, tx: &tx, known };
        for row in chunk {
            match row.verify().and_then(|()| seen.hear(row)) {
                Err(refused) => report.refused.push(refused),
                Ok(()) => match import.take(row).await? {
                    Ok((case, outcome)) => report.imported.push(Imported { line: row.line, case, outcome }),
                    Err((column, reason)) => report.refused.push(RefusedRow::new(row.line, Some(column), reason)),
                },
            }
        }
        kit.db.commit(tx).await?;
    }
    Ok(report)
}

/// One transaction's worth of rows.
struct Import<'a> {
    kit: &'a Kit,
    caller: &'a Caller,
    scope: CaseScope,
    tx: &'a Tx,
    known: Known,
}

impl Import<'_> {
    /// Takes one row in. What refuses it is found before anything is written.
    async fn take(&mut self, row: &ImportRow) -> Result<Result<(CaseId, Outcome), Fault>, Error> {
        let case = self.known.cases.get(&row.case_number).copied();
        if let Err(fault) = self.check(row, case.as_ref()) {
            return Ok(Err(fault));
        }
        let (client, client_changed) = self.client(row).await?;
        let assignee = self.assignee(row).await?;
        let new_orders: Vec<&ImportOrder> =
            row.orders.iter().filter(|order| !self.known.orders.contains_key(&order.truv_id)).collect();
        let Some(case) = case else {
            let id = self.create(row, client, assignee, &new_orders).await?;
            return Ok(Ok((id, Outcome::Created)));
        };
        let is_late = case.due_on != row.due_date
            && store::find_last_decided_due(self.tx, case.id).await?.is_some_and(|decided| decided >= row.due_date);
        let due_moves = !is_late && case.due_on != row.due_date;
        let period = if is_late { case.period } else { store::Period::of(row) };
        let assignee = assignee.filter(|assignee| case.assignee != Some(*assignee));
        let details_changed = client_changed || case.program != row.program || case.period != period;
        if !due_moves && !details_changed && assignee.is_none() && new_orders.is_empty() {
            return Ok(Ok((case.id, Outcome::Unchanged)));
        }
        let mut locked = self.lock(case.id).await?;
        if details_changed {
            store::save_details_in_tx(self.tx, case.id, row.program, &period).await?;
        }
        if let Some(assignee) = assignee {
            locked.assign(Some(assignee));
        }
        if due_moves {
            locked.due_on(row.due_date);
            let open = (locked.case().agency, locked.case().renewal);
            store::move_open_renewal_in_tx(self.tx, open, row.due_date, self.kit.clock.now()).await?;
        }
        // Moves of due date and caseworker have an event of their own; other details are told, so that screens read again.
        if details_changed && !due_moves && assignee.is_none() {
            locked.note(Change::of(CaseEventKind::CaseStatusChanged));
        }
        self.order(&mut locked, &new_orders).await?;
        self.open_if_due(&mut locked).await?;
        locked.save_in_tx(self.tx, self.kit.clock.now()).await?;
        let stored = Stored {
            due_on: if due_moves { row.due_date } else { case.due_on },
            program: row.program,
            period,
            assignee: assignee.or(case.assignee),
            ..case
        };
        self.known.cases.insert(row.case_number.clone(), stored);
        Ok(Ok((case.id, Outcome::Updated)))
    }

    fn check(&self, row: &ImportRow, case: Option<&Stored>) -> Result<(), Fault> {
        if case.is_some_and(|case| !self.scope.admits(self.caller.agency, case.assignee)) {
            return Err(("case_number", "is of a case that is not in the caller's caseload"));
        }
        let client = self.known.clients.get(&row.client.external_user_id);
        if let Some(case) = case
            && client.is_none_or(|client| client.id != case.client)
        {
            return Err(("external_user_id", "is not the person that the case belongs to"));
        }
        // A case of one's own must not be the way to read and rewrite a person of somebody else's cases.
        if client.is_some_and(|client| !self.known.is_in_sight(client.id)) {
            return Err(("external_user_id", "is a person none of whose cases is in the caller's caseload"));
        }
        let elsewhere = |order: &&ImportOrder| {
            self.known.orders.get(&order.truv_id).is_some_and(|owner| case.is_none_or(|case| case.id != *owner))
        };
        if row.orders.iter().any(|order| elsewhere(&order)) {
            return Err(("orders", "names an order that belongs to another case"));
        }
        Ok(())
    }

    /// The person, new or as the row describes them; and whether a known one changed.
    async fn client(&mut self, row: &ImportRow) -> Result<(ClientId, bool), Error> {
        let now = self.kit.clock.now();
        if let Some(client) = self.known.clients.get_mut(&row.client.external_user_id) {
            let changed = client.take_in(&row.client);
            if changed {
                store::save_client_in_tx(self.tx, &self.kit.sealer, self.caller.agency, client, now).await?;
            }
            return Ok((client.id, changed));
        }
        let client = store::Person::of(self.kit.ids.next(), &row.client);
        store::insert_client_in_tx(self.tx, &self.kit.sealer, self.caller.agency, &client, now).await?;
        let id = client.id;
        self.known.bring_into_sight(id);
        self.known.clients.insert(row.client.external_user_id.clone(), client);
        Ok((id, false))
    }

    /// The caseworker that the row names, made known when nobody has heard of them.
    async fn assignee(&mut self, row: &ImportRow) -> Result<Option<CaseworkerId>, Error> {
        let Some(named) = &row.assignee else { return Ok(None) };
        if let Some((id, name)) = self.known.staff.get_mut(&named.external_id) {
            if let Some(new) = named.name.as_ref().filter(|new| *new != name) {
                store::rename_caseworker_in_tx(self.tx, *id, new).await?;
                name.clone_from(new);
            }
            return Ok(Some(*id));
        }
        let id: CaseworkerId = self.kit.ids.next();
        let name = named.name.clone().unwrap_or_else(|| named.external_id.clone());
        let now = self.kit.clock.now();
        store::insert_caseworker_in_tx(self.tx, (self.caller.agency, id), &named.external_id, &name, now).await?;
        self.known.staff.insert(named.external_id.clone(), (id, name));
        Ok(Some(id))
    }

    async fn create(
        &mut self,
        row: &ImportRow,
        client: ClientId,
        assignee: Option<CaseworkerId>,
        orders: &[&ImportOrder],
    ) -> Result<CaseId, Error> {
        let id: CaseId = self.kit.ids.next();
        let now = self.kit.clock.now();
        let stored =
            Stored { id, client, program: row.program, due_on: row.due_date, period: store::Period::of(row), assignee };
        store::insert_case_in_tx(self.tx, self.caller.agency, row, &stored, now).await?;
        self.known.cases.insert(row.case_number.clone(), stored);
        let mut locked = self.lock(id).await?;
        self.order(&mut locked, orders).await?;
        self.open_if_due(&mut locked).await?;
        locked.save_in_tx(self.tx, now).await?;
        Ok(id)
    }

    /// The case, whose scope has been checked.
    async fn lock(&self, case: CaseId) -> Result<Locked, Error> {
        let scope = CaseScope { agency: self.caller.agency, caseload: Caseload::All };
        lock_in_tx(self.tx, scope, case).await?.ok_or(Error::NotFound)
    }

    /// Stores earlier orders, each with the job that reads it from Truv. The oldest is the original; the later ones came
    /// from it until Truv says more.
    async fn order(&mut self, locked: &mut Locked, orders: &[&ImportOrder]) -> Result<(), Error> {
        let now = self.kit.clock.now();
        let is_first = locked.case().latest_order.is_none();
        let mut root = match locked.case().original_order {
            Some(original) => Some(store::load_root_in_tx(self.tx, original).await?),
            None => None,
        };
        for order in orders {
            let id: OrderId = self.kit.ids.next();
            let made = store::Earlier {
                id,
                case: locked.case(),
                root,
                kind: if root.is_some() { OrderKind::Refresh } else { OrderKind::Original },
                order,
                made_at: order.date.map_or(now, |day| day.and_time(NaiveTime::MIN).and_utc()),
                requested_by: &self.caller.subject,
                now,
            };
            store::insert_order_in_tx(self.tx, &made).await?;
            root = root.or(Some(id));
            self.known.orders.insert(order.truv_id.clone(), locked.case().id);
            // An order made here is newer than any that the agency's file knows.
            if is_first {
                locked.latest_order(id);
            }
            let facts = Facts { order_status: Some(OrderStatus::Pending), ..Facts::default() };
            locked.note(Change { order: Some(id), facts, ..Change::of(CaseEventKind::OrderCreated) });
            let job = NewJob {
                agency: self.caller.agency,
                kind: JobKind::ReadOrder,
                subject: id.0,
                priority: Priority::Background,
                run_at: now,
            };
            jobs::enqueue_in_tx(self.kit, self.tx, job).await?;
        }
        Ok(())
    }

    /// Opens the renewal of a case that is due within the window.
    async fn open_if_due(&self, locked: &mut Locked) -> Result<(), Error> {
        let until = self.kit.clock.today() + Days::new(self.kit.renewals.window_days.into());
        if locked.case().status == CaseStatus::NotDue && locked.case().due_on <= until {
            open_renewal_in_tx(self.kit, self.tx, locked).await?;
            locked.stand(Standing::DUE);
        }
        Ok(())
    }
}
