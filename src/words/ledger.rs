//! Words of the ledger.

use super::vocabulary;

vocabulary! {
    /// What is known about the cost of one refreshed connection.
    LedgerStatus {
        /// Ordered; whether it will be billed is not known yet.
        Attempted,
        /// It brought data, so it is expected on the bill.
        Estimated,
        /// It brought none, or was never carried out: nothing is expected on the bill.
        Void,
        /// Truv's invoice confirms it.
        Confirmed,
    }
}

vocabulary! {
    /// Where Truv's invoice is not what the ledger expects.
    LedgerDifference {
        /// It brought data, and after a month Truv still has no invoice for it.
        NotBilled,
        /// It brought nothing, and Truv has an invoice for it.
        BilledUnexpectedly,
        /// Truv's invoice for it has failed.
        InvoiceFailed,
    }
}
