//! `recert ledger`: what refreshes cost, as CSV.

use std::io;

use crate::caller::{CaseScope, Caseload};
use crate::cases;
use crate::cli::Failure;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::config::{self, Sources};
use crate::ids::AgencyId;
use crate::ledger::{self, Filter, is_month};
use crate::links;
use crate::page::Window;
use crate::people;
use crate::storage::{self, Database};
use crate::words::LedgerDifference;

/// The flags of `recert ledger`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The calendar month (UTC), such as 2026-11; all months when left out
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub month: Option<String>,
    /// Sums by month, program, product and state instead of single lines
    #[arg(long)]
    pub totals: bool,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG")]
    pub agency: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

fn month(text: &str) -> Result<String, String> {
    if is_month(text) { Ok(text.to_owned()) } else { Err("write a month such as 2026-11".to_owned()) }
}

/// Prints the agency's ledger.
///
/// # Errors
/// [`Failure::Failed`] when the database cannot be read or has never seen the agency; settings and flags as everywhere.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let slug = &tenant(&config.agencies, args.agency.as_deref())?.slug;
    let failed = |error: storage::Error| Failure::of(&error);
    let db = Database::connect(&config.database).await.map_err(failed)?;
    let agency = people::find_agency(&db, slug).await.map_err(failed)?;
    let agency = agency.ok_or_else(|| Failure::Failed(format!("the database has never seen the agency {slug}")))?.id;
    let filter = Filter { from_month: args.month.clone(), to_month: args.month.clone(), ..Filter::default() };
    if args.totals {
        sums(&db, agency, &filter, io::stdout()).await?;
    } else {
        lines(&db, agency, &filter, io::stdout()).await?;
    }
    db.close().await.map_err(failed)
}

/// Lines read by one statement.
const BATCH: u64 = 1_000;

/// Writes the lines as CSV, oldest first, a bounded number in memory at once. Amounts are US dollars.
///
/// # Errors
/// When the database fails or the output cannot be written.
pub async fn lines(db: &Database, agency: AgencyId, filter: &Filter, out: impl io::Write) -> Result<(), Failure> {
    let failed = |error: storage::Error| Failure::of(&error);
    let mut csv = csv::Writer::from_writer(out);
    let header = [
        "month",
        "attempted_at",
        "program",
        "product",
        "status",
        "amount",
        "case_number",
        "truv_order_id",
        "truv_link_id",
        "settled_at",
        "confirmed_at",
        "difference",
    ];
    csv.write_record(header).map_err(|error| Failure::Output(error.into()))?;
    let scope = CaseScope { agency, caseload: Caseload::All };
    let mut window = Window::first(BATCH);
    loop {
        let page = ledger::page(db, agency, filter, &window).await.map_err(failed)?;
        let of = |line: &ledger::Line| line.order;
        let orders: Vec<_> = page.items.iter().map(of).collect();
        let orders = ledger::load_orders(db, agency, &orders).await.map_err(failed)?;
        let known: Vec<_> = page.items.iter().map(|line| line.case).collect();
        let known = cases::load(db, scope, &known).await.map_err(failed)?;
        let connections: Vec<_> = page.items.iter().map(|line| line.link).collect();
        let connections = links::load(db, agency, &connections).await.map_err(failed)?;
        for line in &page.items {
            let instant = |at: Option<chrono::DateTime<chrono::Utc>>| {
                at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default()
            };
            let record = [
                line.month.clone(),
                instant(Some(line.attempted_at)),
                line.program.word(),
                line.product.word(),
                line.status.word(),
                line.price_cents.map(dollars).unwrap_or_default(),
                known.get(&line.case).map(|case| case.number.clone()).unwrap_or_default(),
                orders.get(&line.order).cloned().unwrap_or_default(),
                connections.get(&line.link).map(|link| link.truv_link_id.clone()).unwrap_or_default(),
                instant(line.settled_at),
                instant(line.confirmed_at),
                line.difference.map(LedgerDifference::word).unwrap_or_default(),
            ];
            csv.write_record(&record).map_err(|error| Failure::Output(error.into()))?;
        }
        match page.items.last().filter(|_| page.has_more) {
            Some(last) => window.after = Some(last.id),
            None => break,
        }
    }
    csv.flush().map_err(Failure::Output)
}

/// Writes the sums as CSV. Amounts are US dollars.
///
/// # Errors
/// When the database fails or the output cannot be written.
pub async fn sums(db: &Database, agency: AgencyId, filter: &Filter, out: impl io::Write) -> Result<(), Failure> {
    let totals = ledger::totals(db, agency, filter).await.map_err(|error| Failure::of(&error))?;
    let mut csv = csv::Writer::from_writer(out);
    let header = ["month", "program", "product", "status", "count", "amount"];
    csv.write_record(header).map_err(|error| Failure::Output(error.into()))?;
    for total in totals {
        let (program, product, status) = (total.program.word(), total.product.word(), total.status.word());
        let record = [total.month, program, product, status, total.count.to_string(), dollars(total.cents)];
        csv.write_record(&record).map_err(|error| Failure::Output(error.into()))?;
    }
    csv.flush().map_err(Failure::Output)
}

fn dollars(cents: i64) -> String {
    rust_decimal::Decimal::new(cents, 2).to_string()
}
