//! `recert import`: cases and earlier orders from a file.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use crate::caller::Caller;
use crate::cases::import::{self, Format, Outcome, RefusedRow, Row, Seen, rows};
use crate::cli::Failure;
use crate::cli::audit;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::cli::{logging, offline};
use crate::config::{self, Config, Sources};
use crate::orders;
use crate::people;
use crate::words::AuditAccess;

/// The flags of `recert import`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The file: CSV with a header, or NDJSON
    #[arg(value_name = "FILE", required_unless_present = "unmatched")]
    pub file: Option<PathBuf>,
    /// How the file is written; when left out, its extension says (.csv, .ndjson, .jsonl)
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<FileFormat>,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG")]
    pub agency: Option<String>,
    /// Read and check the file without a database, and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the refused rows to this file as CSV (line, column, reason) instead of to standard error
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
    /// Import nothing: list the earlier orders that Truv does not know, or that are still to be read there, as CSV
    #[arg(long, conflicts_with_all = ["file", "dry_run", "errors", "format"])]
    pub unmatched: bool,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The words of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a line
    Ndjson,
}

impl Args {
    fn file(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new(""))
    }

    /// The format that the flag or the file's name gives.
    ///
    /// # Errors
    /// [`Failure::Usage`] when neither does.
    pub fn format(&self) -> Result<Format, Failure> {
        match self.format {
            Some(FileFormat::Csv) => Ok(Format::Csv),
            Some(FileFormat::Ndjson) => Ok(Format::Ndjson),
            None => Format::of_path(self.file())
                .ok_or_else(|| Failure::Usage("the file's name does not tell its format; say --format".to_owned())),
        }
    }
}

/// `--dry-run`: checks settings and every row, and stores nothing.
///
/// # Errors
/// [`Failure::Failed`] when rows are refused or the file cannot be read; settings and flags as everywhere.
pub fn dry_run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let format = args.format()?;
    let input = File::open(args.file()).map_err(|error| failed(args.file(), &error))?;
    let mut report = report(args.errors.as_deref())?;
    let mut seen = Seen::default();
    let (mut good, mut refused) = (0_u64, 0_u64);
    let mut refuse = |row: &RefusedRow| {
        refused += 1;
        let cells = [&row.line.to_string(), row.column.unwrap_or_default(), &row.reason];
        report.write_record(cells).map_err(|error| Failure::Output(error.into()))
    };
    for row in rows(format, input).map_err(|error| failed(args.file(), &error))? {
        match row.map_err(|error| failed(args.file(), &error))? {
            Row::Good(row) => match seen.hear(&row) {
                Ok(()) => good += 1,
                Err(row) => refuse(&row)?,
            },
            Row::Refused(row) => refuse(&row)?,
        }
    }
    report.flush().map_err(Failure::Output)?;
    // What only the database can tell, the import says of its row.
    writeln!(
        io::stdout(),
        "{}: {good} rows are well-formed, {refused} are refused; nothing was stored, and the database was not asked.",
        agency.slug
    )
    .map_err(Failure::Output)?;
    if refused == 0 { Ok(()) } else { Err(Failure::Failed(format!("{refused} rows are refused"))) }
}

/// Earlier orders read by one statement.
const LISTED: u64 = 1_000;

/// `--unmatched`: the earlier orders that could not be read from Truv, or not yet.
async fn list_unmatched(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let kit = offline::kit(&config).await?;
    let enrolled = people::enroll_agency(&kit.db, &kit.clock, &kit.ids, &agency.slug, &agency.name).await;
    let agency = enrolled.map_err(|error| Failure::of(&error))?.id;
    let mut table = csv::Writer::from_writer(io::stdout());
    let wrong = |error: csv::Error| Failure::Output(error.into());
    table.write_record(["case_number", "truv_order_id", "number", "standing", "reason"]).map_err(wrong)?;
    let mut after = None;
    loop {
        let part = orders::list_unread(&kit.db, agency, after, LISTED).await.map_err(|error| Failure::of(&error))?;
        let Some((last, _)) = part.last() else { return table.flush().map_err(Failure::Output) };
        after = Some(*last);
        for (_, order) in part {
            let standing = if order.why.is_some() { "UNMATCHED" } else { "TO_BE_READ" };
            let (number, why) = (order.number.unwrap_or_default(), order.why.unwrap_or_default());
            table.write_record([&order.case_number, &order.truv_order_id, &number, standing, &why]).map_err(wrong)?;
        }
    }
}

/// Reads the file and stores its rows, some hundred at a time; the same file may be given again at any time.
///
/// # Errors
/// [`Failure::Failed`] when rows are refused, the file cannot be read to its end, or storage fails; what was stored until
/// then stays. Settings and flags as everywhere.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    if args.unmatched {
        return list_unmatched(args, sources).await;
    }
    let config = config::load(&args.settings.over(sources))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let format = args.format()?;
    let input = File::open(args.file()).map_err(|error| failed(args.file(), &error))?;
    let progress = Progress::start(args, &config, &input)?;
    let mut report = report(args.errors.as_deref())?;
    let kit = offline::kit(&config).await?;
    let enrolled = people::enroll_agency(&kit.db, &kit.clock, &kit.ids, &agency.slug, &agency.name).await;
    let caller = Caller::system(enrolled.map_err(|error| Failure::of(&error))?.id, "import");

    audit::record(&kit, caller.agency, "import", AuditAccess::Change).await?;
    let mut rows = rows(format, progress.bar.wrap_read(input)).map_err(|error| failed(args.file(), &error))?;
    let (mut total, mut seen) = (Total::default(), Seen::default());
    loop {
        let (mut good, mut refused) = (Vec::new(), Vec::new());
        for row in rows.by_ref().take(BATCH) {
            match row.map_err(|error| failed(args.file(), &error))? {
                Row::Good(row) => good.push(*row),
                Row::Refused(row) => refused.push(row),
            }
        }
        if good.is_empty() && refused.is_empty() {
            break;
        }
        let stored = import::import(&kit, &caller, &good, &mut seen).await.map_err(|error| Failure::of(&error))?;
        total.add(&stored);
        refused.extend(stored.refused);
        refused.sort_by_key(|row| row.line);
        total.refused += refused.len();
        for row in refused {
            let cells = [&row.line.to_string(), row.column.unwrap_or_default(), &row.reason];
            progress.bar.suspend(|| report.write_record(cells)).map_err(|error| Failure::Output(error.into()))?;
        }
        progress.tell(&total);
    }
    progress.bar.finish_and_clear();
    report.flush().map_err(Failure::Output)?;
    kit.db.close().await.map_err(|error| Failure::of(&error))?;
    let Total { created, updated, unchanged, refused } = total;
    writeln!(
        io::stdout(),
        "{}: {created} cases created, {updated} updated, {unchanged} unchanged; {refused} rows refused.",
        agency.slug
    )
    .map_err(Failure::Output)?;
    if refused == 0 { Ok(()) } else { Err(Failure::Failed(format!("{refused} rows are refused"))) }
}

/// Rows read before they are stored.
const BATCH: usize = 1_000;

/// What became of the rows so far.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    created: usize,
    updated: usize,
    unchanged: usize,
    refused: usize,
}

impl Total {
    fn add(&mut self, report: &import::Report) {
        self.created += report.count(Outcome::Created);
        self.updated += report.count(Outcome::Updated);
        self.unchanged += report.count(Outcome::Unchanged);
    }
}

/// How far the import is: a bar on a terminal; elsewhere log lines, unless the refused rows go there.
struct Progress {
    bar: ProgressBar,
    has_log: bool,
}

impl Progress {
    fn start(args: &Args, config: &Config, input: &File) -> Result<Self, Failure> {
        if io::stderr().is_terminal() {
            let length = input.metadata().map_err(|error| failed(args.file(), &error))?.len();
            let style = ProgressStyle::with_template("Importing {wide_bar} {percent} %, {eta} left");
            let bar = ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            return Ok(Self { bar, has_log: false });
        }
        let has_log = args.errors.is_some();
        if has_log {
            logging::start(&config.log)?;
        }
        Ok(Self { bar: ProgressBar::hidden(), has_log })
    }

    fn tell(&self, total: &Total) {
        if self.has_log {
            let Total { created, updated, unchanged, refused } = *total;
            tracing::info!(created, updated, unchanged, refused, "rows were imported");
        }
    }
}

/// Where refused rows go, with the header written.
fn report(path: Option<&Path>) -> Result<csv::Writer<Box<dyn io::Write>>, Failure> {
    let output: Box<dyn io::Write> = match path {
        Some(path) => Box::new(File::create(path).map_err(|error| failed(path, &error))?),
        None => Box::new(io::stderr()),
    };
    let mut report = csv::Writer::from_writer(output);
    report.write_record(["line", "column", "reason"]).map_err(|error| Failure::Output(error.into()))?;
    Ok(report)
}

fn failed(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}
