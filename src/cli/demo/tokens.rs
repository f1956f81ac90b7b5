//! Ready tokens for the four who use the gateway.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use crate::caller::Scope;
use crate::cli::Failure;
use crate::config::Auth;
use crate::county::{self, County};
use crate::http::token::{Claims, Token};

/// How long they work, by the demonstration's clock, which may be moved ahead by years.
const DAYS: i64 = 3_650;

/// A role and its token.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) role: &'static str,
    pub(super) token: SecretString,
}

/// A token for each role. The caseworker is one of the county's own.
pub(super) fn issue(auth: &Auth, county: &County, now: DateTime<Utc>) -> Result<Vec<Issued>, Failure> {
    use Scope::{
        Admin, AuditRead, CasesRead, CasesWrite, ClientsContact, OrdersRefresh, RenewalsRun, ReportsRead, ReviewsDecide,
    };
    let staff = county.staff();
    let caseworker = staff.first();
    let works_cases = [CasesRead, CasesWrite, OrdersRefresh, ClientsContact, ReportsRead, ReviewsDecide];
    let supervises = [&works_cases[..], &[RenewalsRun, AuditRead]].concat();
    let roles = [
        (
            "caseworker",
            caseworker.map_or("cw-001", |staff| staff.external_id.as_str()),
            caseworker.map_or("A caseworker", |staff| staff.name.as_str()),
            works_cases.to_vec(),
        ),
        ("supervisor", "supervisor", "A supervisor", supervises),
        (
            "integration",
            "integration",
            "The eligibility system",
            vec![CasesRead, CasesWrite, ReportsRead, OrdersRefresh],
        ),
        ("operator", "operator", "An operator", vec![Admin, AuditRead, CasesRead]),
    ];
    roles
        .into_iter()
        .map(|(role, subject, name, scopes)| {
            let claims = Claims {
                subject: subject.to_owned(),
                agency: county::SLUG.to_owned(),
                scopes,
                name: Some(name.to_owned()),
                token_id: None,
                issued_at: None,
                expires_at: now + TimeDelta::days(DAYS),
            };
            let token = Token::issue(auth, &claims, now).map_err(|error| Failure::of(&error))?;
            Ok(Issued { role, token })
        })
        .collect()
}
