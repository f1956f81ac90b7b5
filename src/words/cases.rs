//! Words of cases and renewals.

use super::vocabulary;

vocabulary! {
    /// The benefits program that a case belongs to.
    Program {
        /// Supplemental Nutrition Assistance Program.
        Snap,
        /// Temporary Assistance for Needy Families.
        Tanf,
        /// Medicaid.
        Medicaid,
        /// Child care subsidy.
        ChildCare,
        /// Housing assistance.
        Housing,
        /// Low Income Home Energy Assistance Program.
        Liheap,
        /// Any other program.
        Other,
    }
}

vocabulary! {
    /// Where a case stands. While a renewal is open this is the renewal's standing.
    CaseStatus {
        /// No renewal is open.
        NotDue,
        /// The renewal is open and nothing has been asked for yet.
        Due,
        /// A refresh is on its way.
        Refreshing,
        /// A refresh failed for a passing reason and will be tried again by itself.
        RetryScheduled,
        /// The client must log in again; the link is still to be sent.
        NeedsClient,
        /// The link has been sent and the client has not finished.
        WaitingOnClient,
        /// A caseworker must act: no data, a configuration fault, or documents to look at.
        NeedsCaseworker,
        /// New data is there and waits for a decision.
        ReadyForReview,
        /// The case has ended.
        Closed,
    }
}

vocabulary! {
    /// The next step of a case or after a failure.
    NextAction {
        /// Nothing is to be done.
        None,
        /// Ask Truv for new data.
        CreateRefreshOrder,
        /// Wait: Truv is at work.
        Wait,
        /// Wait: the refresh will be tried again by itself.
        RetryLater,
        /// Send the client a link to log in again.
        SendVerificationLink,
        /// Look into it by hand.
        ResolveByHand,
        /// Review the new data and decide.
        Review,
    }
}

vocabulary! {
    /// Who takes the next step.
    Actor {
        /// A member of the agency's staff.
        Caseworker,
        /// The person on the case.
        Client,
        /// The agency's technical staff.
        Operations,
        /// Recert itself.
        Gateway,
    }
}

vocabulary! {
    /// A caseworker's decision on a review.
    ReviewDecision {
        /// The new data is accepted as it is.
        Confirmed,
        /// The new data is accepted with corrections.
        ConfirmedWithEdits,
        /// The new data is not accepted.
        Rejected,
        /// Documents are needed before a decision; the renewal stays open.
        NeedsDocuments,
    }
}

vocabulary! {
    /// What happened to a case. A client ignores kinds that it does not know.
    CaseEventKind {
        /// The first frame of every stream; its cursor is where the stream starts.
        StreamOpened,
        /// Events may be missing from here on: read the lists again, then go on from this cursor.
        Resync,
        /// The case's status, next action, assignee or due date changed.
        CaseStatusChanged,
        /// An order was stored.
        OrderCreated,
        /// An order's status changed.
        OrderStatusChanged,
        /// A task of an order moved.
        TaskStatusChanged,
        /// A refresh failed, wholly or for one employer.
        RefreshFailed,
        /// A report was fetched and the review filled.
        ReportReady,
        /// A link for the client exists.
        VerificationLinkSent,
        /// A caseworker decided.
        ReviewCompleted,
        /// A payroll connection of the client was found broken, was removed at Truv, or works again.
        LinkHealthChanged,
        /// A connection that the client had to mend works again: nobody need be asked any more.
        ConnectionRestored,
    }
}
