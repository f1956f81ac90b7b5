//! What became of the rows.

use super::row::RefusedRow;
use crate::ids::CaseId;

/// What a row did to its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The case was not known.
    Created,
    /// The case, its person or its orders were known and are now as the row says.
    Updated,
    /// Everything was so already.
    Unchanged,
}

/// A row that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The row's line.
    pub line: u64,
    /// Its case.
    pub case: CaseId,
    /// What it did.
    pub outcome: Outcome,
}

/// The rows in their order: those taken in and those left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Taken in.
    pub imported: Vec<Imported>,
    /// Left out, and why.
    pub refused: Vec<RefusedRow>,
}

impl Report {
    /// How many rows did this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.imported.iter().filter(|row| row.outcome == outcome).count()
    }
}
