//! Words of the audit trail.

use super::vocabulary;

vocabulary! {
    /// What was done with a case's data.
    AuditAccess {
        /// Read, but for what the other words say.
        Read,
        /// Contact data of the client was shown in clear.
        Contact,
        /// The client's own link was shown.
        Link,
        /// Income or pay data was shown.
        Pay,
        /// Something was changed, or begun.
        Change,
        /// Taken out as a whole.
        Export,
    }
}

vocabulary! {
    /// The way somebody came.
    AuditChannel {
        /// A query or a mutation.
        Graphql,
        /// A subscription.
        Stream,
        /// The command line.
        Command,
    }
}

vocabulary! {
    /// What became of it.
    AuditOutcome {
        /// It was about to begin; another entry says how it ended. One alone means that the process was lost.
        Begun,
        /// It was done, and the answer may have left.
        Done,
        /// Something was refused for want of a scope.
        Refused,
        /// It failed.
        Failed,
    }
}
