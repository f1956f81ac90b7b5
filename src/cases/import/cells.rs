//! The columns, and what stands in them on one line before anything is checked.

use std::collections::BTreeMap;

/// A column that both formats know.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) required: bool,
}

const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

/// The column whose shape differs between the formats.
pub(super) const ORDERS: &str = "orders";

/// Every column, in the order of the documentation.
pub(super) const COLUMNS: [Column; 16] = [
    required("case_number"),
    required("program"),
    required("due_date"),
    required("period_start"),
    required("period_end"),
    required("external_user_id"),
    required("first_name"),
    required("last_name"),
    optional("email"),
    optional("phone"),
    optional("ssn_last4"),
    optional("language"),
    optional("preferred_channel"),
    optional("assignee_id"),
    optional("assignee_name"),
    optional(ORDERS),
];

/// The fields of one earlier order.
pub(super) const ORDER_FIELDS: [&str; 4] = ["id", "number", "product", "date"];

/// The column of that name.
pub(super) fn column(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

/// One line's texts by column; an empty one is not there.
#[derive(Default)]
pub(super) struct Cells {
    texts: BTreeMap<&'static str, String>,
    pub(super) orders: Vec<OrderCells>,
}

/// One earlier order's texts, in the order of [`ORDER_FIELDS`].
#[derive(Default)]
pub(super) struct OrderCells(BTreeMap<&'static str, String>);

impl Cells {
    pub(super) fn put(&mut self, column: &'static str, text: &str) {
        put(&mut self.texts, column, text);
    }

    pub(super) fn get(&self, column: &str) -> Option<&str> {
        self.texts.get(column).map(String::as_str)
    }
}

impl OrderCells {
    pub(super) fn put(&mut self, field: &'static str, text: &str) {
        put(&mut self.0, field, text);
    }

    pub(super) fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }
}

/// Keeps the text without the blanks around it, unless nothing is left.
fn put(texts: &mut BTreeMap<&'static str, String>, name: &'static str, text: &str) {
    let text = text.trim_matches(' ');
    if !text.is_empty() {
        texts.insert(name, text.to_owned());
    }
}
