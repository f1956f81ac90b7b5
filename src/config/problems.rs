//! What is wrong with the settings, all of it at once.

use std::fmt;

use super::sources::Origin;

/// One setting that cannot be used. Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting's key, such as `auth.hmac_secret`.
    pub setting: String,
    /// Where the value came from.
    pub origin: Origin,
    /// What is wrong with it.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

/// Every problem that was found, in the order of the sections. Its text is meant for the operator's terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("one setting needs attention:")?,
            many => write!(f, "{many} settings need attention:")?,
        }
        for Problem { setting, origin, what, cure } in &self.0 {
            let setting = setting.escape_debug();
            write!(f, "\n\n  {setting}: {what}\n    from: {origin}\n    cure: {cure}")?;
        }
        Ok(())
    }
}
