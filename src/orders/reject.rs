//! Takes in that Truv has definitely refused an order.

use super::advance::Open;
use super::{Order, policy, store};
use crate::jobs::Ran;
use crate::kit::Kit;
use crate::ledger;
use crate::links;
use crate::storage::Error;
use crate::truv;
use crate::words::OrderStatus;

/// On how many days in a row an order that finds Truv's count used up is tried again.
const MOST_DAYS: u32 = 3;

/// Gives the refreshes back and lets the case show why.
pub(super) async fn reject(kit: &Kit, order: &Order, error: &truv::Error) -> Result<Ran, Error> {
    tracing::warn!(order.id = %order.id, error = %error, "Truv refused an order");
    let gone = if error.is_refresh_limit() { Vec::new() } else { removed_links(kit, order).await? };
    let tx = kit.db.begin().await?;
    let Some(mut open) = Open::load_in_tx(&tx, order.agency, order.id).await? else { return Ok(Ran::Finished) };
    if open.order.truv_order_id.is_some() {
        return Ok(Ran::Finished);
    }
    let now = kit.clock.now();
    // Our own count was wrong.
    let over = policy::allowed_after(now);
    open.order.status = OrderStatus::Rejected;
    let terms = policy::Terms::of(&open.order, Some(open.case.case().due_on));
    open.order.failure = Some(if error.is_refresh_limit() {
        let failure = policy::used_up(over, now);
        if terms.attempt >= MOST_DAYS || !terms.admits(over, now) {
            policy::left_to_caseworker(failure, "It is not tried again.")
        } else {
            failure
        }
    } else if gone.is_empty() {
        policy::rejected(&format!("Truv refused the order: {error}."), None, now)
    } else {
        policy::removed(now)
    });
    // Of several connections Truv does not say which one it means.
    if let (true, [only]) = (error.is_refresh_limit(), open.employers.as_slice())
        && let Some(link) = only.link
    {
        links::mark_limited_in_tx(&tx, link, over, now).await?;
    }
    for link in gone {
        if links::mark_deleted_in_tx(&tx, link, now, now).await? {
            links::tell_in_tx(kit, &tx, order.agency, link).await?;
        }
    }
    links::return_units_in_tx(&tx, order.agency, order.id).await?;
    open.settle_in_tx(kit, &tx).await?;
    ledger::void_in_tx(&tx, order.id, now).await?;
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// The links of a refused refresh that are no more: Truv's `link-deleted` may not have reached us, and nobody but the client
/// can cure that.
async fn removed_links(kit: &Kit, order: &Order) -> Result<Vec<crate::ids::LinkId>, Error> {
    let Some(account) = kit.account(order.agency).filter(|_| order.contact.is_none()) else { return Ok(Vec::new()) };
    let employers = store::employers(kit.db.read(), order.id).await?;
    let ids: Vec<_> = employers.iter().filter_map(|employer| employer.link).collect();
    let mut removed = Vec::new();
    for link in links::load(&kit.db, order.agency, &ids).await?.into_values() {
        let is_removed = match account.client.link(&link.truv_link_id).await {
            Ok(shown) => shown.deleted_at.is_some(),
            Err(error) => matches!(error, truv::Error::NotFound),
        };
        if is_removed {
            removed.push(link.id);
        }
    }
    Ok(removed)
}
