//! `--dry-run`: what is to be done for each case, and when.

use std::fs::File;
use std::io::{self, Write};

use super::{Desk, flags::Start};
use crate::cli::Failure;
use crate::ledger::Spending;
use crate::links;
use crate::page::Window;
use crate::renewals::plan::{self, Summary, Terms};
use crate::words::PlannedAction;

/// Cases read by one statement.
const CHUNK: u64 = 1_000;

pub(super) async fn show(desk: &Desk, flags: &Start) -> Result<(), Failure> {
    let failed = |error: crate::storage::Error| Failure::of(&error);
    let scope = desk.caller.cases().map_err(|error| Failure::of(&error))?;
    // With a bound the plan is of what a batch would choose; without, also of the cycles that open later.
    let filter = flags.filter();
    let filter = if flags.max_cases.is_some() { plan::batch_filter(filter) } else { plan::planned_filter(filter) };
    // Nobody keeps the forecasts of this process fresh but the command itself.
    links::learn(&desk.kit, scope.agency).await.map_err(failed)?;
    let (rules, spending) = (desk.rules.clone(), desk.spending.clone());
    let terms = Terms { product: flags.product(), rules, spending };
    let summary = plan::summary(&desk.kit, scope, &filter, &terms, flags.max_cases).await.map_err(failed)?;
    io::stdout().write_all(told(&desk.slug, &summary).as_bytes()).map_err(Failure::Output)?;
    let Some(path) = &flags.csv else { return Ok(()) };
    let output: Box<dyn Write> = if path.as_os_str() == "-" {
        Box::new(io::stdout())
    } else {
        Box::new(File::create(path).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?)
    };
    let mut csv = csv::Writer::from_writer(output);
    let wrong = |error: csv::Error| Failure::Output(error.into());
    csv.write_record([
        "case_number",
        "due_on",
        "action",
        "on",
        "reason",
        "billable_links",
        "health",
        "cost",
        "expected_success_percent",
    ])
    .map_err(wrong)?;
    let mut left = flags.max_cases.unwrap_or(u64::MAX);
    let mut window = Window::first(CHUNK.min(left));
    loop {
        let page = plan::page(&desk.kit, scope, &filter, &terms, &window).await.map_err(failed)?;
        left = left.saturating_sub(window.limit);
        for (_, planned) in &page.items {
            csv.write_record([
                planned.case.number.clone(),
                planned.case.due_on.to_string(),
                planned.action.word(),
                planned.on.map(|on| on.to_string()).unwrap_or_default(),
                planned.reason.word(),
                planned.billable_links.to_string(),
                planned.health.word(),
                terms.cost_cents(planned).map(dollars).unwrap_or_default(),
                planned.chance.map_or_else(String::new, |chance| format!("{:.0}", chance * 100.0)),
            ])
            .map_err(wrong)?;
        }
        match page.items.into_iter().next_back() {
            Some((key, _)) if page.has_more && left > 0 => {
                window = Window { after: Some(key), ..Window::first(CHUNK.min(left)) };
            }
            _ => return csv.flush().map_err(Failure::Output),
        }
    }
}

/// Whole cents as dollars.
fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// What this month's part costs a program, beside its caps.
fn held_against_caps(spending: &Spending) -> String {
    let Spending { program, month, committed_cents, requested_cents, limits, .. } = spending;
    let limit = |name: &str, cents: Option<i64>| cents.map(|cents| format!(", {name} cap {}", dollars(cents)));
    let caps = [limit("soft", limits.soft_cents), limit("hard", limits.hard_cents)];
    let beyond = match (spending.is_forbidden(), spending.is_noticeable()) {
        (true, _) => ": BEYOND THE HARD CAP, the cases due last wait for the next month",
        (false, true) => ": beyond the soft cap",
        (false, false) => "",
    };
    let (requested, committed) = (dollars(*requested_cents), dollars(*committed_cents));
    let caps = caps.into_iter().flatten().collect::<String>();
    format!("{requested:>16}  dollars for {program} in {month}, {committed} committed already{caps}{beyond}")
}

/// The sums in words, a line each.
fn told(slug: &str, summary: &Summary) -> String {
    let mut lines = vec![format!("{slug}: {} cases. Nothing was started.", summary.cases)];
    for (action, words) in [
        (PlannedAction::RefreshNow, "refresh now"),
        (PlannedAction::RefreshLater, "refresh on a later day"),
        (PlannedAction::AskClient, "ask the client"),
        (PlannedAction::Blocked, "leave alone for now"),
    ] {
        lines.push(format!("{:>8}  {words}", summary.count(action)));
        let reasons = summary.by_action.iter().filter(|((planned, _), _)| *planned == action);
        lines.extend(reasons.map(|((_, reason), count)| format!("{count:>16}  {reason}")));
    }
    lines.push(format!("{:>8}  connections would be asked, each of them billed", summary.billable_links));
    if let Some(cents) = summary.cost_cents {
        lines.push(format!("{:>8}  dollars at most, if every one of them brings data", dollars(cents)));
    }
    lines.extend(summary.spending.iter().map(held_against_caps));
    lines.push(format!("{:>8.0}  refreshes are expected to bring data", summary.expected_successes));
    let bands = summary.by_health.iter();
    lines.extend(bands.map(|(health, (cases, expected))| {
        let percent = plan::share(*expected, *cases) * 100.0;
        format!("{cases:>16}  cases whose worst connection is {health} when due; {percent:.0} % are expected to work")
    }));
    let days = summary.by_day.iter();
    lines.extend(days.map(|(on, (cases, links))| format!("{on}  {cases} cases, {links} connections")));
    lines.push(String::new());
    lines.join("\n")
}
