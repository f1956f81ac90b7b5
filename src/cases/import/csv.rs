//! CSV with a header (RFC 4180). A row is one line: no column may hold a line break, so a quotation mark that is left open
//! spoils its own row and not the rest of the file.

use std::io::{self, Read};

use super::ImportError;
use super::cells::{COLUMNS, Cells, Column, ORDER_FIELDS, ORDERS, OrderCells, column};
use super::lines::Lines;
use super::row::{ImportRow, RefusedRow};

pub(super) struct Rows<R> {
    lines: Lines<R>,
    header: Vec<&'static str>,
}

impl<R: Read> Rows<R> {
    pub(super) fn start(input: R) -> Result<Self, ImportError> {
        let mut lines = Lines::start(input);
        let fault = |text: &str| ImportError::Header(vec![text.to_owned()]);
        let line = lines.next().ok_or_else(|| fault("the file is empty"))?.map_err(ImportError::Unreadable)?;
        let text = line.text.map_err(|reason| fault(&format!("it {reason}")))?;
        let names = split(&text).map_err(fault)?;
        let header = header(&names).map_err(ImportError::Header)?;
        Ok(Self { lines, header })
    }

    fn cells(&self, text: &str) -> Result<Cells, (Option<&'static str>, String)> {
        let record = split(text).map_err(|reason| (None, reason.to_owned()))?;
        if record.len() != self.header.len() {
            let (here, header) = (record.len(), self.header.len());
            return Err((None, format!("has {here} cells, and the header has {header}")));
        }
        let mut cells = Cells::default();
        for (column, text) in self.header.iter().zip(&record) {
            if *column == ORDERS {
                cells.orders = orders(text).map_err(|reason| (Some(ORDERS), reason.to_owned()))?;
            } else {
                cells.put(column, text);
            }
        }
        Ok(cells)
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = io::Result<Result<ImportRow, RefusedRow>>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match self.lines.next()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let cells = line.text.map_err(|reason| (None, reason.to_owned())).and_then(|text| self.cells(&text));
        Some(Ok(match cells {
            Ok(cells) => ImportRow::check(line.number, &cells),
            Err((column, reason)) => Err(RefusedRow::new(line.number, column, reason)),
        }))
    }
}

/// The columns in the file's order, or every fault of the header.
fn header(names: &::csv::StringRecord) -> Result<Vec<&'static str>, Vec<String>> {
    let mut faults = Vec::new();
    let mut found: Vec<&'static str> = Vec::new();
    for (place, name) in (1..).zip(names) {
        match column(name.trim()) {
            None if names.len() == 1 && name.contains([';', '\t']) => {
                faults.push("the columns are not separated by commas".to_owned());
            }
            // The name is not quoted: a file without a header has a person's data here.
            None => faults.push(format!("there is no such column as the one in place {place}")),
            Some(Column { name, .. }) if found.contains(name) => faults.push(format!("{name} comes twice")),
            Some(Column { name, .. }) => found.push(name),
        }
    }
    for Column { name, .. } in COLUMNS.iter().filter(|column| column.required && !found.contains(&column.name)) {
        faults.push(format!("{name} is missing"));
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// The cells of one line.
fn split(text: &str) -> Result<::csv::StringRecord, &'static str> {
    if text.matches('"').count() % 2 == 1 {
        return Err("has a quotation mark that is not closed on the same line");
    }
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(text.len().max(1))
        .from_reader(text.as_bytes());
    let mut record = ::csv::StringRecord::new();
    match reader.read_record(&mut record) {
        // A bare carriage return ends a record too.
        Ok(true) if reader.is_done() || !reader.read_record(&mut ::csv::StringRecord::new()).unwrap_or(true) => {
            Ok(record)
        }
        _ => Err("is not one CSV record"),
    }
}

/// `ID|NUMBER|PRODUCT|DATE` entries between semicolons.
fn orders(text: &str) -> Result<Vec<OrderCells>, &'static str> {
    let entries = text.split(';').filter(|entry| !entry.trim().is_empty());
    entries
        .map(|entry| {
            let parts: Vec<&str> = entry.split('|').collect();
            if parts.len() > ORDER_FIELDS.len() {
                return Err("has an entry that is not ID|NUMBER|PRODUCT|DATE");
            }
            let mut order = OrderCells::default();
            for (field, part) in ORDER_FIELDS.into_iter().zip(parts) {
                order.put(field, part);
            }
            Ok(order)
        })
        .collect()
}
