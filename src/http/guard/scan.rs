//! Counts a document's tokens and bracket nesting in one pass, without recursion and without a parser.
//!
//! The parser recurses for every `[`, `{` and `(`: 3 kB of opening brackets end the process. So brackets are counted
//! first, by the lexical rules of the GraphQL specification (section 2.1), with strings and comments skipped.

use crate::config::DocumentLimits;
use crate::http::guard::too_complex;
use crate::http::refusal::Refusal;

/// Refuses source that is too long, has too many tokens or is nested too deeply.
pub(super) fn check(source: &str, limits: &DocumentLimits) -> Result<(), Refusal> {
    if source.len() > limits.bytes {
        return Err(too_complex("bytes", limits.bytes));
    }
    let (mut tokens, mut nesting) = (0_usize, 0_usize);
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (length, counts) = match first {
            '#' => (rest.find(['\n', '\r']).unwrap_or(rest.len()), false),
            '"' => (string(rest), true),
            '(' | '[' | '{' => {
                nesting += 1;
                (1, true)
            }
            ')' | ']' | '}' => {
                nesting = nesting.saturating_sub(1);
                (1, true)
            }
            '.' if rest.starts_with("...") => (3, true),
            ',' | '\u{feff}' => (first.len_utf8(), false),
            _ if first.is_whitespace() => (first.len_utf8(), false),
            _ if is_word(first) => (rest.find(|other| !is_word(other)).unwrap_or(rest.len()), true),
            _ => (first.len_utf8(), true),
        };
        tokens += usize::from(counts);
        if tokens > limits.tokens {
            return Err(too_complex("tokens", limits.tokens));
        }
        if nesting > limits.nesting {
            return Err(too_complex("levels of brackets", limits.nesting));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// Names and numbers; where a number ends and a name begins is the parser's business.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '+')
}

/// Bytes of the string that `text` begins with, its quotes included; the whole rest when it does not end. A plain
/// string also ends at the end of its line, so that an unclosed quote cannot hide the brackets that follow.
fn string(text: &str) -> usize {
    let block = text.starts_with(r#"""""#);
    let (open, close) = if block { (3, r#"""""#) } else { (1, "\"") };
    let mut at = open;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(close) {
            return at + close.len();
        }
        at += if block && rest.starts_with(r#"\""""#) {
            4
        } else if !block && rest.starts_with(['\n', '\r']) {
            return at;
        } else if !block && rest.starts_with('\\') {
            1 + rest.chars().nth(1).map_or(0, char::len_utf8)
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn limits(tokens: usize, nesting: usize) -> DocumentLimits {
        DocumentLimits { tokens, nesting, ..DocumentLimits::default() }
    }

    #[rstest]
    #[case::string(r#"{ a(b: "[[[[[[") }"#)]
    #[case::escaped(r#"{ a(b: "\"[[[[[[\\") }"#)]
    #[case::block(r#"{ a(b: """[[[[[[ \""" [[ " [[""") }"#)]
    #[case::empty(r#"{ a(b: "", c: "[[[[[[") }"#)]
    #[case::comment("{ a(b: 1) # [[[[[[ \" \n }")]
    fn brackets_in_strings_and_comments_do_not_nest(#[case] source: &str) {
        assert!(check(source, &limits(20, 2)).is_ok());
    }

    #[rstest]
    #[case::after_a_string(r#"{ a(b: "x", c: [[[1]]]) }"#)]
    #[case::after_a_comment("{ a # \"\n (b: [[[1]]]) }")]
    #[case::after_an_unclosed_string("{ a(b: \" \n [[[[")]
    fn brackets_elsewhere_do(#[case] source: &str) {
        assert!(check(source, &limits(100, 3)).is_err());
    }

    #[test]
    fn tokens_are_counted_as_the_specification_cuts_them() {
        let source = "query Q($a: Int = -1) { ...F, b(c: $a) @d }";
        assert!(check(source, &limits(22, 5)).is_err());
        assert!(check(source, &limits(23, 5)).is_ok());
    }
}
