//! Words of Truv that are not known here: read as `UNKNOWN`, kept as they came, and never passed over in silence.

use metrics::counter;

/// Longest word that is logged.
const SHOWN: usize = 64;
/// Digits of a word that is logged: the `2` of a new edition, and no number that may be somebody's.
const DIGITS: usize = 2;

/// Raises the alarm about a word. `kind` says what it names: a closed list, since it is a metric's label.
pub(crate) fn unknown_word(kind: &'static str, word: &str) {
    counter!("recert_upstream_unknown_words_total", "kind" => kind).increment(1);
    let word = if is_plain(word) { word } else { "not shown, since it may be more than a word" };
    tracing::warn!(kind, word, "Truv sent a word that is not known here; it reads as UNKNOWN");
}

/// Whether it is the name of something, as Truv writes names, and cannot be anybody's data.
fn is_plain(word: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    word.len() <= SHOWN && word.chars().all(is_letter) && word.chars().filter(char::is_ascii_digit).count() <= DIGITS
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_name_is_shown_and_what_may_be_data_is_not() {
        for name in ["order-status-updated", "mfa_error", "VOE.v2"] {
            assert!(is_plain(name), "{name}");
        }
        for other in ["900-55-0142", "rosa@example.test", "Rosa Ortiz", "+15550142", &"a".repeat(65)] {
            assert!(!is_plain(other), "{other}");
        }
    }
}
