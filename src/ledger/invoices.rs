//! Holds the ledger against Truv's invoices: a job for each agency, once an hour while anything is due.

use super::rules::{self, Invoice};
use super::store;
use crate::ids::{AgencyId, OrderId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::Kit;
use crate::storage::Error;
use crate::truv;
use crate::words::{JobKind, LedgerDifference, LedgerStatus};

/// Orders asked about by one run of the job: it must end well within its lease.
const BATCH: u64 = 10;

/// Stores a job for every agency with lines whose invoice is to be asked for. Answers how many.
pub(crate) async fn ask_for_due(kit: &Kit) -> Result<usize, Error> {
    let now = kit.clock.now();
    let mut agencies = store::due_agencies(kit.db.read(), now).await?;
    agencies.retain(|agency| kit.account(*agency).is_some());
    if agencies.is_empty() {
        return Ok(0);
    }
    let tx = kit.db.begin().await?;
    for agency in &agencies {
        let job = NewJob {
            agency: *agency,
            kind: JobKind::ReconcileLedger,
            subject: agency.0,
            priority: Priority::Background,
            run_at: now,
        };
        jobs::enqueue_in_tx(kit, &tx, job).await?;
    }
    kit.db.commit(tx).await?;
    Ok(agencies.len())
}

/// Asks for the invoices of some orders and writes down what they say; runs again while more are due.
pub(crate) async fn reconcile(kit: &Kit, agency: AgencyId) -> Result<Ran, Error> {
    let Some(account) = kit.account(agency) else { return Ok(Ran::Finished) };
    let due = store::due_orders(kit.db.read(), agency, kit.clock.now(), BATCH).await?;
    if due.is_empty() {
        return Ok(Ran::Finished);
    }
    for (order, truv_order_id) in due {
        let invoice = match truv_order_id {
            // It never came to Truv.
            None => Invoice::Pending,
            Some(id) => match account.client.invoice(&id).await {
                Ok(invoice) if invoice.is_billed() => Invoice::Billed,
                Ok(invoice) if invoice.has_failed() => Invoice::Failed,
                Ok(_) | Err(truv::Error::NotFound) => Invoice::Pending,
                Err(error) => {
                    let why = || format!("an invoice could not be read: {error}");
                    return Ok(jobs::hindered(kit, &error).unwrap_or_else(|| Ran::Failed { why: why() }));
                }
            },
        };
        compare(kit, &account.slug, order, invoice).await?;
    }
    Ok(Ran::Hindered { at: kit.clock.now(), why: "more invoices are due".to_owned() })
}

/// Shows the counters of an agency before they have moved.
pub(crate) fn count_from_zero(agency: &str) {
    for difference in LedgerDifference::ALL {
        metrics::counter!(
            "recert_ledger_differences_total",
            "agency" => agency.to_owned(),
            "difference" => difference.word().to_ascii_lowercase()
        )
        .absolute(0);
    }
}

async fn compare(kit: &Kit, agency: &str, order: OrderId, invoice: Invoice) -> Result<(), Error> {
    let now = kit.clock.now();
    let tx = kit.db.begin().await?;
    let lines = store::lines_in_tx(&tx, order).await?;
    let is_billable = lines.iter().any(|line| matches!(line.status, LedgerStatus::Estimated | LedgerStatus::Confirmed));
    for line in &lines {
        let since = line.settled_at.unwrap_or(line.attempted_at);
        let verdict = rules::reconcile(line.status, invoice, is_billable, since, now);
        if let Some(difference) = verdict.difference.filter(|difference| line.difference != Some(*difference)) {
            metrics::counter!(
                "recert_ledger_differences_total",
                "agency" => agency.to_owned(),
                "difference" => difference.word().to_ascii_lowercase()
            )
            .increment(1);
            tracing::error!(order.id = %order, %difference, "Truv's invoice is not what the ledger expects");
        }
        store::save_verdict_in_tx(&tx, line, &verdict, now).await?;
    }
    tx.commit().await.map_err(Error::from)
}
