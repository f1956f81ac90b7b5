//! Cases and their earlier orders from a file that an agency's own system wrote.
//!
//! [`rows`] reads: a file goes in, and rows come out one at a time, each either whole and checked or refused with its line
//! and a reason, so that one bad row never costs the good ones. [`import`] stores: rows go in, whether from a file or from
//! a client of the API, and the report says what became of each. A reason never quotes what a row says, because it is
//! personal data from end to end.
//!
//! Both formats have the same columns; in NDJSON (one JSON object a line) they are the object's fields. `*` marks what no
//! row can lack.
//!
//! | Column | Holds |
//! | --- | --- |
//! | `case_number`* | the agency's own number, unique within it; at most 64 characters |
//! | `program`* | `SNAP` `TANF` `MEDICAID` `CHILD_CARE` `HOUSING` `LIHEAP` `OTHER` |
//! | `due_date`* | when the recertification is due, `YYYY-MM-DD` |
//! | `period_start`*, `period_end`* | the certification period, both days included |
//! | `external_user_id`* | the agency's id of the person, at most 128 characters |
//! | `first_name`*, `last_name`* | at most 100 characters each |
//! | `email`, `phone` | how Truv may reach the person |
//! | `ssn_last4` | the last four digits; a whole number is refused |
//! | `language` | in which language the person wants to be asked: a tag such as `es` or `zh-Hant` |
//! | `preferred_channel` | by which way: `EMAIL`, `SMS`, or `NONE` when the agency passes links on |
//! | `assignee_id`, `assignee_name` | the caseworker; a name only beside an id |
//! | `orders` | Truv orders made before the import, oldest first, at most 20 |
//!
//! In CSV, `orders` holds `ID|NUMBER|PRODUCT|DATE` entries between semicolons, of which only the id must be there; in
//! NDJSON it is an array of objects with `id`, `number`, `product` and `date`. A product is `INCOME` (when left out),
//! `EMPLOYMENT`, `ASSETS`, `INSURANCE` or `TRANSACTIONS`.

use std::io::{self, Read};
use std::path::Path;

mod cells;
mod csv;
mod lines;
mod ndjson;
mod report;
mod row;
mod seen;
mod store;
mod take;

pub use report::{Imported, Outcome, Report};
pub use row::{ImportAssignee, ImportClient, ImportOrder, ImportRow, RefusedRow};
pub use seen::Seen;
pub use take::import;

/// How the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180) with a header; a row is one line.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// The format that a file's extension names (`csv`; `ndjson`, `jsonl`); `None` for another one.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// The file as a whole cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be read to its end.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The CSV header does not name the columns as it should; each sentence names one fault.
    #[error("the header cannot be used: {}", .0.join("; "))]
    Header(Vec<String>),
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Complete and well-formed.
    Good(Box<ImportRow>),
    /// Left out, and why.
    Refused(RefusedRow),
}

/// The rows of a file in its order; blank lines are passed over. Holds one line at a time.
pub struct Rows<R>(Source<R>);

enum Source<R> {
    Csv(csv::Rows<R>),
    Ndjson(ndjson::Rows<R>),
}

/// Starts reading a file; of CSV, the header.
///
/// # Errors
/// [`ImportError`] when the header cannot be read or does not name the columns.
pub fn rows<R: Read>(format: Format, input: R) -> Result<Rows<R>, ImportError> {
    Ok(Rows(match format {
        Format::Csv => Source::Csv(csv::Rows::start(input)?),
        Format::Ndjson => Source::Ndjson(ndjson::Rows::start(input)),
    }))
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, ImportError>;

    /// The next row; after an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        let row = match &mut self.0 {
            Source::Csv(rows) => rows.next(),
            Source::Ndjson(rows) => rows.next(),
        };
        row.map(|row| match row {
            Ok(Ok(row)) => Ok(Row::Good(Box::new(row))),
            Ok(Err(refused)) => Ok(Row::Refused(refused)),
            Err(error) => Err(ImportError::Unreadable(error)),
        })
    }
}
