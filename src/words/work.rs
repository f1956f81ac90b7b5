//! Words of deliveries and jobs.

use super::vocabulary;

vocabulary! {
    /// What became of a webhook request.
    DeliveryStatus {
        /// Stored, to be applied.
        Received,
        /// Waits for the order it belongs to.
        Parked,
        /// Applied, or found to say nothing new.
        Applied,
        /// Authentic, and of no concern to any case: an unknown event, or data we do not follow.
        Ignored,
        /// Authentic, but no order was found for it in time.
        Unmatched,
        /// Authentic and unusable; kept with the reason.
        Dead,
    }
}

vocabulary! {
    /// Whether webhooks come.
    WebhookState {
        /// They come, or nothing is overdue.
        Healthy,
        /// None comes, and none is expected.
        Quiet,
        /// Something was expected, and nothing came.
        Deaf,
        /// Truv has switched the endpoint off.
        SwitchedOff,
    }
}

vocabulary! {
    /// Kinds of background work. The subject is an order where nothing else is said.
    JobKind {
        /// Send a stored order to Truv.
        SendOrder,
        /// Find out what became of an order whose answer was lost.
        ResolveOrder,
        /// Fetch the report of an order and fill the review.
        FetchReport,
        /// Ask Truv about an order without news.
        PollOrder,
        /// Repeat a refresh that failed for a passing reason.
        RetryOrder,
        /// Ask Truv to cancel an order.
        CancelOrder,
        /// Hold the ledger of an agency against Truv's invoices; the subject is the agency.
        ReconcileLedger,
        /// Read an imported order from Truv, for its employers and links.
        ReadOrder,
        /// Take up the next cases of a renewal batch, which is the subject.
        FeedBatch,
        /// Tell the cases of a client that a connection, which is the subject, broke or works again.
        TellLink,
        /// Send the client of a renewal batch's item, which is the subject, a link to log in again.
        SendLink,
    }
}
