//! What happened to a payroll connection.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::{AgencyId, LinkId};
use crate::links::Link;
use crate::storage::{Database, Error, past};
use crate::words::LinkChangeKind;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// What.
    pub kind: LinkChangeKind,
    /// When it was learned here.
    pub at: DateTime<Utc>,
    /// The same for people.
    pub sentence: String,
}

/// What a connection said, and up to when.
pub type KeptLink = (Link, DateTime<Utc>);

/// What the connections said before, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn load_links(
    db: &Database,
    agency: AgencyId,
    ids: &[LinkId],
) -> Result<HashMap<LinkId, Vec<KeptLink>>, Error> {
    let rows: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    Ok(past::histories(db, agency, &rows).await?.into_iter().map(|(id, kept)| (id.into(), kept)).collect())
}

/// What happened to a connection up to a moment, oldest first; `then` is what it said at that moment. What it was first seen
/// with is not among it.
pub fn of_link(kept: &[KeptLink], then: &Link, until: DateTime<Utc>) -> Vec<LinkChange> {
    let kept: Vec<&KeptLink> = kept.iter().filter(|(_, at)| *at <= until).collect();
    let moments: Vec<DateTime<Utc>> = kept.iter().map(|(_, at)| *at).collect();
    let states: Vec<&Link> = kept.iter().map(|(link, _)| link).chain([then]).collect();
    let changes = states.windows(2).zip(moments).flat_map(|(pair, at)| match pair {
        [before, after] => told(before, after, at),
        _ => Vec::new(),
    });
    changes.collect()
}

fn told(before: &Link, after: &Link, at: DateTime<Utc>) -> Vec<LinkChange> {
    let mut found = Vec::new();
    let mut tell = |kind, sentence: String| found.push(LinkChange { kind, at, sentence });
    if before.company_name != after.company_name || before.provider_name != after.provider_name {
        let name = after.company_name.as_deref().unwrap_or("an unnamed employer");
        let provider = after.provider_name.as_deref().unwrap_or("an unnamed provider");
        tell(LinkChangeKind::Named, format!("It is the connection to {name} through {provider}."));
    }
    if before.connected_at != after.connected_at && after.connected_at.is_some() {
        tell(LinkChangeKind::Connected, "The client logged in.".to_owned());
    }
    if before.last_refreshed_at != after.last_refreshed_at && after.last_refreshed_at.is_some() {
        tell(LinkChangeKind::Refreshed, "A refresh brought data.".to_owned());
    }
    match (before.broken_at, after.broken_at) {
        (None, Some(_)) => tell(LinkChangeKind::Broken, "It was found not to work.".to_owned()),
        (Some(_), None) => tell(LinkChangeKind::Mended, "It works again.".to_owned()),
        _ => {}
    }
    if let Some(until) = after.limited_until.filter(|_| before.limited_until != after.limited_until) {
        tell(
            LinkChangeKind::Limited,
            format!("Truv allows no further refresh before {}.", until.format("%Y-%m-%d %H:%M UTC")),
        );
    }
    match (before.is_suspicious == Some(true), after.is_suspicious == Some(true)) {
        (false, true) => tell(LinkChangeKind::Flagged, "Truv suspects fraud or a mismatch.".to_owned()),
        (true, false) => tell(LinkChangeKind::Cleared, "Truv suspects nothing any more.".to_owned()),
        _ => {}
    }
    if before.deleted_at.is_none() && after.deleted_at.is_some() {
        tell(LinkChangeKind::Removed, "Data and credentials were removed at Truv.".to_owned());
    }
    found
}
