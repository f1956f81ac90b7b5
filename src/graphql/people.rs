//! Clients and caseworkers.

use std::sync::Arc;

use async_graphql::{ID, Object};

use super::error::ApiError;
use super::ids;
use super::view::View;
use crate::ids::CaseId;
use crate::people;
use crate::policy::{self, Field};
use crate::seal;
use crate::words::{AuditAccess, DeliveryChannel};

/// The person on a case.
#[derive(Clone)]
pub(crate) struct Client {
    row: Arc<people::Client>,
    /// The cases in sight through which the person is looked at.
    cases: Vec<CaseId>,
    view: View,
}

impl Client {
    pub(crate) fn new(row: Arc<people::Client>, cases: Vec<CaseId>, view: &View) -> Self {
        for case in &cases {
            view.show(*case, AuditAccess::Read);
        }
        Self { row, cases, view: view.clone() }
    }

    fn masked(&self, field: &Field, opened: Opened, mask: fn(&str) -> String) -> Shown {
        let text = match shown(opened)? {
            Ok(text) if self.view.reveals(field) => text,
            other => return Some(other.map(|text| mask(&text))),
        };
        self.cases.iter().for_each(|case| self.view.show(*case, AuditAccess::Contact));
        Some(Ok(text))
    }
}

type Opened = Result<Option<String>, seal::Error>;
type Shown = Option<Result<String, ApiError>>;

fn shown(opened: Opened) -> Shown {
    opened.map_err(|error| ApiError::internal(&format!("a client's detail: {error}"))).transpose()
}

/// The person on a case (not an API client). Seen by whoever sees one of the person's cases.
#[Object]
impl Client {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// The agency's own name for the person, given to Truv as `external_user_id`.
    async fn external_user_id(&self) -> &str {
        &self.row.external_user_id
    }

    /// First and last name.
    async fn display_name(&self) -> String {
        self.row.display_name()
    }

    /// E-mail address; null when unknown. Masked (`r•••@example.test`) without the scope `clients:contact`.
    async fn email(&self) -> Option<Result<String, ApiError>> {
        self.masked(&policy::CLIENT_EMAIL, self.row.email(&self.view.kit().sealer), mask_email)
    }

    /// Phone number; null when unknown. Masked (`•••-0188`) without the scope `clients:contact`.
    async fn phone(&self) -> Option<Result<String, ApiError>> {
        self.masked(&policy::CLIENT_PHONE, self.row.phone(&self.view.kit().sealer), mask_phone)
    }

    /// The last four digits of the Social Security number; null when unknown. More is never stored.
    async fn ssn_last4(&self) -> Option<Result<String, ApiError>> {
        shown(self.row.ssn_last4(&self.view.kit().sealer))
    }

    /// In which language the person wants to be asked, a tag such as `es`; null when unknown.
    async fn language(&self) -> Option<&str> {
        self.row.language.as_deref()
    }

    /// How the person wants to be asked; null when unknown.
    async fn preferred_channel(&self) -> Option<DeliveryChannel> {
        self.row.preferred_channel
    }

    /// The way by which a link is best sent: the preferred one where an address is known, else the first that is; null
    /// when there is none.
    async fn contact_channel(&self) -> Option<DeliveryChannel> {
        self.row.channel()
    }

    /// Truv's id of the person; null until an order has told it.
    async fn truv_user_id(&self) -> Option<&str> {
        self.row.truv_user_id.as_deref()
    }
}

/// The first letter and the domain.
fn mask_email(email: &str) -> String {
    let (name, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first: String = name.chars().take(1).collect();
    if domain.is_empty() { format!("{first}•••") } else { format!("{first}•••@{domain}") }
}

/// The last four digits, and nothing of a number that has not more than those.
fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    match digits.len().checked_sub(4) {
        Some(hidden) if hidden > 0 => format!("•••-{}", digits.iter().skip(hidden).collect::<String>()),
        _ => "•••".to_owned(),
    }
}

/// A member of the agency's staff.
#[derive(Clone)]
pub(crate) struct Caseworker(Arc<people::Caseworker>);

impl Caseworker {
    pub(crate) fn new(row: Arc<people::Caseworker>) -> Self {
        Self(row)
    }
}

/// A member of the agency's staff.
#[Object]
impl Caseworker {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.0.id)
    }

    /// Name.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// E-mail address at the agency; null when the agency gave none.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_leaves_enough_to_tell_two_apart_and_no_more() {
        assert_eq!(mask_email("rosa@example.test"), "r•••@example.test");
        assert_eq!(mask_email("not an address"), "n•••");
        assert_eq!(mask_email(""), "•••");
        assert_eq!(mask_phone("+1 (555) 555-0188"), "•••-0188");
        assert_eq!(mask_phone("0188"), "•••");
    }
}
