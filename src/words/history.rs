//! Words of what things were before.

use super::vocabulary;

vocabulary! {
    /// Whose former state is kept.
    RowKind {
        /// A case.
        Case,
        /// A renewal.
        Renewal,
        /// An order.
        Order,
        /// An employer entry of an order.
        Employer,
        /// A task.
        Task,
        /// A payroll connection.
        Link,
    }
}

vocabulary! {
    /// What happened to a payroll connection.
    LinkChangeKind {
        /// The client logged in.
        Connected,
        /// A refresh brought data.
        Refreshed,
        /// It was found not to work.
        Broken,
        /// It works again.
        Mended,
        /// Truv allows no further refresh for a time.
        Limited,
        /// Truv suspects fraud or a mismatch.
        Flagged,
        /// Truv's suspicion is gone.
        Cleared,
        /// Data and credentials were removed at Truv.
        Removed,
        /// The employer's or the provider's name was learned or changed.
        Named,
    }
}
