//! Text that comes from a client.

use super::error::ApiError;

/// Refuses text that is too long or carries control characters, which no key of ours has and PostgreSQL does not take.
///
/// # Errors
/// `BAD_USER_INPUT` naming the argument.
pub(crate) fn check(text: &str, argument: &str, most: usize) -> Result<(), ApiError> {
    if text.chars().count() > most {
        return Err(ApiError::bad_input(format!("{argument} is longer than {most} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(ApiError::bad_input(format!("{argument} has control characters")));
    }
    Ok(())
}
