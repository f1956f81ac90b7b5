//! The audit trail.

/// `[audit]`
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// `RECERT_AUDIT_READS`: which reads are recorded. Default `all`.
    pub reads: AuditReads,
}

/// Which reads are recorded. What changes something always is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditReads {
    /// `all`: whatever shows anything of a case.
    #[default]
    All,
    /// `personal`: what shows contact data in clear, a client's link, income or pay data.
    Personal,
}
