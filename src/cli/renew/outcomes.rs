//! The outcomes of a batch: in one line, and case by case as CSV.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Desk;
use crate::batches::{self, Batch, Counts};
use crate::cli::Failure;
use crate::orders;
use crate::words::BatchSkipReason;

/// Items read by one statement.
const CHUNK: u64 = 1_000;

/// How many cases stand where; what is nothing is left out.
pub(super) fn line(counts: &Counts) -> String {
    let parts = [
        (counts.queued, "wait"),
        (counts.under_way(), "under way"),
        (counts.succeeded, "succeeded"),
        (counts.needs_link, "need a link"),
        (counts.failed, "failed"),
        (counts.skipped, "skipped"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if told.is_empty() { "no cases".to_owned() } else { told.join(", ") }
}

/// Writes the file that `--csv` names, a part at a time.
pub(super) async fn write_where_asked(desk: &Desk, batch: &Batch, path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let output: Box<dyn io::Write> = if path.as_os_str() == "-" {
        Box::new(io::stdout())
    } else {
        Box::new(File::create(path).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?)
    };
    let mut csv = csv::Writer::from_writer(output);
    let failed = |error: csv::Error| Failure::Output(error.into());
    csv.write_record([
        "case_number",
        "status",
        "skip_reason",
        "attempts",
        "truv_order_id",
        "failure_reason",
        "next_action",
        "settled_at",
    ])
    .map_err(failed)?;
    let mut after = 0;
    loop {
        let rows = batches::list_outcomes(&desk.kit.db, batch.id, after, CHUNK).await.map_err(|e| Failure::of(&e))?;
        let Some((last, _)) = rows.last() else { break };
        after = last.position;
        let ids: Vec<_> = rows.iter().filter_map(|(item, _)| item.order).collect();
        let orders = orders::load(&desk.kit.db, desk.caller.agency, &ids).await.map_err(|error| Failure::of(&error))?;
        for (item, number) in rows {
            let order = item.order.and_then(|id| orders.get(&id));
            let failure = order.and_then(|order| order.failure.as_ref());
            csv.write_record([
                number,
                item.status.word(),
                item.skip_reason.map(BatchSkipReason::word).unwrap_or_default(),
                item.attempts.to_string(),
                order.and_then(|order| order.truv_order_id.clone()).unwrap_or_default(),
                failure.map(|failure| failure.reason.word()).unwrap_or_default(),
                failure.map(|failure| failure.next_action.word()).unwrap_or_default(),
                item.settled_at.map(|at| at.to_rfc3339()).unwrap_or_default(),
            ])
            .map_err(failed)?;
        }
    }
    csv.flush().map_err(Failure::Output)
}
