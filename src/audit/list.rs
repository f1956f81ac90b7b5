//! The trail in pages, newest first, and as a whole for export.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};
use serde_json::{Value, json};

use super::{Access, Entry, read};
use crate::ids::{AgencyId, CaseId};
use crate::page::{Page, Window};
use crate::storage::entities::{audit_cases, audit_entries};
use crate::storage::{Database, Error};
use crate::words::AuditAccess;

/// Entries that are read at once for an export.
const BATCH: u64 = 500;

/// Which entries to list: all that are given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Speaks of this case.
    pub case: Option<CaseId>,
    /// By this subject.
    pub subject: Option<String>,
    /// At or after.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
}

/// An entry with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// From 1 on.
    pub seq: i64,
    /// The hash of the entry before; empty for the first.
    pub previous: String,
    /// Its own.
    pub hash: String,
    /// What was done.
    pub entry: Entry,
}

impl From<audit_entries::Model> for Kept {
    fn from(row: audit_entries::Model) -> Self {
        let entry = Entry {
            id: row.id,
            agency: row.agency_id.into(),
            at: row.at,
            channel: row.channel,
            subject: row.subject,
            token_id: row.token_id,
            request_id: row.request_id,
            operation: row.operation,
            document: row.document,
            outcome: row.outcome,
            access: Access::of_letters(&row.access),
            cases: read(&row.cases),
        };
        Self { seq: row.seq, previous: row.previous, hash: row.hash, entry }
    }
}

impl Kept {
    /// As a line of an export.
    pub fn to_json(&self) -> Value {
        let words = |access: Access| access.kinds().map(AuditAccess::word).collect::<Vec<_>>();
        let entry = &self.entry;
        json!({
            "seq": self.seq,
            "at": entry.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            "channel": entry.channel,
            "subject": entry.subject,
            "tokenId": entry.token_id,
            "requestId": entry.request_id,
            "operation": entry.operation,
            "document": entry.document,
            "outcome": entry.outcome,
            "access": words(entry.access),
            "cases": entry.cases.iter().map(|(case, access)| (case.to_string(), words(*access).into()))
                .collect::<serde_json::Map<String, Value>>(),
            "previous": self.previous,
            "hash": self.hash,
        })
    }
}

fn filtered(agency: AgencyId, filter: &Filter) -> Select<audit_entries::Entity> {
    use audit_entries::Column;
    let mut query = audit_entries::Entity::find().filter(Column::AgencyId.eq(agency.0));
    if let Some(case) = filter.case {
        let speaking = audit_cases::Entity::find()
            .select_only()
            .column(audit_cases::Column::Seq)
            .filter(audit_cases::Column::AgencyId.eq(agency.0))
            .filter(audit_cases::Column::CaseId.eq(case.0))
            .into_query();
        query = query.filter(Column::Seq.in_subquery(speaking));
    }
    if let Some(subject) = &filter.subject {
        query = query.filter(Column::Subject.eq(subject));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::At.gte(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(Column::At.lt(until));
    }
    query
}

/// A page of the agency's entries, newest first.
///
/// # Errors
/// When the database fails.
pub async fn page(db: &Database, agency: AgencyId, filter: &Filter, window: &Window<i64>) -> Result<Page<Kept>, Error> {
    use audit_entries::Column;
    let mut query = filtered(agency, filter);
    if let Some(after) = window.after {
        query = query.filter(Column::Seq.lt(after));
    }
    if let Some(before) = window.before {
        query = query.filter(Column::Seq.gt(before));
    }
    let order = if window.from_end { Order::Asc } else { Order::Desc };
    let rows = query.order_by(Column::Seq, order).limit(window.limit + 1).all(db.read()).await?;
    Ok(Page::of(rows.into_iter().map(Kept::from).collect(), window))
}

/// How many entries fit.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, agency: AgencyId, filter: &Filter) -> Result<u64, Error> {
    Ok(filtered(agency, filter).count(db.read()).await?)
}

/// Hands every entry that fits to `take`, oldest first; ends early when `take` fails.
///
/// # Errors
/// When the database fails, or what `take` answers.
pub async fn export<E: From<Error>>(
    db: &Database,
    agency: AgencyId,
    filter: &Filter,
    mut take: impl FnMut(Kept) -> Result<(), E>,
) -> Result<(), E> {
    use audit_entries::Column;
    let mut after = 0;
    loop {
        let query = filtered(agency, filter).filter(Column::Seq.gt(after)).order_by_asc(Column::Seq).limit(BATCH);
        let rows = query.all(db.read()).await.map_err(Error::from)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.seq;
        for row in rows {
            take(Kept::from(row))?;
        }
    }
}
