//! Revokes tokens, on an administrator's word.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::{Revocation, Whose, store};
use crate::caller::{Caller, Forbidden, Scope};
use crate::kit::Kit;
use crate::storage;

/// How long a revocation is looked at when nobody says: no development token lives longer, and hardly any other.
pub const USUAL: TimeDelta = TimeDelta::days(31);
/// The longest time that can be asked for.
pub const LONGEST: TimeDelta = TimeDelta::days(366);

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRevocation {
    /// A token's `jti`. Either this or `subject`.
    pub token_id: Option<String>,
    /// A `sub`.
    pub subject: Option<String>,
    /// Beside a subject: only tokens issued up to here; `None` for up to now.
    pub issued_before: Option<DateTime<Utc>>,
    /// Only these scopes are withdrawn; `None` for the whole token.
    pub scopes: Option<Vec<Scope>>,
    /// When every token concerned has ended by itself; `None` for [`USUAL`] from now.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why: 1 to 500 characters on one line.
    pub reason: String,
}

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no reason, or it is too long.
    #[error("say why in 1 to 500 characters on one line")]
    Reason,
    /// Neither or both of subject and token id, or something that no token can carry.
    #[error("name either a subject or a token id, of 1 to 255 printable characters")]
    Whose,
    /// A list of scopes that is empty.
    #[error("name the scopes to withdraw, or none at all to revoke the whole token")]
    Scopes,
    /// The moment lies beside a token id, or after the end.
    #[error("the moment up to which tokens are meant goes with a subject and lies before the end")]
    IssuedBefore,
    /// The end is past, or too far away.
    #[error("the end lies in the future, at most 366 days from now")]
    ExpiresAt,
    /// The database fails.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// Revokes, and answers the entry once it is stored. The gateways learn of it within a second or so.
///
/// # Errors
/// [`RevokeError`]; nothing has then changed.
pub async fn revoke(kit: &Kit, caller: &Caller, new: NewRevocation) -> Result<Revocation, RevokeError> {
    caller.require(Scope::Admin)?;
    let revocation = checked(kit, caller, new)?;
    let tx = kit.db.begin().await?;
    store::add_in_tx(&tx, caller.agency, &revocation).await?;
    kit.db.commit(tx).await?;
    // Whose is not said here: subjects are people.
    tracing::info!(subject = caller.subject, revocation.id = %revocation.id, "tokens were revoked");
    Ok(revocation)
}

fn checked(kit: &Kit, caller: &Caller, new: NewRevocation) -> Result<Revocation, RevokeError> {
    // As the database keeps it.
    let now = kit.clock.now();
    let now = now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now);
    let reason = new.reason.trim();
    if !is_line(reason, 500) {
        return Err(RevokeError::Reason);
    }
    let expires_at = new.expires_at.unwrap_or(now + USUAL);
    if expires_at <= now || expires_at > now + LONGEST {
        return Err(RevokeError::ExpiresAt);
    }
    let whose = match (new.token_id, new.subject, new.issued_before) {
        (Some(id), None, None) if is_line(&id, 255) => Whose::Token(id),
        (Some(_), None, Some(_)) => return Err(RevokeError::IssuedBefore),
        (None, Some(subject), moment) if is_line(&subject, 255) => {
            let moment = moment.unwrap_or(now);
            if moment > expires_at {
                return Err(RevokeError::IssuedBefore);
            }
            Whose::Subject(subject, moment)
        }
        _ => return Err(RevokeError::Whose),
    };
    if new.scopes.as_ref().is_some_and(Vec::is_empty) {
        return Err(RevokeError::Scopes);
    }
    Ok(Revocation {
        id: kit.ids.next(),
        whose,
        scopes: new.scopes,
        expires_at,
        revoked_by: caller.subject.clone(),
        reason: reason.to_owned(),
        created_at: now,
    })
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.contains(char::is_control)
}
