//! Fetches the report of an order and fills the review.
//!
//! The order's own employers are preferred: they are scoped to the order. Where Truv shows none there, the report of the
//! connection is read, which may be missing for some seconds after the task is done (fact sheet "Read after write"). An
//! order that repeats only what failed before is completed by what the renewal's other orders have read.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::cases::{self, Locked, Standing};
use crate::events::Change;
use crate::ids::{AgencyId, LinkId, OrderId, ReportId};
use crate::jobs::{self, Ran};
use crate::kit::{Account, Kit};
use crate::links;
use crate::orders::{self, News, Order, OrderEmployer};
use crate::people;
use crate::reports::{self, snapshot};
use crate::storage::{Error, Tx};
use crate::truv::wire::orders::Order as Shown;
use crate::truv::wire::reports::{LinkReport, ReportedJob};
use crate::truv::{self, Fetched};
use crate::words::CaseEventKind;

/// Longest distance between two attempts to read a report that is not there yet.
const LONGEST: Duration = Duration::from_mins(1);

/// What Truv showed: the order, and the reports of the connections whose jobs the order did not show.
struct Gathered {
    order: Fetched<Shown>,
    links: Vec<(String, Fetched<LinkReport>)>,
}

/// Fetches, stores and puts up for review. `attempts` counts the earlier attempts.
pub(crate) async fn fetch(kit: &Kit, agency: AgencyId, id: OrderId, attempts: u32) -> Result<Ran, Error> {
    let Some(order) = orders::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    let (Some(account), Some(truv_order_id)) = (kit.account(agency), &order.truv_order_id) else {
        return Ok(Ran::Finished);
    };
    let gathered = match gather(kit, account, &order, truv_order_id).await? {
        Ok(gathered) => gathered,
        Err(error) => {
            if let Some(hindered) = jobs::hindered(kit, &error) {
                return Ok(hindered);
            }
            let wait = Duration::from_secs(1_u64 << attempts.min(6)).min(LONGEST);
            let at = kit.clock.now() + TimeDelta::from_std(wait).unwrap_or_default();
            return Ok(Ran::Again { at, why: format!("the report could not be read yet: {error}") });
        }
    };
    store(kit, agency, id, gathered).await?;
    Ok(Ran::Finished)
}

async fn gather(
    kit: &Kit,
    account: &Account,
    order: &Order,
    truv_order_id: &str,
) -> Result<Result<Gathered, truv::Error>, Error> {
    let shown = match account.client.order(truv_order_id).await {
        Ok(shown) => shown,
        Err(error) => return Ok(Err(error)),
    };
    let employers = orders::employers(kit.db.read(), order.id).await?;
    let mut reports = Vec::new();
    for employer in employers.iter().filter(|employer| orders::status::is_completed(employer)) {
        let of_employer =
            shown.value.employers.iter().find(|shown| Some(&shown.id) == employer.truv_suborder_id.as_ref());
        if of_employer.is_some_and(|shown| !shown.employments.is_empty()) {
            continue;
        }
        let Some(link) = of_employer.and_then(|shown| shown.link_id.clone()) else { continue };
        match account.client.link_income_report(&link).await {
            Ok(report) => reports.push((link, report)),
            Err(error) => return Ok(Err(error)),
        }
    }
    for link in earlier_links(kit, order, &employers).await? {
        match account.client.link_income_report(&link).await {
            Ok(report) => reports.push((link, report)),
            // Removed since.
            Err(truv::Error::NotFound) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(Gathered { order: shown, links: reports }))
}

/// Connections that other orders of the renewal have read already, and that work: a retry or a new login brings only what
/// had failed before, and the review shows all of it together.
async fn earlier_links(kit: &Kit, order: &Order, employers: &[OrderEmployer]) -> Result<Vec<String>, Error> {
    let Some(renewal) = order.renewal else { return Ok(Vec::new()) };
    let mut ids: Vec<LinkId> = orders::list_employers_of_renewal(kit.db.read(), order.case, renewal)
        .await?
        .iter()
        .filter(|employer| employer.order != order.id && orders::status::is_completed(employer))
        .filter_map(|employer| employer.link)
        .filter(|link| employers.iter().all(|employer| employer.link != Some(*link)))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let links = links::load(&kit.db, order.agency, &ids).await?;
    let works = |id: &LinkId| links.get(id).filter(|link| link.broken_at.is_none() && link.deleted_at.is_none());
    Ok(ids.iter().filter_map(works).map(|link| link.truv_link_id.clone()).collect())
}

async fn store(kit: &Kit, agency: AgencyId, id: OrderId, gathered: Gathered) -> Result<(), Error> {
    let now = kit.clock.now();
    let tx = kit.db.begin().await?;
    // The look tells names and connections besides; what it says about states is joined like any other news.
    orders::advance_in_tx(kit, &tx, agency, id, &News::shown(gathered.order.value.clone())).await?;
    let Some(order) = orders::find(&tx, agency, id).await? else { return Ok(()) };
    let scope = crate::caller::CaseScope { agency, caseload: crate::caller::Caseload::All };
    let Some(mut locked) = cases::lock_in_tx(&tx, scope, order.case).await? else { return Ok(()) };
    let generated_at = generated_at(&gathered, now);
    // A worker that was lost after its commit runs again: the snapshot is there already.
    if reports::find_of_order(&tx, id, generated_at).await?.is_some() {
        return kit.db.commit(tx).await;
    }
    let baseline = baseline_in_tx(&tx, &order, &locked).await?;
    let known = match baseline {
        Some(report) => Some(reports::load_known_in_tx(&tx, agency, report).await?),
        None => None,
    };
    let links = links_in_tx(&tx, agency, &gathered).await?;
    let asked = asked_in_tx(&tx, &order, &gathered, &links).await?;
    let client = people::find_client(&tx, agency, locked.case().client).await?;
    let ssn_last4 = client.as_ref().map(|client| client.ssn_last4(&kit.sealer)).transpose()?.flatten();
    let snapshot = snapshot::build(snapshot::Parts {
        ids: &kit.ids,
        agency,
        case: order.case,
        order: id,
        truv_report_id: gathered.links.iter().find_map(|(_, report)| report.value.id.clone()),
        generated_at,
        now,
        links: &links,
        known: known.as_ref(),
        person: client.as_ref().map(|client| reports::Person {
            first_name: &client.first_name,
            last_name: &client.last_name,
            ssn_last4: ssn_last4.as_deref(),
        }),
        asked: &asked,
        jobs: jobs(&gathered),
    });
    let report = snapshot.report.id;
    let received = json!({
        "order": gathered.order.raw,
        "links": gathered.links.into_iter().map(|(_, report)| report.raw).collect::<Vec<Value>>(),
    });
    let body = kit.sealer.seal(&snapshot.report.body_place(), &received.to_string())?;
    reports::insert_in_tx(&tx, snapshot, Some(&body)).await?;
    present_in_tx(kit, &tx, &order, &mut locked, report, baseline).await?;
    locked.save_in_tx(&tx, now).await?;
    kit.db.commit(tx).await
}

/// Puts the report into the open renewal that the order was made for. A report that comes after the decision, or for an
/// order from before, is kept and shown with its order, and changes nothing else.
async fn present_in_tx(
    kit: &Kit,
    tx: &Tx,
    order: &Order,
    locked: &mut Locked,
    report: ReportId,
    baseline: Option<ReportId>,
) -> Result<(), Error> {
    locked.note(Change { order: Some(order.id), report: Some(report), ..Change::of(CaseEventKind::ReportReady) });
    let Some(id) = order.renewal.filter(|renewal| locked.case().renewal == Some(*renewal)) else { return Ok(()) };
    let Some(mut renewal) = cases::find_renewal_in_tx(tx, order.agency, id).await? else { return Ok(()) };
    renewal.baseline = renewal.baseline.or(baseline);
    renewal.current = Some(report);
    renewal.prepared_at = Some(kit.clock.now());
    cases::save_renewal_in_tx(tx, &renewal, None, kit.clock.now()).await?;
    if orders::policy::is_reviewable(order) {
        locked.stand(Standing::READY);
    }
    Ok(())
}

/// What the new report is compared with: the baseline that the renewal has already, else the report behind the last
/// decision, else the newest report of the case.
async fn baseline_in_tx(tx: &Tx, order: &Order, locked: &Locked) -> Result<Option<ReportId>, Error> {
    if let Some(renewal) = order.renewal
        && let Some(renewal) = cases::find_renewal_in_tx(tx, order.agency, renewal).await?
        && renewal.baseline.is_some()
    {
        return Ok(renewal.baseline);
    }
    let decided = cases::find_last_decided_in_tx(tx, locked.case()).await?;
    match decided.and_then(|renewal| renewal.current) {
        Some(report) => Ok(Some(report)),
        None => reports::find_newest(tx, order.case, order.id).await,
    }
}

fn generated_at(gathered: &Gathered, now: DateTime<Utc>) -> DateTime<Utc> {
    let shown = &gathered.order.value;
    let is_own = |link: &str| shown.employers.iter().any(|employer| employer.link_id.as_deref() == Some(link));
    let own = gathered.links.iter().filter(|(link, _)| is_own(link));
    let of_links = own.filter_map(|(_, report)| report.value.completed_at).max();
    of_links.or(shown.updated_at).or(shown.completed_at).unwrap_or(now)
}

fn jobs(gathered: &Gathered) -> Vec<ReportedJob<'_>> {
    let of_order = gathered.order.value.employments();
    let of_links = gathered.links.iter().flat_map(|(link, report)| {
        report.value.employments().map(move |job| ReportedJob { link_id: job.link_id.or(Some(link)), ..job })
    });
    of_order.chain(of_links).collect()
}

/// The connections that were asked and have answered: those of the order, and those that its renewal had read before.
async fn asked_in_tx(
    tx: &Tx,
    order: &Order,
    gathered: &Gathered,
    links: &HashMap<String, LinkId>,
) -> Result<HashSet<LinkId>, Error> {
    let employers = orders::employers(tx, order.id).await?;
    let of_order = employers.iter().filter(|employer| orders::status::is_completed(employer));
    let mut asked: HashSet<LinkId> = of_order.filter_map(|employer| employer.link).collect();
    asked.extend(gathered.links.iter().filter_map(|(link, _)| links.get(link)));
    Ok(asked)
}

async fn links_in_tx(tx: &Tx, agency: AgencyId, gathered: &Gathered) -> Result<HashMap<String, LinkId>, Error> {
    let mut found = HashMap::new();
    let of_order = gathered.order.value.employers.iter().filter_map(|suborder| suborder.link_id.clone());
    for id in of_order.chain(gathered.links.iter().map(|(link, _)| link.clone())) {
        if let Some(link) = links::find_by_truv_id_in_tx(tx, agency, &id).await? {
            found.insert(id, link.id);
        }
    }
    Ok(found)
}
