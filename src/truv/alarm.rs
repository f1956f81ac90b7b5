//! Words of Truv that are not known here: read as `UNKNOWN`, kept as they came, and never passed over in silence.

use metrics::counter;

/// Longest piece of a word that is logged.
const SHOWN: usize = 64;

/// Raises the alarm about a word. `kind` says what it names: a closed list, since it is a metric's label.
pub(crate) fn unknown_word(kind: &'static str, word: &str) {
    counter!("recert_upstream_unknown_words_total", "kind" => kind).increment(1);
    let word: String = word.chars().take(SHOWN).collect();
    tracing::warn!(kind, word, "Truv sent a word that is not known here; it reads as UNKNOWN");
}
