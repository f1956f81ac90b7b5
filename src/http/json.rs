//! JSON from outside, with a bound on its nesting that holds before the parser recurses.

/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 64;

/// Why bytes are not JSON that we read. The parser's own words never leave this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("the body is nested deeper than 64 levels")]
    TooDeep,
    #[error("the body is not valid JSON")]
    Syntax,
}

impl JsonError {
    /// The sentence for the client.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::NotUtf8 => "the body is not UTF-8",
            Self::TooDeep => "the body is nested deeper than 64 levels",
            Self::Syntax => "the body is not valid JSON",
        }
    }
}

/// Reads one JSON value.
pub(crate) fn parse(bytes: &[u8]) -> Result<serde_json::Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    if depth(text) > MAX_DEPTH {
        return Err(JsonError::TooDeep);
    }
    serde_json::from_str(text).map_err(|_| JsonError::Syntax)
}

/// The deepest nesting of brackets outside strings. Right for valid JSON; for other text any number will do.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_levels_are_read_and_sixty_five_are_not() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(64).as_bytes()).is_ok());
        assert_eq!(parse(nested(65).as_bytes()), Err(JsonError::TooDeep));
    }

    #[test]
    fn brackets_inside_strings_are_not_nesting() {
        let text = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(500));
        assert!(parse(text.as_bytes()).is_ok());
    }
}
