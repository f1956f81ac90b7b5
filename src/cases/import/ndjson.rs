//! NDJSON: one JSON object a line, with the columns as its fields.
//!
//! The object is walked by hand rather than through a derived type, because the errors of the latter quote values.

use std::io::{self, Read};

use serde_json::{Map, Value};

use super::cells::{Cells, ORDER_FIELDS, ORDERS, OrderCells, column};
use super::lines::Lines;
use super::row::{ImportRow, RefusedRow};

type Refusal = (Option<&'static str>, &'static str);

pub(super) struct Rows<R>(Lines<R>);

impl<R: Read> Rows<R> {
    pub(super) fn start(input: R) -> Self {
        Self(Lines::start(input))
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = io::Result<Result<ImportRow, RefusedRow>>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match self.0.next()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let cells = line.text.map_err(|reason| (None, reason)).and_then(|text| cells(&text));
        Some(Ok(match cells {
            Ok(cells) => ImportRow::check(line.number, &cells),
            Err((column, reason)) => Err(RefusedRow::new(line.number, column, reason)),
        }))
    }
}

fn cells(text: &str) -> Result<Cells, Refusal> {
    let object = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Err((None, "is not a JSON object")),
        Err(_) => return Err((None, "is not JSON")),
    };
    let mut cells = Cells::default();
    for (name, value) in &object {
        // The name is not quoted: it comes from the same hand as the values.
        let column = column(name).ok_or((None, "has a field that is no column"))?.name;
        if column == ORDERS {
            cells.orders = orders(value).map_err(|reason| (Some(ORDERS), reason))?;
        } else if let Some(text) = text_of(value).map_err(|reason| (Some(column), reason))? {
            cells.put(column, text);
        }
    }
    Ok(cells)
}

fn orders(value: &Value) -> Result<Vec<OrderCells>, &'static str> {
    let entries = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(entries) => entries,
        _ => return Err("is not an array"),
    };
    entries.iter().map(|entry| entry.as_object().ok_or("has an entry that is not an object").and_then(order)).collect()
}

fn order(object: &Map<String, Value>) -> Result<OrderCells, &'static str> {
    let mut order = OrderCells::default();
    for (name, value) in object {
        let known = ORDER_FIELDS.into_iter().find(|field| field == name);
        let field = known.ok_or("has an entry with a field other than id, number, product and date")?;
        if let Some(text) = text_of(value)? {
            order.put(field, text);
        }
    }
    Ok(order)
}

/// Text, or nothing for null. Numbers are refused: as text they would lose leading zeros.
fn text_of(value: &Value) -> Result<Option<&str>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err("is not a string"),
    }
}
