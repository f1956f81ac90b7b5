//! Who may do and see what. Every path asks here: queries, loaders, look-ups by id, streams, their replay, batches, exports
//! and routes.
//!
//! Nothing is allowed that is not said here. [`Caller::cases`] is the only source of a [`CaseScope`], and finders demand
//! one, so that rows, counts, pages, cursors and events are narrowed by the same value. Whoever lacks a scope is told so
//! before anything is looked up; what lies outside the scope looks absent. Fields that need more than their object are
//! [`Field`]s: without the scope they are withheld, and the answer says why.

use crate::caller::{Caller, CaseScope, Caseload, Forbidden, Scope};
use crate::ids::{AgencyId, CaseworkerId};

/// A field that needs a scope of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// As `Type.field`.
    pub name: &'static str,
    /// What it needs.
    pub scope: Scope,
    /// Whether a part of it is shown without the scope.
    pub is_masked: bool,
}

impl Field {
    const fn withheld(name: &'static str, scope: Scope) -> Self {
        Self { name, scope, is_masked: false }
    }

    const fn masked(name: &'static str, scope: Scope) -> Self {
        Self { name, scope, is_masked: true }
    }
}

/// The pre-filled screen of a case.
pub const CASE_REVIEW: Field = Field::withheld("Case.review", Scope::ReportsRead);
/// The pre-filled screen of a renewal.
pub const RENEWAL_REVIEW: Field = Field::withheld("Renewal.review", Scope::ReportsRead);
/// The decisions of a renewal, which quote income. A list cannot be null: it is empty where it is withheld.
pub const RENEWAL_DECISIONS: Field = Field::withheld("Renewal.decisions", Scope::ReportsRead);
/// The report of an order.
pub const ORDER_REPORT: Field = Field::withheld("Order.report", Scope::ReportsRead);
/// The report that an event tells of.
pub const EVENT_REPORT: Field = Field::withheld("ReportReady.report", Scope::ReportsRead);
/// The client's own link.
pub const ORDER_LINK: Field = Field::withheld("Order.verificationLink", Scope::ClientsContact);
/// The client's e-mail address.
pub const CLIENT_EMAIL: Field = Field::masked("Client.email", Scope::ClientsContact);
/// The client's phone number.
pub const CLIENT_PHONE: Field = Field::masked("Client.phone", Scope::ClientsContact);

impl CaseScope {
    /// Whether a case with this agency and assignee lies in the scope.
    pub fn admits(&self, agency: AgencyId, assignee: Option<CaseworkerId>) -> bool {
        self.agency == agency
            && match self.caseload {
                Caseload::All => true,
                Caseload::Of(caseworker) => assignee == Some(caseworker),
                Caseload::Nobody => false,
            }
    }
}

impl Caller {
    /// Whether the token carries the scope.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Refuses unless the token carries the scope.
    ///
    /// # Errors
    /// [`Forbidden`] naming the missing scope.
    pub fn require(&self, scope: Scope) -> Result<(), Forbidden> {
        if self.has(scope) { Ok(()) } else { Err(Forbidden(scope)) }
    }

    /// The cases that the caller may see.
    ///
    /// # Errors
    /// [`Forbidden`] when the token allows reading no cases at all.
    pub fn cases(&self) -> Result<CaseScope, Forbidden> {
        let caseload = if self.has(Scope::CasesRead) {
            Caseload::All
        } else if self.has(Scope::CasesReadAssigned) {
            self.caseworker.map_or(Caseload::Nobody, Caseload::Of)
        } else {
            return Err(Forbidden(Scope::CasesRead));
        };
        Ok(CaseScope { agency: self.agency, caseload })
    }

    /// Refuses unless the caller may look over everything of the agency: the trail, the ledger, the deliveries.
    ///
    /// # Errors
    /// [`Forbidden`] without `audit:read`, and for a token that is limited to a caseload.
    pub fn oversees(&self) -> Result<(), Forbidden> {
        self.require(Scope::AuditRead)?;
        match self.cases() {
            Ok(CaseScope { caseload: Caseload::Of(_) | Caseload::Nobody, .. }) => Err(Forbidden(Scope::CasesRead)),
            // Whoever sees no case at all may still watch over those who do.
            Ok(CaseScope { caseload: Caseload::All, .. }) | Err(Forbidden(_)) => Ok(()),
        }
    }

    /// Whether the field may be shown in full.
    pub fn sees(&self, field: &Field) -> bool {
        self.has(field.scope)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn caller(scopes: Vec<Scope>, caseworker: Option<u128>) -> Caller {
        let caseworker = caseworker.map(|id| uuid::Uuid::from_u128(id).into());
        Caller { scopes, caseworker, ..Caller::system(uuid::Uuid::from_u128(1).into(), "test") }
    }

    #[test]
    fn without_scopes_nothing_is_allowed() {
        let nobody = caller(Vec::new(), Some(1));
        assert_eq!(nobody.cases(), Err(Forbidden(Scope::CasesRead)));
        assert!(nobody.oversees().is_err());
        assert!(Scope::ALL.into_iter().all(|scope| nobody.require(scope) == Err(Forbidden(scope))));
        assert!([CASE_REVIEW, ORDER_LINK, CLIENT_EMAIL].iter().all(|field| !nobody.sees(field)));
    }

    proptest! {
        #[test]
        fn a_scope_never_admits_more_than_its_agency_and_caseload(
            scopes in proptest::collection::vec(proptest::sample::select(Scope::ALL.to_vec()), 0..10),
            me in proptest::option::of(1_u128..4),
            agency in 1_u128..3,
            assignee in proptest::option::of(1_u128..4),
        ) {
            let caller = caller(scopes.clone(), me);
            let assigned: Option<CaseworkerId> = assignee.map(|id| uuid::Uuid::from_u128(id).into());
            let admitted = caller.cases().is_ok_and(|scope| scope.admits(uuid::Uuid::from_u128(agency).into(), assigned));
            let all = scopes.contains(&Scope::CasesRead);
            let own = scopes.contains(&Scope::CasesReadAssigned) && me.is_some() && me == assignee;
            prop_assert_eq!(admitted, agency == 1 && (all || own));
            let limited = scopes.contains(&Scope::CasesReadAssigned) && !all;
            prop_assert_eq!(caller.oversees().is_ok(), scopes.contains(&Scope::AuditRead) && !limited);
        }
    }
}
