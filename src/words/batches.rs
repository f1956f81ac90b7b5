//! Words of renewal batches.

use super::vocabulary;

vocabulary! {
    /// Where a renewal batch stands.
    BatchStatus {
        /// Stored; its first case has not been taken up.
        Queued,
        /// Cases are taken up one after the other.
        Running,
        /// No new case is taken up until it is resumed. What is at work goes on.
        Paused,
        /// Stopped for good: the cases that were waiting are skipped. What was at work goes on to its end.
        Canceled,
        /// Every case has its outcome.
        Finished,
    }
}

vocabulary! {
    /// Where one case of a renewal batch stands. The first three are on their way, the others are outcomes. An outcome may
    /// still change while the client has a link, or when Truv brings the data late.
    BatchItemStatus {
        /// Its turn has not come.
        Queued,
        /// A refresh is on its way.
        Refreshing,
        /// A refresh failed for a passing reason and will be tried again by itself.
        Retrying,
        /// New data came; the review is filled by itself.
        Succeeded,
        /// The client must log in again; the case waits for a link to be sent.
        NeedsLink,
        /// The client has a link and has not finished.
        LinkSent,
        /// Left out; the reason stands beside it.
        Skipped,
        /// No data, and neither a retry nor the client can help: a caseworker must act.
        Failed,
    }
}

vocabulary! {
    /// Why a case of a renewal batch was left out.
    BatchSkipReason {
        /// Another order of the case was on its way already.
        InProgress,
        /// New data was waiting for a decision already.
        ReadyForReview,
        /// The client had a link already.
        WaitingOnClient,
        /// No renewal of the case was open.
        NotDue,
        /// The case had ended.
        Closed,
        /// The batch was canceled before the case's turn.
        BatchCanceled,
        /// Somebody canceled the case's refresh.
        OrderCanceled,
        /// The case has data that is fresh enough by the agency's rule.
        FreshEnough,
    }
}
