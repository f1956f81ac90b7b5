//! Puts the county into the gateway's database, finds it there, and takes it out again.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DbBackend, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect,
};
use tokio::sync::Semaphore;

use super::rows::{Ground, Rows};
use super::{County, NAME, SLUG};
use crate::clock::Clock;
use crate::config::Renewals;
use crate::events::{self, Change, Facts};
use crate::ids::{AgencyId, CaseworkerId, Ids};
use crate::people;
use crate::reports;
use crate::seal::Sealer;
use crate::storage::entities::reports as report_rows;
use crate::storage::entities::{
    agencies, audit_cases, audit_entries, audit_heads, audit_pending, case_holds, case_redactions, cases, caseworkers,
    clients, deliveries, employer_links, employments, events as log, idempotency_keys, jobs, notices, order_employers,
    orders, pay_statements, refresh_units, renewal_batch_items, renewal_batches, renewals, review_decisions,
    review_edits, superseded_rows, tasks,
};
use crate::storage::{Database, Error, Tx};
use crate::words::{CaseEventKind, CaseStatus};

/// Households of one transaction: some four thousand pay statements, so that memory stays the same however many there are.
const CHUNK: u32 = 50;

/// Chunks in hand at once. On SQLite they write one after the other, and the next rows are made meanwhile; on PostgreSQL,
/// where half of the time is spent between the two processes, they also write side by side.
const AT_ONCE: usize = 4;

/// Rows of one statement, so that not even the widest table (33 columns) has more than the 32,766 values of SQLite.
const STATEMENT: usize = 500;

/// A county that is in the database already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The agency.
    pub agency: AgencyId,
    /// The county, when the households of the seed and the size asked for are there.
    pub county: Option<County>,
    /// When the last thing happened to one of its cases; `None` before anything did.
    pub latest_event_at: Option<DateTime<Utc>>,
}

/// Stores the county; `progress` hears how many cases are there. The agency's row carries the moment of the founding.
///
/// # Errors
/// When the database fails. What was stored until then stays, and [`find`] tells that it is not whole.
pub async fn store(
    db: &Database,
    (ids, sealer): (&Ids, &Sealer),
    county: County,
    rules: &Renewals,
    mut progress: impl FnMut(u32),
) -> Result<AgencyId, Error> {
    let agency = people::enroll_agency(db, &Clock::still(county.founded_at), ids, SLUG, NAME).await?.id;
    let staff = store_staff(db, ids, agency, &county).await?;
    let step = usize::try_from(CHUNK).unwrap_or(1);
    // They take turns here, not at the one writer's pool: waiting there ends with an error on a machine that is slow enough.
    let turns = Semaphore::new(if db.backend() == DbBackend::Sqlite { 1 } else { AT_ONCE });
    let chunks = stream::iter((0..county.size).step_by(step)).map(|first| {
        let (staff, turns) = (&staff, &turns);
        async move {
            let rows = build(county, (ids, sealer), rules, (agency, staff), first).await?;
            let _turn = turns.acquire().await;
            write(db, agency, &county, rows).await?;
            Ok::<u32, Error>(CHUNK.min(county.size - first))
        }
    });
    let mut chunks = std::pin::pin!(chunks.buffer_unordered(AT_ONCE));
    let mut done = 0;
    while let Some(count) = chunks.try_next().await? {
        done += count;
        progress(done);
    }
    Ok(agency)
}

async fn store_staff(db: &Database, ids: &Ids, agency: AgencyId, county: &County) -> Result<Vec<CaseworkerId>, Error> {
    let mut staff = Vec::new();
    let mut rows = Vec::new();
    for member in county.staff() {
        let id: CaseworkerId = ids.next();
        staff.push(id);
        rows.push(caseworkers::ActiveModel {
            id: Set(id.0),
            agency_id: Set(agency.0),
            external_id: Set(member.external_id),
            display_name: Set(member.name),
            email: Set(Some(member.email)),
            created_at: Set(county.founded_at),
        });
    }
    let tx = db.begin().await?;
    insert(&tx, rows).await?;
    db.commit(tx).await?;
    Ok(staff)
}

/// The rows of the households from `first` on, made beside the threads that serve.
async fn build(
    county: County,
    (ids, sealer): (&Ids, &Sealer),
    rules: &Renewals,
    (agency, staff): (AgencyId, &[CaseworkerId]),
    first: u32,
) -> Result<Rows, Error> {
    let (ids, sealer, rules, staff) = (ids.clone(), sealer.clone(), rules.clone(), staff.to_vec());
    let made = tokio::task::spawn_blocking(move || {
        let ground = Ground { county: &county, agency, staff: &staff, ids: &ids, sealer: &sealer, renewals: &rules };
        let mut rows = Rows::default();
        for index in first..(first + CHUNK).min(county.size) {
            rows.add(&ground, &county.household(index))?;
        }
        Ok(rows)
    });
    made.await.map_err(|error| Error::Corrupt(format!("a household could not be planned: {error}")))?
}

async fn write(db: &Database, agency: AgencyId, county: &County, rows: Rows) -> Result<(), Error> {
    let tx = db.begin().await?;
    insert(&tx, rows.clients).await?;
    insert(&tx, rows.cases).await?;
    insert(&tx, rows.renewals).await?;
    insert(&tx, rows.links).await?;
    insert(&tx, rows.orders).await?;
    insert(&tx, rows.employers).await?;
    insert(&tx, rows.tasks).await?;
    for snapshot in rows.reports {
        // What was read is not kept beside what it says: two years of a whole county would be gigabytes.
        reports::insert_in_tx(&tx, snapshot, None).await?;
    }
    for (case, assignee) in rows.opened {
        let facts = Facts {
            previous_case_status: Some(CaseStatus::NotDue),
            case_status: Some(CaseStatus::Due),
            ..Facts::default()
        };
        let change = Change { facts, ..Change::of(CaseEventKind::CaseStatusChanged) };
        let subject = events::Subject { agency, case, assignee, version: 0 };
        events::append_in_tx(&tx, &subject, vec![change], county.founded_at).await?;
    }
    db.commit(tx).await
}

async fn insert<A>(tx: &Tx, rows: Vec<A>) -> Result<(), Error>
where
    A: ActiveModelTrait,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        <A::Entity as EntityTrait>::insert_many(rows.by_ref().take(STATEMENT)).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The county in the database, if there is one. `seed` and `size` are those asked for: a county of others is found without
/// being recognised.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Database, seed: u64, size: u32) -> Result<Option<Found>, Error> {
    let Some(row) = agencies::Entity::find().filter(agencies::Column::Slug.eq(SLUG)).one(db.read()).await? else {
        return Ok(None);
    };
    let county = County { seed, founded_at: row.created_at, size };
    // The last household of this seed is there, and one more is not.
    let wanted = [size.checked_sub(1), Some(size)].into_iter().flatten();
    let users: Vec<String> = wanted.map(|index| county.household(index).resident.truv_user_id).collect();
    let known: Vec<String> = clients::Entity::find()
        .select_only()
        .column(clients::Column::TruvUserId)
        .filter(clients::Column::AgencyId.eq(row.id))
        .filter(clients::Column::TruvUserId.is_in(users.iter().cloned()))
        .into_tuple()
        .all(db.read())
        .await?;
    // Chunks are stored in no fixed order: one that was never stored leaves too few.
    let clients = clients::Entity::find().filter(clients::Column::AgencyId.eq(row.id)).count(db.read()).await?;
    let is_same = clients >= size.into() && known.len() == 1 && known.first() == users.first();
    let latest_event_at: Option<Option<DateTime<Utc>>> = log::Entity::find()
        .select_only()
        .column_as(log::Column::OccurredAt.max(), "latest")
        .filter(log::Column::AgencyId.eq(row.id))
        .into_tuple()
        .one(db.read())
        .await?;
    Ok(Some(Found {
        agency: row.id.into(),
        county: is_same.then_some(county),
        latest_event_at: latest_event_at.flatten(),
    }))
}

/// How many other agencies the database serves.
///
/// # Errors
/// When the database fails.
pub async fn count_others(db: &Database) -> Result<u64, Error> {
    Ok(agencies::Entity::find().filter(agencies::Column::Slug.ne(SLUG)).count(db.read()).await?)
}

/// Takes everything of the agency out, whatever happened to it since.
///
/// # Errors
/// When the database fails; nothing is taken out then.
pub async fn remove(db: &Database, agency: AgencyId) -> Result<(), Error> {
    let tx = db.begin().await?;
    macro_rules! remove_all {
        ($($table:ident),+) => {$(
            $table::Entity::delete_many().filter($table::Column::AgencyId.eq(agency.0)).exec(&tx).await?;
        )+};
    }
    // What points stands before what it points to.
    remove_all!(
        case_holds,
        case_redactions,
        audit_pending,
        audit_entries,
        audit_cases,
        audit_heads,
        log,
        jobs,
        superseded_rows,
        notices,
        review_edits,
        review_decisions,
        deliveries,
        idempotency_keys,
        renewal_batch_items,
        renewal_batches,
        refresh_units,
        pay_statements,
        employments,
        report_rows,
        tasks,
        order_employers,
        orders,
        employer_links,
        renewals,
        cases,
        caseworkers,
        clients
    );
    agencies::Entity::delete_by_id(agency.0).exec(&tx).await?;
    db.commit(tx).await
}
