//! Lets the client log in again inside a page of the agency's own: a token that opens Truv's widget in update mode, tied to
//! the connection. Nobody is contacted, and the connection stays the same one.
//!
//! The token carries the entry of the order that failed on the connection, so that the login's events find it and that
//! order completes late (fact sheet "Re-engagement: two ways").

use secrecy::SecretString;

use super::refresh::check_upstream;
use super::refusal::{Error, Refusal, input};
use super::{Order, OrderEmployer, store};
use crate::caller::{Caller, Scope};
use crate::cases::{self, Case};
use crate::ids::{CaseId, LinkId};
use crate::kit::Kit;
use crate::links::{self, Link};
use crate::people;
use crate::truv::{self, wire::BridgeTokenRequest};
use crate::words::{CaseStatus, ProductType};

/// Which connection is to be revived.
#[derive(Clone, Copy, Debug)]
pub struct BridgeInput {
    /// The case.
    pub case: CaseId,
    /// The connection.
    pub link: LinkId,
}

/// A token for one visit of the client.
#[derive(Clone, Debug)]
pub struct Bridge {
    /// For Truv's widget. Lives some hours; make a new one for each visit.
    pub token: SecretString,
    /// The connection.
    pub link: Link,
}

/// Has Truv make a token in update mode. Nothing is stored.
///
/// # Errors
/// [`Error::Refused`] with the reason.
pub async fn bridge(kit: &Kit, caller: &Caller, ask: BridgeInput) -> Result<Bridge, Error> {
    caller.require(Scope::ClientsContact)?;
    let db = kit.db.read();
    let missing = || Refusal::not_found(input("caseId"), "There is no such case.");
    let case = cases::find_in_tx(db, caller.cases()?, ask.case).await?.ok_or_else(missing)?;
    if case.status == CaseStatus::Closed {
        return Err(Refusal::invalid(input("caseId"), "The case is closed.").into());
    }
    let found = links::load(&kit.db, caller.agency, &[ask.link]).await?.remove(&ask.link);
    let unknown = || Refusal::not_found(input("linkId"), "The case has no such employer link.");
    let link = found.filter(|link| link.client == case.client).ok_or_else(unknown)?;
    let removed = "Data and credentials of this connection were removed at Truv. Send a verification link instead.";
    if link.deleted_at.is_some() {
        return Err(Refusal::invalid(input("linkId"), removed).into());
    }
    check_upstream(kit, db, caller.agency).await?;
    let (order, employer) = entry(kit, &case, &link).await?.ok_or_else(unknown)?;
    let client = people::find_client(db, caller.agency, case.client).await?.ok_or_else(missing)?;
    let user = client.truv_user_id.or_else(|| order.truv_user_id.clone()).ok_or_else(unknown)?;
    let account = kit.account(caller.agency).ok_or_else(unknown)?;
    let failed = |error: truv::Error| refused(kit, &error);
    let known = account.client.links_of_user(&user).await.map_err(failed)?;
    let there = known.into_iter().find(|known| known.id == link.truv_link_id && known.deleted_at.is_none());
    let Some(there) = there else { return Err(Refusal::invalid(input("linkId"), removed).into()) };
    let request = BridgeTokenRequest {
        product_type: order.product.truv().or(ProductType::Income.truv()).unwrap_or_default().to_owned(),
        access_token: there.access_token,
        tracking_info: employer.truv_suborder_id,
        ..BridgeTokenRequest::default()
    };
    let made = account.client.create_bridge_token(&user, &request).await.map_err(failed)?;
    let token = made.bridge_token.ok_or_else(|| refused(kit, &truv::Error::Undecodable { reason: "no token" }))?;
    Ok(Bridge { token, link })
}

/// The newest entry of the case's orders over this connection that Truv knows.
async fn entry(kit: &Kit, case: &Case, link: &Link) -> Result<Option<(Order, OrderEmployer)>, Error> {
    let orders = store::list_of_case(kit.db.read(), case.id).await?;
    let ids: Vec<_> = orders.iter().map(|order| order.id).collect();
    let employers = store::employers_of(kit.db.read(), &ids).await?;
    let newest = orders.into_iter().rev().find_map(|order| {
        let of_order = employers.iter().find(|employer| {
            employer.order == order.id && employer.link == Some(link.id) && employer.truv_suborder_id.is_some()
        })?;
        Some((order, of_order.clone()))
    });
    Ok(newest)
}

/// Why Truv made no token, as far as the caller can act on it.
fn refused(kit: &Kit, error: &truv::Error) -> Error {
    tracing::warn!(error = %error, "Truv made no bridge token");
    let is_locked_out = matches!(error, truv::Error::Unauthorized);
    let retry_at = kit.clock.now() + chrono::TimeDelta::minutes(1);
    match error {
        truv::Error::Refused { .. } | truv::Error::Forbidden | truv::Error::NotFound => Refusal::invalid(
            input("linkId"),
            "Truv makes no token for this connection. Send a verification link instead.",
        )
        .into(),
        _ => Refusal::Unavailable { retry_at, is_locked_out }.into(),
    }
}
