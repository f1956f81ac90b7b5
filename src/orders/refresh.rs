//! Asks for new data: stores the intent of a refresh and answers. A worker sends it (`send`).
//!
//! One transaction holds the order, its edge to the parent, the refreshes spent, the idempotency key, the job and the
//! events. Nothing is sent before it is durable, and nothing is sent inside it.

use sea_orm::ConnectionTrait;
use serde::Serialize;

use super::idempotency::Key;
use super::plan::{self, Ask, Plan};
use super::refusal::{Error, Refusal, input};
use super::rules::{self, Fresh};
use super::{Order, OrderEmployer, policy, store};
use crate::batches;
use crate::caller::{Caller, Scope};
use crate::cases::{self, Case, Locked};
use crate::events::{Change, Facts};
use crate::ids::{AgencyId, BatchItemId, CaseId, LinkId, OrderEmployerId, OrderId};
use crate::jobs::{self, NewJob, Priority};
use crate::kit::Kit;
use crate::ledger::{self, Spending};
use crate::links;
use crate::storage::{self, Tx};
use crate::words::{
    BreakerReason, CaseEventKind, CaseStatus, JobKind, OrderKind, OrderStatus, ProductType, RefreshPurpose,
};

/// What is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct RefreshInput {
    /// The case.
    pub case: CaseId,
    /// The order to refresh; `None` for the one that fits best.
    pub source: Option<OrderId>,
    /// What to ask Truv for.
    pub product: ProductType,
    /// Why.
    pub purpose: RefreshPurpose,
    /// Employer entries of the source order; `None` for all.
    pub employers: Option<Vec<OrderEmployerId>>,
    /// A repeat with the same key and input answers with the first result.
    #[serde(skip)]
    pub idempotency_key: String,
}

/// An order that was made, with the case as it then stood.
#[derive(Clone, Debug)]
pub struct Made {
    /// The order.
    pub order: Order,
    /// The case.
    pub case: Case,
    /// What it costs, held against the caps of the program's month; `None` where nothing was planned, as for a repeat.
    pub spending: Option<Spending>,
    /// Data that was fresh enough already, where the agency's rule only warns of that.
    pub fresh: Option<Fresh>,
}

/// Stores the intent of a refresh.
///
/// # Errors
/// [`Error::Refused`] with every reason that stands against it; nothing has then changed.
pub async fn refresh(kit: &Kit, caller: &Caller, ask: &RefreshInput) -> Result<Made, Error> {
    let first = refresh_once(kit, caller, ask).await;
    // Two requests with one key over different cases can meet at the key itself: the later one then finds it.
    let done = if is_in_the_way(&first) { refresh_once(kit, caller, ask).await } else { first };
    if let Err(Error::Refused(refusals)) = &done {
        for refusal in refusals {
            metrics::counter!("recert_refresh_refusals_total", "reason" => refusal.word()).increment(1);
        }
    }
    done
}

/// Whether another transaction was in the way, so that a second attempt finds what it has stored.
pub(super) fn is_in_the_way<T>(done: &Result<T, Error>) -> bool {
    matches!(done, Err(Error::Storage(storage::Error::Duplicate(_) | storage::Error::Collision(_))))
}

async fn refresh_once(kit: &Kit, caller: &Caller, ask: &RefreshInput) -> Result<Made, Error> {
    caller.require(Scope::OrdersRefresh)?;
    let scope = caller.cases()?;
    let key = Key::parse(caller, &ask.idempotency_key, "createRefreshOrder", ask)?;
    let tx = kit.db.begin().await?;
    let mut locked = cases::lock_in_tx(&tx, scope, ask.case).await?.ok_or_else(no_case)?;
    if let Some(order) = key.find_in_tx(&tx, locked.case()).await? {
        let order = store::load(&tx, caller.agency, order).await?;
        return Ok(Made { order, case: locked.case().clone(), spending: None, fresh: None });
    }
    if locked.case().status == CaseStatus::Closed {
        return Err(Refusal::invalid(input("caseId"), "The case is closed.").into());
    }
    check_upstream(kit, &tx, caller.agency).await?;
    let asked = Ask {
        source: ask.source,
        product: ask.product,
        purpose: Some(ask.purpose),
        employers: ask.employers.as_deref(),
        tries_disconnected: false,
    };
    let plan = plan_in_tx(kit, &tx, locked.case(), &asked).await?;
    let order = Intent {
        kind: kind(&plan),
        product: ask.product,
        purpose: ask.purpose,
        requested_by: &caller.subject,
        attempt: 0,
        batch_item: batches::find_followed_in_tx(&tx, ask.case).await?,
        is_bulk: false,
    }
    .place_in_tx(kit, &tx, &mut locked, &plan)
    .await?;
    key.store_in_tx(kit, &tx, order.id).await?;
    let case = locked.save_in_tx(&tx, kit.clock.now()).await?;
    kit.db.commit(tx).await?;
    Ok(Made { order, case, spending: plan.spending, fresh: plan.fresh })
}

/// A refresh that a renewal batch asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BulkRefresh<'a> {
    /// The item.
    pub(crate) item: BatchItemId,
    /// What to ask Truv for.
    pub(crate) product: ProductType,
    /// Who started the batch.
    pub(crate) requested_by: &'a str,
}

/// Stores the intent of a refresh of the whole case, which the transaction has locked, for an item of a renewal batch.
///
/// # Errors
/// [`Error::Refused`] with every reason that stands against it; nothing has then been written.
pub(crate) async fn refresh_in_tx(
    kit: &Kit,
    tx: &Tx,
    locked: &mut Locked,
    ask: BulkRefresh<'_>,
) -> Result<Order, Error> {
    let purpose = Some(RefreshPurpose::Renewal);
    let asked = Ask { source: None, product: ask.product, purpose, employers: None, tries_disconnected: false };
    let plan = plan_in_tx(kit, tx, locked.case(), &asked).await?;
    let intent = Intent {
        kind: kind(&plan),
        product: ask.product,
        purpose: RefreshPurpose::Renewal,
        requested_by: ask.requested_by,
        attempt: 0,
        batch_item: Some(ask.item),
        is_bulk: true,
    };
    intent.place_in_tx(kit, tx, locked, &plan).await
}

fn kind(plan: &Plan) -> OrderKind {
    if plan.is_partial { OrderKind::PartialRefresh } else { OrderKind::Refresh }
}

/// What a refresh would do now, without doing it.
///
/// # Errors
/// [`Error::Refused`] only when the case itself is not there; everything else stands in the plan.
pub async fn preview(
    kit: &Kit,
    caller: &Caller,
    case: CaseId,
    (product, purpose): (ProductType, RefreshPurpose),
    employers: Option<&[OrderEmployerId]>,
) -> Result<Plan, Error> {
    let db = kit.db.read();
    let case = cases::find_in_tx(db, caller.cases()?, case).await?.ok_or_else(no_case)?;
    let asked = Ask { source: None, product, purpose: Some(purpose), employers, tries_disconnected: false };
    let mut plan = plan::choose(db, &case, &asked).await?;
    let ids: Vec<LinkId> = plan.targets.iter().map(|target| target.link.id).collect();
    let open = store::find_open_on_links(db, case.agency, &ids).await?;
    let spent = links::count_units(&kit.db, case.agency, &ids, kit.clock.now()).await?;
    plan::judge(&mut plan, &[], &open, &spent, kit.renewals.refreshes_per_day, false, kit.clock.now());
    if let Some(account) = kit.account(case.agency) {
        let when = (kit.clock.now(), kit.renewals.window_days);
        rules::judge(db, &mut plan, (&case, &asked), &account.refresh_rules, when).await?;
    }
    if let Some(account) = kit.account(case.agency).filter(|_| !plan.targets.is_empty()) {
        let now = kit.clock.now();
        let committed = ledger::committed(db, case.agency, case.program, now).await?;
        plan::weigh(&mut plan, &account.spending, (case.program, product), committed, now);
    }
    match check_upstream(kit, db, case.agency).await {
        Err(Error::Refused(refusals)) => plan.refusals.extend(refusals),
        checked => checked?,
    }
    Ok(plan)
}

/// A person is told at once that nothing can be sent, instead of finding a case that only waits. What was stored before, and
/// what bulk work stores, waits for Truv by itself.
pub(super) async fn check_upstream<C: ConnectionTrait>(kit: &Kit, db: &C, agency: AgencyId) -> Result<(), Error> {
    let Some(gate) = kit.account(agency).and_then(|account| account.client.gate()) else { return Ok(()) };
    let standing = gate.standing(db).await?;
    match standing.unavailable_until(kit.clock.now()) {
        None => Ok(()),
        Some(retry_at) => {
            let is_locked_out = standing.reason == Some(BreakerReason::Unauthorized);
            Err(Refusal::Unavailable { retry_at, is_locked_out }.into())
        }
    }
}

fn no_case() -> Refusal {
    Refusal::not_found(input("caseId"), "There is no such case.")
}

/// The plan under the locks of its links, which the transaction then holds to its end.
pub(super) async fn plan_in_tx(kit: &Kit, tx: &Tx, case: &Case, ask: &Ask<'_>) -> Result<Plan, Error> {
    let mut plan = plan::choose(tx, case, ask).await?;
    let ids: Vec<LinkId> = plan.targets.iter().map(|target| target.link.id).collect();
    let links = links::lock_in_tx(tx, case.agency, &ids).await?;
    let open = store::find_open_on_links(tx, case.agency, &ids).await?;
    let spent = links::units_in_tx(tx, case.agency, &ids, kit.clock.now()).await?;
    plan::judge(
        &mut plan,
        &links,
        &open,
        &spent,
        kit.renewals.refreshes_per_day,
        ask.tries_disconnected,
        kit.clock.now(),
    );
    if let Some(account) = kit.account(case.agency) {
        let when = (kit.clock.now(), kit.renewals.window_days);
        rules::judge(tx, &mut plan, (case, ask), &account.refresh_rules, when).await?;
    }
    if let Some(account) = kit.account(case.agency).filter(|_| !plan.targets.is_empty()) {
        let now = kit.clock.now();
        let committed = ledger::lock_month_in_tx(tx, case.agency, case.program, now).await?;
        plan::weigh(&mut plan, &account.spending, (case.program, ask.product), committed, now);
    }
    if plan.refusals.is_empty() { Ok(plan) } else { Err(Error::Refused(plan.refusals)) }
}

/// A refresh about to be stored.
pub(super) struct Intent<'a> {
    pub(super) kind: OrderKind,
    pub(super) product: ProductType,
    pub(super) purpose: RefreshPurpose,
    pub(super) requested_by: &'a str,
    pub(super) attempt: u32,
    /// The item of a renewal batch that the order decides from now on.
    pub(super) batch_item: Option<BatchItemId>,
    /// Whether nobody waits for it at a screen.
    pub(super) is_bulk: bool,
}

impl Intent<'_> {
    /// Stores order, employers, spent refreshes, job and event, and moves the case.
    pub(super) async fn place_in_tx(
        self,
        kit: &Kit,
        tx: &Tx,
        locked: &mut Locked,
        plan: &Plan,
    ) -> Result<Order, Error> {
        let now = kit.clock.now();
        let Some(parent) = &plan.source else { return Err(no_case().into()) };
        let renewal = cases::open_renewal_in_tx(kit, tx, locked).await?;
        let order = Order {
            id: kit.ids.next(),
            agency: locked.case().agency,
            case: locked.case().id,
            renewal: Some(renewal),
            batch_item: self.batch_item,
            is_bulk: self.is_bulk,
            parent: Some(parent.id),
            root: parent.root,
            depth: parent.depth + 1,
            kind: self.kind,
            status: OrderStatus::Requested,
            product: self.product,
            purpose: Some(self.purpose),
            truv_order_id: None,
            truv_user_id: parent.truv_user_id.clone(),
            number: parent.number.clone(),
            requested_by: self.requested_by.to_owned(),
            attempt: self.attempt,
            refresh_order_before: None,
            sends: 0,
            sent_at: None,
            contact: None,
            share_url: None,
            failure: None,
            retry_canceled_at: None,
            retry_moved_to: None,
            canceled_at: None,
            completed_at: None,
            expires_at: None,
            news_at: now,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let employers: Vec<OrderEmployer> = (0..)
            .zip(&plan.targets)
            .map(|(position, target)| OrderEmployer {
                id: kit.ids.next(),
                agency: order.agency,
                order: order.id,
                position,
                source: Some(target.employer.id),
                link: Some(target.link.id),
                truv_suborder_id: None,
                suborder_number: target.employer.suborder_number.clone(),
                company_name: target.employer.company_name.clone().or_else(|| target.link.company_name.clone()),
                raw_status: "pending".to_owned(),
                status_at: None,
                task_status: None,
                task_at: None,
                latest_task: None,
                told: None,
                message: None,
                updated_at: now,
            })
            .collect();
        store::insert_in_tx(tx, &order, &employers).await?;
        let links: Vec<LinkId> = plan.targets.iter().map(|target| target.link.id).collect();
        links::spend_units_in_tx(tx, &kit.ids, order.agency, &links, order.id, now).await?;
        let refreshed: Vec<_> = employers.iter().filter_map(|employer| Some((employer.id, employer.link?))).collect();
        let attempt = ledger::Attempt {
            agency: order.agency,
            case: order.case,
            order: order.id,
            program: locked.case().program,
            product: order.product,
            price_cents: kit.account(order.agency).and_then(|account| ledger::price(&account.spending, order.product)),
            links: &refreshed,
        };
        ledger::attempt_in_tx(tx, &kit.ids, attempt, now).await?;
        announce_in_tx(kit, tx, locked, &order).await?;
        Ok(order)
    }
}

/// Makes a stored order the case's newest: event, standing, and the job that sends it.
pub(super) async fn announce_in_tx(kit: &Kit, tx: &Tx, locked: &mut Locked, order: &Order) -> Result<(), Error> {
    locked.latest_order(order.id);
    locked.note(Change {
        order: Some(order.id),
        facts: Facts { order_status: Some(order.status), ..Facts::default() },
        ..Change::of(CaseEventKind::OrderCreated)
    });
    locked.stand(policy::case_standing(order));
    if let Some(item) = order.batch_item {
        batches::take_in_tx(kit, tx, item, order.id).await?;
    }
    let job = NewJob {
        agency: order.agency,
        kind: JobKind::SendOrder,
        subject: order.id.0,
        priority: Priority::of(order.is_bulk),
        run_at: kit.clock.now(),
    };
    Ok(jobs::enqueue_in_tx(kit, tx, job).await?)
}
