//! Words of the gate in front of Truv.

use super::vocabulary;

vocabulary! {
    /// Whether calls to Truv go out.
    BreakerState {
        /// Calls go out.
        Closed,
        /// One call is trying whether Truv is back; the others wait for it.
        HalfOpen,
        /// No call goes out.
        Open,
    }
}

vocabulary! {
    /// Why no call to Truv goes out.
    BreakerReason {
        /// Truv failed several times in a row, or could not be reached.
        Failing,
        /// Truv does not accept the agency's access key: somebody must put it right.
        Unauthorized,
    }
}
