//! The invoice of an order (Truv, "Invoice"). It names no amount: Truv publishes no prices.

use serde::Deserialize;

/// Whether an order was billed.
#[derive(Clone, Debug, Deserialize)]
pub struct Invoice {
    /// The invoice's id.
    pub id: String,
    /// `pending`, `success` or `error`. An open list: an unknown word is no end.
    pub status: Option<String>,
}

impl Invoice {
    /// Whether the bill has been written.
    pub fn is_billed(&self) -> bool {
        self.status.as_deref() == Some("success")
    }

    /// Whether writing it has failed.
    pub fn has_failed(&self) -> bool {
        self.status.as_deref() == Some("error")
    }
}
