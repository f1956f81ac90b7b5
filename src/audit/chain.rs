//! The chain: every agency's entries in one row, each with the hash of the one before.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::read;
use crate::ids::{AgencyId, CaseId};
use crate::storage::entities::{audit_cases, audit_entries, audit_heads, audit_pending};
use crate::storage::{Database, Error, Tx};

/// Entries that one transaction takes in.
const BATCH: u64 = 500;
/// Rows of one statement: SQLite binds at most 32,766 values.
const CHUNK: usize = 1_000;
/// What the first entry of a chain follows.
const NOTHING: &str = "";

/// The end of a chain. Whoever keeps one elsewhere can tell later that nothing before it was exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the newest entry; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// The number of the last entry that was removed because of its age; 0 when none was.
    pub base_seq: i64,
    /// Its hash.
    pub base_hash: String,
}

/// What a look at a whole chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry follows the one before.
    Whole {
        /// Entries.
        entries: u64,
        /// The end.
        head: Head,
    },
    /// The chain is broken at this number: the entry was altered, is missing, or does not belong there.
    BrokenAt(i64),
}

/// What a hash covers, in this order: the whole entry, as the database holds it.
#[derive(Serialize)]
struct Hashed<'a> {
    agency: Uuid,
    seq: i64,
    id: Uuid,
    /// Microseconds since 1970, which both databases keep exactly.
    at: i64,
    channel: String,
    subject: &'a str,
    token_id: Option<&'a str>,
    request_id: Option<Uuid>,
    operation: Option<&'a str>,
    document: Option<&'a str>,
    outcome: String,
    access: &'a str,
    cases: &'a str,
}

fn hash(row: &audit_entries::Model) -> String {
    let content = Hashed {
        agency: row.agency_id,
        seq: row.seq,
        id: row.id,
        at: row.at.timestamp_micros(),
        channel: row.channel.word(),
        subject: &row.subject,
        token_id: row.token_id.as_deref(),
        request_id: row.request_id,
        operation: row.operation.as_deref(),
        document: row.document.as_deref(),
        outcome: row.outcome.word(),
        access: &row.access,
        cases: &row.cases,
    };
    let mut hash = Sha256::new();
    hash.update(row.previous.as_bytes());
    hash.update(b"\n");
    hash.update(serde_json::to_vec(&content).unwrap_or_default());
    hex::encode(hash.finalize())
}

/// What is done about an agency whose chain somebody else is just making longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    /// The agency is left to them.
    Skipped,
    /// They are waited for.
    Awaited,
}

/// Gives every entry that waits its place in its agency's chain; answers how many. Several replicas may do so at once:
/// they take different agencies.
///
/// # Errors
/// When the database fails.
pub async fn chain(db: &Database) -> Result<u64, Error> {
    let agencies: Vec<Uuid> = audit_pending::Entity::find()
        .select_only()
        .column(audit_pending::Column::AgencyId)
        .distinct()
        .into_tuple()
        .all(db.read())
        .await?;
    let mut chained = 0;
    for agency in agencies {
        chained += place(db, agency.into(), Others::Skipped).await?;
    }
    Ok(chained)
}

/// The same for one agency, whose trail is read next: what another one is about to give its place has it when this returns.
///
/// # Errors
/// When the database fails.
pub async fn catch_up(db: &Database, agency: AgencyId) -> Result<u64, Error> {
    place(db, agency, Others::Awaited).await
}

async fn place(db: &Database, agency: AgencyId, others: Others) -> Result<u64, Error> {
    let mut placed = 0;
    loop {
        let taken = place_some(db, agency, others).await?;
        placed += taken;
        if taken < BATCH {
            return Ok(placed);
        }
    }
}

async fn place_some(db: &Database, agency: AgencyId, others: Others) -> Result<u64, Error> {
    let tx = db.begin().await?;
    let Some(head) = lock_head_in_tx(db, &tx, agency, others).await? else { return Ok(0) };
    let waiting = audit_pending::Entity::find()
        .filter(audit_pending::Column::AgencyId.eq(agency.0))
        .order_by_asc(audit_pending::Column::Id)
        .limit(BATCH)
        .all(&tx)
        .await?;
    let Some(last) = waiting.last().map(|row| row.id) else { return Ok(0) };
    let ids: Vec<Uuid> = waiting.iter().map(|row| row.id).collect();
    let (mut seq, mut previous) = (head.seq, head.hash);
    let mut entries = Vec::with_capacity(waiting.len());
    for row in waiting {
        seq += 1;
        let mut entry = placed(row, seq, std::mem::take(&mut previous));
        entry.hash = hash(&entry);
        previous.clone_from(&entry.hash);
        entries.push(entry);
    }
    let cases: Vec<audit_cases::ActiveModel> = entries
        .iter()
        .flat_map(|entry| {
            read(&entry.cases).into_keys().map(|case| audit_cases::ActiveModel {
                agency_id: Set(agency.0),
                case_id: Set(case.0),
                seq: Set(entry.seq),
            })
        })
        .collect();
    let rows = entries.into_iter().map(audit_entries::ActiveModel::from);
    audit_entries::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    for chunk in cases.chunks(CHUNK) {
        audit_cases::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx).await?;
    }
    let taken = audit_pending::Entity::delete_many()
        .filter(audit_pending::Column::AgencyId.eq(agency.0))
        .filter(audit_pending::Column::Id.lte(last))
        .filter(audit_pending::Column::Id.is_in(ids))
        .exec(&tx)
        .await?
        .rows_affected;
    audit_heads::Entity::update_many()
        .col_expr(audit_heads::Column::Seq, Expr::value(seq))
        .col_expr(audit_heads::Column::Hash, Expr::value(previous))
        .filter(audit_heads::Column::AgencyId.eq(agency.0))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(taken)
}

/// The agency's head, locked until the transaction ends; `None` while somebody else holds it and is skipped.
async fn lock_head_in_tx(
    db: &Database,
    tx: &Tx,
    agency: AgencyId,
    others: Others,
) -> Result<Option<audit_heads::Model>, Error> {
    let first = audit_heads::ActiveModel {
        agency_id: Set(agency.0),
        seq: Set(0),
        hash: Set(NOTHING.to_owned()),
        base_seq: Set(0),
        base_hash: Set(NOTHING.to_owned()),
    };
    let unless_there = OnConflict::column(audit_heads::Column::AgencyId).do_nothing().to_owned();
    audit_heads::Entity::insert(first).on_conflict(unless_there).exec_without_returning(tx).await?;
    let mut query = audit_heads::Entity::find().filter(audit_heads::Column::AgencyId.eq(agency.0));
    // On SQLite the transaction holds the only write lock already.
    if db.backend() == sea_orm::DbBackend::Postgres {
        query = match others {
            Others::Skipped => query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked),
            Others::Awaited => query.lock(LockType::Update),
        };
    }
    Ok(query.one(tx).await?)
}

fn placed(row: audit_pending::Model, seq: i64, previous: String) -> audit_entries::Model {
    audit_entries::Model {
        agency_id: row.agency_id,
        seq,
        id: row.id,
        previous,
        hash: String::new(),
        at: row.at,
        channel: row.channel,
        subject: row.subject,
        token_id: row.token_id,
        request_id: row.request_id,
        operation: row.operation,
        document: row.document,
        outcome: row.outcome,
        access: row.access,
        cases: row.cases,
    }
}

/// Where the agency's chain ends; a chain without entries ends at 0.
///
/// # Errors
/// When the database fails.
pub async fn head<C: ConnectionTrait>(db: &C, agency: AgencyId) -> Result<Head, Error> {
    let row = audit_heads::Entity::find_by_id(agency.0).one(db).await?;
    Ok(row.map_or_else(
        || Head { seq: 0, hash: NOTHING.to_owned(), base_seq: 0, base_hash: NOTHING.to_owned() },
        |row| Head { seq: row.seq, hash: row.hash, base_seq: row.base_seq, base_hash: row.base_hash },
    ))
}

/// Goes through the agency's whole chain. `known` is an end that somebody kept, number and hash: the chain must still go
/// through it, unless it was removed because of its age.
///
/// # Errors
/// When the database fails.
pub async fn verify(db: &Database, agency: AgencyId, known: Option<(i64, &str)>) -> Result<Verdict, Error> {
    let head = head(db.read(), agency).await?;
    let (mut seq, mut previous) = (head.base_seq, head.base_hash.clone());
    let mut entries = 0;
    let is_known = |seq: i64, hash: &str| known.is_none_or(|(at, kept)| at != seq || kept == hash);
    if !is_known(seq, &previous) {
        return Ok(Verdict::BrokenAt(seq));
    }
    loop {
        let rows = audit_entries::Entity::find()
            .filter(audit_entries::Column::AgencyId.eq(agency.0))
            .filter(audit_entries::Column::Seq.gt(seq))
            .filter(audit_entries::Column::Seq.lte(head.seq))
            .order_by_asc(audit_entries::Column::Seq)
            .limit(BATCH)
            .all(db.read())
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            seq += 1;
            if row.seq != seq || row.previous != previous || row.hash != hash(&row) || !is_known(seq, &row.hash) {
                return Ok(Verdict::BrokenAt(seq));
            }
            previous = row.hash;
            entries += 1;
        }
    }
    let reaches = known.is_none_or(|(at, _)| at <= head.seq);
    if seq != head.seq || previous != head.hash || !reaches {
        return Ok(Verdict::BrokenAt(seq + 1));
    }
    Ok(Verdict::Whole { entries, head })
}

/// Removes the agency's entries from before an instant, oldest first and without a hole, up to the first one that speaks of
/// a case in `held`; answers how many. With `only_count` nothing is removed.
///
/// # Errors
/// When the database fails.
pub async fn forget_before(
    db: &Database,
    agency: AgencyId,
    before: DateTime<Utc>,
    held: &[CaseId],
    only_count: bool,
) -> Result<u64, Error> {
    let of_agency = || audit_entries::Entity::find().filter(audit_entries::Column::AgencyId.eq(agency.0));
    let tx = db.begin().await?;
    // Up to the first one that is young enough: what stays must not have a hole.
    let first_kept = of_agency()
        .filter(audit_entries::Column::At.gte(before))
        .order_by_asc(audit_entries::Column::Seq)
        .one(&tx)
        .await?;
    let mut old = of_agency().order_by_desc(audit_entries::Column::Seq);
    if let Some(kept) = first_kept {
        old = old.filter(audit_entries::Column::Seq.lt(kept.seq));
    }
    if !held.is_empty() {
        let first_held: Option<i64> = audit_cases::Entity::find()
            .select_only()
            .column_as(audit_cases::Column::Seq.min(), "seq")
            .filter(audit_cases::Column::AgencyId.eq(agency.0))
            .filter(audit_cases::Column::CaseId.is_in(held.iter().map(|case| case.0)))
            .into_tuple::<Option<i64>>()
            .one(&tx)
            .await?
            .flatten();
        if let Some(first_held) = first_held {
            old = old.filter(audit_entries::Column::Seq.lt(first_held));
        }
    }
    let Some(last) = old.one(&tx).await? else { return Ok(0) };
    let Some(ends) = lock_head_in_tx(db, &tx, agency, Others::Awaited).await? else { return Ok(0) };
    let count = u64::try_from(last.seq - ends.base_seq).unwrap_or_default();
    if only_count {
        return Ok(count);
    }
    audit_heads::Entity::update_many()
        .col_expr(audit_heads::Column::BaseSeq, Expr::value(last.seq))
        .col_expr(audit_heads::Column::BaseHash, Expr::value(last.hash))
        .filter(audit_heads::Column::AgencyId.eq(agency.0))
        .exec(&tx)
        .await?;
    audit_cases::Entity::delete_many()
        .filter(audit_cases::Column::AgencyId.eq(agency.0))
        .filter(audit_cases::Column::Seq.lte(last.seq))
        .exec(&tx)
        .await?;
    audit_entries::Entity::delete_many()
        .filter(audit_entries::Column::AgencyId.eq(agency.0))
        .filter(audit_entries::Column::Seq.lte(last.seq))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(count)
}
