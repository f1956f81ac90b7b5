//! Words of renewal plans.

use super::vocabulary;

vocabulary! {
    /// What to do about a case's renewal.
    PlannedAction {
        /// Refresh now: the cycle is open, or a connection would not live to its opening.
        RefreshNow,
        /// Refresh on a later day: when the cycle opens, or when the connections may be refreshed again.
        RefreshLater,
        /// Ask the client to log in: no refresh can bring the data.
        AskClient,
        /// Nothing: something is at work or waits for somebody, or a refresh would be refused.
        Blocked,
    }
}

vocabulary! {
    /// Why this is planned.
    PlanReason {
        /// The renewal cycle is open and the connections are expected to work.
        CycleOpen,
        /// The renewal cycle opens later, and the connections are expected to live until then.
        CycleOpensLater,
        /// The cycle is open and a connection is past its expected life: it may still work, and trying costs less than
        /// asking.
        PastExpectedLife,
        /// A connection is expected to end before the cycle opens.
        EndsBeforeCycleOpens,
        /// A connection does not work any more.
        ConnectionBroken,
        /// The client has connected no employer.
        NoConnection,
        /// A connection has been refreshed as often as Truv allows in a day.
        LimitReached,
        /// The agency refuses to pay for newer data while the last report counts as fresh.
        FreshEnough,
        /// Truv does not refresh the earlier order for this product.
        ProductNotCovered,
        /// An order is on its way.
        InProgress,
        /// The client has a link and has not finished.
        WaitingOnClient,
        /// New data waits for a decision.
        ReadyForReview,
    }
}
