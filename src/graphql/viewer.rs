//! Who is asking.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Object, SimpleObject};

use super::error::ApiError;
use super::people::Caseworker;
use super::view::View;
use crate::caller::Scope;
use crate::people;

/// The caller, as the token says.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Viewer {
    /// The token's `sub`.
    subject: String,
    /// The token's `name`; the subject, when it has none.
    display_name: String,
    /// What the scopes amount to: `caseworker` (may decide reviews), `supervisor` (may run renewal batches), `auditor`
    /// (may read the audit trail), `administrator`. For showing; what the caller may do is in `scopes`.
    roles: Vec<String>,
    /// The scopes of the token that this gateway knows.
    scopes: Vec<String>,
}

#[ComplexObject]
impl Viewer {
    /// The caller as one of the agency's caseworkers, for `assigneeId`; null for whoever is none, such as a supervisor
    /// without a caseload.
    async fn caseworker(&self, ctx: &Context<'_>) -> Result<Option<Caseworker>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        let found = people::find_caseworker(&view.kit().db, view.caller().agency, &self.subject).await?;
        Ok(found.map(|row| Caseworker::new(Arc::new(row))))
    }
}

/// The scope that makes a role.
const ROLES: [(Scope, &str); 4] = [
    (Scope::ReviewsDecide, "caseworker"),
    (Scope::RenewalsRun, "supervisor"),
    (Scope::AuditRead, "auditor"),
    (Scope::Admin, "administrator"),
];

#[derive(Default)]
pub(crate) struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The caller. Needs no scope.
    async fn viewer(&self, ctx: &Context<'_>) -> Viewer {
        let caller = ctx.data_unchecked::<View>().caller();
        let roles = ROLES.iter().filter(|(scope, _)| caller.has(*scope));
        Viewer {
            subject: caller.subject.clone(),
            display_name: caller.display_name.clone().unwrap_or_else(|| caller.subject.clone()),
            roles: roles.map(|(_, role)| (*role).to_owned()).collect(),
            scopes: caller.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        }
    }
}
