//! Asks Truv about orders without news: webhooks get lost, and an end that nobody told must still be noticed.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::advance::{Advanced, Open, advance_in_tx};
use super::news::{News, Said};
use super::send::again;
use super::{Order, policy, status, store};
use crate::deliveries;
use crate::ids::{AgencyId, OrderId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::Kit;
use crate::storage::entities::cases;
use crate::storage::entities::orders::{self, Column};
use crate::storage::{Database, Error};
use crate::truv;
use crate::words::{JobKind, NextAction, OrderStatus, TaskStatus};

/// Distance between two looks at an order that waits for the client, or that is stalled.
const SLOW: Duration = Duration::from_hours(1);
/// Distance between two looks at a failed order that its client may still complete.
const LATE: TimeDelta = TimeDelta::hours(24);
/// An order that has moved although nothing was heard of it for so long: a webhook was missed.
const UNHEARD: TimeDelta = TimeDelta::minutes(1);
/// Orders asked about by one sweep.
const BATCH: u64 = 200;
/// Orders asked about after the endpoint was found switched off.
const MANY: u64 = 5_000;

/// Looks at the order and joins what it shows. An order that has not moved for too long is stalled.
pub(crate) async fn poll(kit: &Kit, agency: AgencyId, id: OrderId) -> Result<Ran, Error> {
    let Some(order) = store::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    let (Some(account), Some(truv_order_id)) = (kit.account(agency), &order.truv_order_id) else {
        return Ok(Ran::Finished);
    };
    let shown = match account.client.order(truv_order_id).await {
        Ok(shown) => shown.value,
        // An order that a file named: nobody here has ever seen it.
        Err(truv::Error::NotFound) if order.sent_at.is_none() => return unmatched(kit, &order).await,
        Err(error) => {
            let why = || format!("the order could not be read: {error}");
            return Ok(jobs::hindered(kit, &error).unwrap_or_else(|| again(kit, Duration::from_mins(1), &why())));
        }
    };
    let said = match explanations(kit, &account.client, id).await? {
        Ok(said) => said,
        Err(error) => {
            let why = format!("a task could not be read: {error}");
            return Ok(jobs::hindered(kit, &error).unwrap_or_else(|| again(kit, Duration::from_mins(1), &why)));
        }
    };
    let now = kit.clock.now();
    let tx = kit.db.begin().await?;
    let advanced = advance_in_tx(kit, &tx, agency, id, &News { said, ..News::shown(shown) }).await?;
    let silent_since = now - TimeDelta::from_std(kit.work.stalled_after).unwrap_or_default();
    if advanced == Advanced::NothingNew && order.contact.is_none() && order.updated_at < silent_since {
        advance_in_tx(kit, &tx, agency, id, &News::said(Said::Silence { at: now })).await?;
    }
    // An imported order is read without anybody having been expected to tell of it.
    if advanced == Advanced::Moved && order.sent_at.is_some() && order.news_at + UNHEARD <= now {
        deliveries::note_missed_in_tx(&tx, agency, now).await?;
    }
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// What providers say about tasks of the order that failed for a reason in need of words.
async fn explanations(
    kit: &Kit,
    client: &truv::Client,
    order: OrderId,
) -> Result<Result<Vec<Said>, truv::Error>, Error> {
    let mut silent = store::employers(kit.db.read(), order).await?;
    silent.retain(|employer| employer.message.is_none());
    let mut said = Vec::new();
    for task in store::tasks_of(kit.db.read(), &silent).await? {
        let counts = silent.iter().any(|employer| employer.latest_task == Some(task.id));
        if !counts || !status::wants_words(TaskStatus::parse(&task.raw_status)) {
            continue;
        }
        match client.task(&task.truv_task_id).await {
            Ok(shown) => said.extend(
                shown.error_message.map(|message| Said::Explained { truv_task_id: task.truv_task_id.clone(), message }),
            ),
            Err(truv::Error::NotFound | truv::Error::Forbidden) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(said))
}

/// Truv knows no order by the id that an import named: that is for people to mend, and asking again would not.
async fn unmatched(kit: &Kit, order: &Order) -> Result<Ran, Error> {
    tracing::warn!(order.id = %order.id, "Truv has no order by the id that was imported");
    let tx = kit.db.begin().await?;
    let Some(mut open) = Open::load_in_tx(&tx, order.agency, order.id).await? else { return Ok(Ran::Finished) };
    open.order.status = OrderStatus::Rejected;
    open.order.failure = Some(policy::rejected(UNMATCHED, None, kit.clock.now()));
    open.settle_in_tx(kit, &tx).await?;
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// Said of an imported order that Truv does not know.
const UNMATCHED: &str = "Truv has no order by this id for the agency's access key. Correct the id in the file.";

/// An imported order that could not be read from Truv, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The case's number.
    pub case_number: String,
    /// Truv's id as the file named it.
    pub truv_order_id: String,
    /// The agency's number of the order; `None` when the file had none.
    pub number: Option<String>,
    /// Why Truv cannot be asked about it; `None` while it is still to be read.
    pub why: Option<String>,
}

/// A part of the agency's imported orders that Truv has not shown, in the order of their ids: those it does not know, and
/// those that are still to be read.
///
/// # Errors
/// When the database fails.
pub async fn list_unread(
    db: &Database,
    agency: AgencyId,
    after: Option<OrderId>,
    limit: u64,
) -> Result<Vec<(OrderId, Unread)>, Error> {
    type Row = (uuid::Uuid, uuid::Uuid, Option<String>, Option<String>, Option<String>);
    let mut query = orders::Entity::find()
        .select_only()
        .columns([Column::Id, Column::CaseId, Column::TruvOrderId, Column::Number, Column::FailureMessage])
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::TruvOrderId.is_not_null())
        .filter(Column::SentAt.is_null())
        .filter(Column::TruvUserId.is_null())
        .filter(Column::Status.is_in([OrderStatus::Pending, OrderStatus::Rejected]))
        .order_by_asc(Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after.0));
    }
    let rows: Vec<Row> = query.into_tuple().all(db.read()).await?;
    let numbers: Vec<(uuid::Uuid, String)> = cases::Entity::find()
        .select_only()
        .columns([cases::Column::Id, cases::Column::Number])
        .filter(cases::Column::Id.is_in(rows.iter().map(|row| row.1)))
        .into_tuple()
        .all(db.read())
        .await?;
    let numbers: HashMap<_, _> = numbers.into_iter().collect();
    let unread = |(id, case, truv_order_id, number, why): Row| {
        let case_number = numbers.get(&case).cloned().unwrap_or_default();
        (OrderId::from(id), Unread { case_number, truv_order_id: truv_order_id.unwrap_or_default(), number, why })
    };
    Ok(rows.into_iter().map(unread).collect())
}

/// Stores a look for every open order that was silent for a while. Answers how many.
pub(crate) async fn sweep(kit: &Kit) -> Result<usize, Error> {
    let now = kit.clock.now();
    let before = |wait: Duration| now - TimeDelta::from_std(wait).unwrap_or_default();
    let fast = Condition::all()
        .add(Column::Status.is_in([OrderStatus::Pending, OrderStatus::InProgress]))
        .add(Column::Contact.is_null())
        .add(Column::NewsAt.lt(before(kit.work.stalled_after / 10)));
    let slow = Condition::all()
        .add(Column::Status.is_in([OrderStatus::Pending, OrderStatus::InProgress, OrderStatus::Stalled]))
        .add(Column::NewsAt.lt(before(SLOW.max(kit.work.stalled_after / 10))));
    let rows: Vec<(uuid::Uuid, uuid::Uuid)> = orders::Entity::find()
        .select_only()
        .columns([Column::Id, Column::AgencyId])
        .filter(Column::TruvOrderId.is_not_null())
        .filter(Condition::any().add(fast).add(slow))
        .order_by_asc(Column::NewsAt)
        .limit(BATCH)
        .into_tuple()
        .all(kit.db.read())
        .await?;
    ask(kit, &rows).await
}

/// Stores a look, once a day, for failed orders of open renewals that the client can still complete: Truv writes to the
/// client, and nobody but a webhook tells when the client has logged in. Answers how many.
pub(crate) async fn sweep_late(kit: &Kit) -> Result<usize, Error> {
    let rows: Vec<(uuid::Uuid, uuid::Uuid)> = orders::Entity::find()
        .select_only()
        .columns([Column::Id, Column::AgencyId])
        .filter(may_be_completed())
        .filter(Column::NewsAt.lt(kit.clock.now() - LATE))
        .order_by_asc(Column::NewsAt)
        .limit(BATCH)
        .into_tuple()
        .all(kit.db.read())
        .await?;
    ask(kit, &rows).await
}

/// Stores a look for every order of the agency that may have moved without a word. Answers how many.
pub(crate) async fn sweep_all(kit: &Kit, agency: AgencyId) -> Result<usize, Error> {
    let open = Column::Status.is_in([OrderStatus::Pending, OrderStatus::InProgress, OrderStatus::Stalled]);
    let rows: Vec<(uuid::Uuid, uuid::Uuid)> = orders::Entity::find()
        .select_only()
        .columns([Column::Id, Column::AgencyId])
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::TruvOrderId.is_not_null())
        .filter(Condition::any().add(open).add(may_be_completed()))
        .order_by_asc(Column::NewsAt)
        .limit(MANY)
        .into_tuple()
        .all(kit.db.read())
        .await?;
    ask(kit, &rows).await
}

/// Failed, and the client is the one to mend it, in a renewal that is still open.
fn may_be_completed() -> Condition {
    let mut open = Query::select();
    open.column(cases::Column::RenewalId).from(cases::Entity).and_where(cases::Column::RenewalId.is_not_null());
    Condition::all()
        .add(Column::Status.is_in([OrderStatus::Failed, OrderStatus::Expired, OrderStatus::Partial]))
        .add(Column::FailureNextAction.is_in([NextAction::SendVerificationLink, NextAction::Wait]))
        .add(Column::TruvOrderId.is_not_null())
        .add(Column::RenewalId.in_subquery(open))
}

/// How many refreshes are at Truv and should be told of, and when the oldest of them was sent.
pub(crate) async fn waiting(db: &Database, agency: AgencyId) -> Result<(u64, Option<DateTime<Utc>>), Error> {
    let row: Option<(i64, Option<DateTime<Utc>>)> = orders::Entity::find()
        .select_only()
        .column_as(Column::Id.count(), "amount")
        .column_as(Column::SentAt.min(), "oldest")
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::Status.is_in([OrderStatus::Pending, OrderStatus::InProgress]))
        .filter(Column::Contact.is_null())
        .filter(Column::SentAt.is_not_null())
        .into_tuple()
        .one(db.read())
        .await?;
    let (count, oldest) = row.unwrap_or_default();
    Ok((u64::try_from(count).unwrap_or_default(), oldest))
}

async fn ask(kit: &Kit, rows: &[(uuid::Uuid, uuid::Uuid)]) -> Result<usize, Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let now = kit.clock.now();
    let tx = kit.db.begin().await?;
    for (id, agency) in rows {
        let agency = AgencyId::from(*agency);
        let job =
            NewJob { agency, kind: JobKind::PollOrder, subject: *id, priority: Priority::Background, run_at: now };
        jobs::enqueue_in_tx(kit, &tx, job).await?;
    }
    kit.db.commit(tx).await?;
    Ok(rows.len())
}
