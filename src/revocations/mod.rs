//! Tokens that no longer count although they have not expired, and tokens that count for less.
//!
//! A revocation names one token by its `jti`, or a subject, whose tokens issued up to a moment are meant; it takes the whole
//! token away, or only some of its scopes. It is stored with who asked for it, when and why, and kept until every token
//! concerned has ended by itself.
//!
//! Every process holds the list in memory ([`Watch`]) and looks at least once a second whether it has changed, sooner when
//! it is woken; so a revocation counts everywhere within a few seconds of its commit: for new requests, and for sockets and
//! streams that are open. While the database cannot be read the last list counts; nothing new comes out of the log then
//! either. Deliberately not here: what becomes of a caller whose token is revoked, which is the edge's affair.

mod list;
mod revoke;
mod store;
mod watch;

use chrono::{DateTime, Utc};

use crate::caller::Scope;
use crate::ids::RevocationId;

pub use self::list::Bearer;
pub use self::revoke::{LONGEST, NewRevocation, RevokeError, USUAL, revoke};
pub(crate) use self::store::prune;
pub use self::store::{count, page};
pub use self::watch::Watch;

/// Whose tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The one with this `jti`.
    Token(String),
    /// Those with this `sub` that were issued up to the moment; one that does not say when it was issued counts among them.
    Subject(String, DateTime<Utc>),
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Our id.
    pub id: RevocationId,
    /// Whose tokens.
    pub whose: Whose,
    /// The scopes that are withdrawn; `None` when the tokens do not count at all.
    pub scopes: Option<Vec<Scope>>,
    /// Until when it is looked at.
    pub expires_at: DateTime<Utc>,
    /// Who asked for it: the subject of a token, or `system:command-line`.
    pub revoked_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: DateTime<Utc>,
}
