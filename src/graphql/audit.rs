//! The audit trail, for those who watch over access.

use async_graphql::{Context, ID, InputObject, Object};
use futures_util::future::BoxFuture;

use super::cases::Case;
use super::error::ApiError;
use super::ids;
use super::page::{Connection, Listed, PageArgs};
use super::scalars::DateTime;
use super::text;
use super::view::View;
use crate::audit::{self, Access, Filter, Kept};
use crate::ids::CaseId;
use crate::words::{AuditAccess, AuditChannel, AuditOutcome};

const LIST: &str = "audit entries";

/// One act of somebody's: what was read or changed, by whom, when, and how.
#[derive(Clone)]
pub(crate) struct AuditEntry {
    kept: Kept,
    view: View,
}

impl Listed for AuditEntry {
    const CONNECTION: &'static str = "AuditEntryConnection";
    const EDGE: &'static str = "AuditEntryEdge";
}

/// A case with what was done with its data.
#[derive(Clone)]
pub(crate) struct AuditedCase {
    case: CaseId,
    access: Access,
    view: View,
}

/// A case with what was done with its data.
#[Object]
impl AuditedCase {
    /// The case's global id.
    async fn case_id(&self) -> ID {
        ids::seal(&self.case)
    }

    /// The case; null when it is out of the caller's sight.
    async fn case(&self) -> Option<Result<Case, ApiError>> {
        Case::find(&self.view, self.case).await.transpose()
    }

    /// What was done.
    async fn access(&self) -> Vec<AuditAccess> {
        self.access.kinds().collect()
    }
}

/// One act of somebody's: what was read or changed, by whom, when, and how. Never changed, and chained to the one before.
#[Object]
impl AuditEntry {
    /// Its number in the agency's chain, from 1 on without a gap; as text, since it may outgrow an `Int`.
    async fn number(&self) -> String {
        self.kept.seq.to_string()
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.kept.entry.at)
    }

    /// The way somebody came.
    async fn channel(&self) -> AuditChannel {
        self.kept.entry.channel
    }

    /// The `sub` of the token; `system:` and a name for what was done on the command line.
    async fn subject(&self) -> &str {
        &self.kept.entry.subject
    }

    /// The `jti` of the token; null when it has none.
    async fn token_id(&self) -> Option<&str> {
        self.kept.entry.token_id.as_deref()
    }

    /// The request, as its answer and the log name it; null for commands.
    async fn request_id(&self) -> Option<String> {
        self.kept.entry.request_id.map(|id| id.to_string())
    }

    /// The name of the operation or of the command; null for an operation without a name.
    async fn operation(&self) -> Option<&str> {
        self.kept.entry.operation.as_deref()
    }

    /// SHA-256 of the document, hexadecimal; null for commands.
    async fn document_hash(&self) -> Option<&str> {
        self.kept.entry.document.as_deref()
    }

    /// What became of it.
    async fn outcome(&self) -> AuditOutcome {
        self.kept.entry.outcome
    }

    /// What was done, apart from single cases.
    async fn access(&self) -> Vec<AuditAccess> {
        self.kept.entry.access.kinds().collect()
    }

    /// The cases whose data was shown or changed.
    async fn cases(&self) -> Vec<AuditedCase> {
        let audited =
            |(case, access): (&CaseId, &Access)| AuditedCase { case: *case, access: *access, view: self.view.clone() };
        self.kept.entry.cases.iter().map(audited).collect()
    }

    /// The hash of the entry before, hexadecimal; empty for the first.
    async fn previous_hash(&self) -> &str {
        &self.kept.previous
    }

    /// Its own hash, which covers everything above and the hash before.
    async fn hash(&self) -> &str {
        &self.kept.hash
    }
}

/// Which entries; several fields mean all of them.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct AuditFilter {
    /// Only those that speak of this case.
    case_id: Option<ID>,
    /// Only those by this subject.
    subject: Option<String>,
    /// Only those at this instant or later.
    from: Option<DateTime>,
    /// Only those before this instant.
    until: Option<DateTime>,
}

impl AuditFilter {
    fn parse(self) -> Result<Filter, ApiError> {
        if let Some(subject) = &self.subject {
            text::check(subject, "subject", 255)?;
        }
        Ok(Filter {
            case: self.case_id.map(|id| ids::parse(&id, "caseId")).transpose()?,
            subject: self.subject,
            from: self.from.map(|at| at.0),
            until: self.until.map(|at| at.0),
        })
    }
}

#[derive(Default)]
pub(crate) struct AuditQuery;

#[Object]
impl AuditQuery {
    /// Who read or changed which case, newest first; an entry is here a moment after its answer. Needs `audit:read`, and
    /// is refused to a token that is limited to its own caseload.
    async fn audit_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which entries; absent for all.")] filter: Option<AuditFilter>,
    ) -> Result<Connection<AuditEntry>, ApiError> {
        let view = ctx.data_unchecked::<View>().clone();
        view.oversees()?;
        let filter = filter.unwrap_or_default().parse()?;
        let window = PageArgs { first, after, last, before }.window(|cursor| view.open::<i64>(LIST, cursor))?;
        view.notes().show_of_all(AuditAccess::Read);
        let agency = view.caller().agency;
        let page = audit::page(&view.kit().db, agency, &filter, &window).await?;
        let page = page.map(|kept| (view.seal(LIST, &kept.seq), AuditEntry { kept, view: view.clone() }));
        let count = move || -> BoxFuture<'static, _> {
            let (view, filter) = (view.clone(), filter.clone());
            Box::pin(async move { Ok(audit::count(&view.kit().db, agency, &filter).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }
}
