//! Words of notices to the agencies' own systems.

use super::vocabulary;

vocabulary! {
    /// What a notice tells.
    NoticeKind {
        /// Somebody has decided on a renewal.
        RenewalDecided,
        /// A refresh failed in a way that needs a person.
        CaseNeedsPerson,
    }
}

impl NoticeKind {
    /// The `type` in the body.
    pub fn event_type(self) -> &'static str {
        match self {
            Self::RenewalDecided => "renewal.decided",
            Self::CaseNeedsPerson => "case.needs_person",
        }
    }
}

vocabulary! {
    /// What became of a notice.
    NoticeStatus {
        /// To be sent, or to be sent again.
        Pending,
        /// The agency's system has taken it.
        Delivered,
        /// Tried for days in vain.
        GivenUp,
    }
}
