//! One row: its type, and the rules that every text has to meet before it becomes one.

use std::fmt;

use chrono::{Datelike as _, NaiveDate};

use super::cells::{Cells, ORDERS, OrderCells};
use crate::words::{DeliveryChannel, ProductType, Program};

/// One case as the agency's system describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// The line of the file, counted from 1, the header included.
    pub line: u64,
    /// The agency's number of the case.
    pub case_number: String,
    /// The program that the case is in.
    pub program: Program,
    /// When the recertification is due.
    pub due_date: NaiveDate,
    /// The first day of the certification period.
    pub period_start: NaiveDate,
    /// The last day of the certification period, not before its first.
    pub period_end: NaiveDate,
    /// The person on the case.
    pub client: ImportClient,
    /// The caseworker; `None` when the case is nobody's yet.
    pub assignee: Option<ImportAssignee>,
    /// Truv orders made before the import, oldest first.
    pub orders: Vec<ImportOrder>,
}

/// The person on a case. `Debug` shows nothing but the id.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportClient {
    /// The agency's id of the person, which Truv knows too.
    pub external_user_id: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// `None` when the file has none.
    pub email: Option<String>,
    /// As written: digits with `+`, `-`, `.`, blanks and brackets. `None` when the file has none.
    pub phone: Option<String>,
    /// Four digits. `None` when the file has none.
    pub ssn_last4: Option<String>,
    /// A language tag (BCP 47). `None` when the file has none.
    pub language: Option<String>,
    /// How the person wants to be asked. `None` when the file has none.
    pub preferred_channel: Option<DeliveryChannel>,
}

impl fmt::Debug for ImportClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportClient").field("external_user_id", &self.external_user_id).finish_non_exhaustive()
    }
}

/// The caseworker of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportAssignee {
    /// The `sub` of the caseworker's tokens.
    pub external_id: String,
    /// `None` when the file has none.
    pub name: Option<String>,
}

/// A Truv order that is older than the import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOrder {
    /// Truv's id of the order.
    pub truv_id: String,
    /// The agency's number of the order; `None` when the file has none.
    pub number: Option<String>,
    /// What was ordered.
    pub product: ProductType,
    /// The day it was ordered; `None` when the file has none.
    pub date: Option<NaiveDate>,
}

/// A row that is left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}{reason}", .column.map(|column| format!("{column} ")).unwrap_or_default())]
pub struct RefusedRow {
    /// The line of the file, counted from 1, the header included.
    pub line: u64,
    /// The column at fault; `None` when it is the line as a whole.
    pub column: Option<&'static str>,
    /// What is wrong, without quoting the file.
    pub reason: String,
}

impl RefusedRow {
    pub(super) fn new(line: u64, column: Option<&'static str>, reason: impl Into<String>) -> Self {
        Self { line, column, reason: reason.into() }
    }
}

/// More earlier orders than any case has had.
const MAX_ORDERS: usize = 20;

impl ImportRow {
    /// Checks every cell of a line; the first fault refuses the row.
    pub(super) fn check(line: u64, cells: &Cells) -> Result<Self, RefusedRow> {
        let row = Checked(cells).row(line);
        let row = row.map_err(|(column, reason)| RefusedRow::new(line, Some(column), reason))?;
        row.verify()?;
        Ok(row)
    }

    /// Holds the texts of a row to the rules of the file's columns, wherever the row comes from.
    ///
    /// # Errors
    /// The first fault.
    pub(super) fn verify(&self) -> Result<(), RefusedRow> {
        self.faultless().map_err(|(column, reason)| RefusedRow::new(self.line, Some(column), reason))
    }

    fn faultless(&self) -> Result<(), Fault> {
        let client = &self.client;
        for (column, text, most) in [
            ("case_number", &self.case_number, 64),
            ("external_user_id", &client.external_user_id, 128),
            ("first_name", &client.first_name, 100),
            ("last_name", &client.last_name, 100),
        ] {
            if text.trim().is_empty() {
                return Err((column, "is missing"));
            }
            plain(text, most).map_err(|reason| (column, reason))?;
        }
        let rules: [(&'static str, &Option<String>, Rule); 4] = [
            ("email", &client.email, email),
            ("phone", &client.phone, phone),
            ("ssn_last4", &client.ssn_last4, ssn_last4),
            ("language", &client.language, language),
        ];
        for (column, text, rule) in rules {
            text.as_deref().map_or(Ok(String::new()), rule).map_err(|reason| (column, reason))?;
        }
        if let Some(assignee) = &self.assignee {
            plain(&assignee.external_id, 128).map_err(|reason| ("assignee_id", reason))?;
            plain(assignee.name.as_deref().unwrap_or_default(), 200).map_err(|reason| ("assignee_name", reason))?;
        }
        if self.orders.len() > MAX_ORDERS {
            return Err((ORDERS, "has more than 20 entries"));
        }
        for (place, order) in self.orders.iter().enumerate() {
            order_id(&order.truv_id).map_err(|reason| (ORDERS, reason))?;
            plain(order.number.as_deref().unwrap_or_default(), 64).map_err(|reason| (ORDERS, reason))?;
            if order.product == ProductType::Unknown {
                return Err((ORDERS, "has an entry with an unknown product"));
            }
            if self.orders.iter().take(place).any(|earlier| earlier.truv_id == order.truv_id) {
                return Err((ORDERS, "names the same order twice"));
            }
        }
        if self.period_end < self.period_start {
            return Err(("period_end", "is before period_start"));
        }
        Ok(())
    }
}

/// A column and what is wrong with it.
type Fault = (&'static str, &'static str);

/// Checks one text.
type Rule = fn(&str) -> Result<String, &'static str>;

struct Checked<'c>(&'c Cells);

impl Checked<'_> {
    fn row(&self, line: u64) -> Result<ImportRow, Fault> {
        let row = ImportRow {
            line,
            case_number: self.needed("case_number", |text| plain(text, 64))?,
            program: self.needed("program", |text| Program::from_word(text).ok_or("is not a program"))?,
            due_date: self.needed("due_date", date)?,
            period_start: self.needed("period_start", date)?,
            period_end: self.needed("period_end", date)?,
            client: ImportClient {
                external_user_id: self.needed("external_user_id", |text| plain(text, 128))?,
                first_name: self.needed("first_name", |text| plain(text, 100))?,
                last_name: self.needed("last_name", |text| plain(text, 100))?,
                email: self.given("email", email)?,
                phone: self.given("phone", phone)?,
                ssn_last4: self.given("ssn_last4", ssn_last4)?,
                language: self.given("language", language)?,
                preferred_channel: self.given("preferred_channel", |text| {
                    DeliveryChannel::from_word(text).ok_or("is not EMAIL, SMS or NONE")
                })?,
            },
            assignee: self.assignee()?,
            orders: self.orders().map_err(|reason| (ORDERS, reason))?,
        };
        if row.period_end < row.period_start {
            return Err(("period_end", "is before period_start"));
        }
        Ok(row)
    }

    fn given<T>(
        &self,
        column: &'static str,
        check: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>, Fault> {
        self.0.get(column).map(check).transpose().map_err(|reason| (column, reason))
    }

    fn needed<T>(&self, column: &'static str, check: impl FnOnce(&str) -> Result<T, &'static str>) -> Result<T, Fault> {
        self.given(column, check)?.ok_or((column, "is missing"))
    }

    fn assignee(&self) -> Result<Option<ImportAssignee>, Fault> {
        let external_id = self.given("assignee_id", |text| plain(text, 128))?;
        let name = self.given("assignee_name", |text| plain(text, 200))?;
        match (external_id, name) {
            (Some(external_id), name) => Ok(Some(ImportAssignee { external_id, name })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(("assignee_name", "stands without an assignee_id")),
        }
    }

    fn orders(&self) -> Result<Vec<ImportOrder>, &'static str> {
        if self.0.orders.len() > MAX_ORDERS {
            return Err("has more than 20 entries");
        }
        let mut orders: Vec<ImportOrder> = Vec::new();
        for cells in &self.0.orders {
            let order = order(cells)?;
            if orders.iter().any(|earlier| earlier.truv_id == order.truv_id) {
                return Err("names the same order twice");
            }
            orders.push(order);
        }
        Ok(orders)
    }
}

fn order(cells: &OrderCells) -> Result<ImportOrder, &'static str> {
    let id = cells.get("id").ok_or("has an entry without an id")?;
    Ok(ImportOrder {
        truv_id: order_id(id)?,
        number: cells.get("number").map(|text| plain(text, 64)).transpose()?,
        product: match cells.get("product") {
            Some(word) => product(word).ok_or("has an entry with an unknown product")?,
            None => ProductType::Income,
        },
        date: cells.get("date").map(date).transpose()?,
    })
}

/// Truv's id of an order, which becomes part of an address.
fn order_id(id: &str) -> Result<String, &'static str> {
    let identifier = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=64).contains(&id.len()) && id.bytes().all(identifier) {
        return Ok(id.to_owned());
    }
    Err("has an id that is not 1 to 64 of letters, digits, - and _")
}

/// A product that can be ordered: `UNKNOWN` is a word for reading only.
fn product(word: &str) -> Option<ProductType> {
    ProductType::from_word(word).filter(|product| *product != ProductType::Unknown)
}

/// Text to be shown to people: no control characters, and none that change the direction of what follows.
fn plain(text: &str, most: usize) -> Result<String, &'static str> {
    if text.contains(|letter: char| {
        letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }) {
        return Err("holds a control character");
    }
    if text.chars().count() > most {
        return Err("is too long");
    }
    Ok(text.to_owned())
}

/// `YYYY-MM-DD`, between 1900 and 2199.
fn date(text: &str) -> Result<NaiveDate, &'static str> {
    let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| (1900..2200).contains(&date.year()));
    date.filter(|_| shape).ok_or("is not a date of the form YYYY-MM-DD")
}

/// One @ with something on both sides. Whether anybody reads it only a letter can tell.
fn email(text: &str) -> Result<String, &'static str> {
    let text = plain(text, 254)?;
    let shape =
        text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if shape && !text.contains(char::is_whitespace) { Ok(text) } else { Err("is not an e-mail address") }
}

fn phone(text: &str) -> Result<String, &'static str> {
    let text = plain(text, 30)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let shape = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-. ()".contains(&byte));
    if shape && (7..=15).contains(&digits) { Ok(text) } else { Err("is not a telephone number of 7 to 15 digits") }
}

/// The shape of a language tag (BCP 47): letters and digits in parts of up to eight, joined by hyphens.
fn language(text: &str) -> Result<String, &'static str> {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let begins = text
        .split('-')
        .next()
        .is_some_and(|first| (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic()));
    if text.len() <= 35 && begins && text.split('-').all(part) {
        return Ok(text.to_owned());
    }
    Err("is not a language tag such as es or zh-Hant")
}

fn ssn_last4(text: &str) -> Result<String, &'static str> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits == 9 {
        return Err("looks like a whole social security number; only its last four digits are accepted");
    }
    if digits == 4 && text.len() == 4 { Ok(text.to_owned()) } else { Err("is not four digits") }
}
