//! Log lines, as they reach the terminal.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use recert::cli::logging::subscriber;
use recert::config::{Log, LogFormat};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the log says when `act` runs.
fn logged(format: LogFormat, terminal: bool, act: impl FnOnce()) -> String {
    let kept = Kept::default();
    let writer = kept.clone();
    let log = Log { filter: "info".to_owned(), format };
    tracing::subscriber::with_default(subscriber(&log, terminal, move || writer.clone()), act);
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn lines_are_text_on_a_terminal_and_json_elsewhere() {
    let act = || tracing::info!(order.id = "o-1", "The order was sent.");
    assert!(logged(LogFormat::Auto, true, act).contains("The order was sent. order.id=\"o-1\""));
    let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Auto, false, act)).unwrap();
    assert_eq!((&line["message"], &line["order.id"]), (&"The order was sent.".into(), &"o-1".into()));
    assert_eq!(logged(LogFormat::Json, true, act).chars().next(), Some('{'));
}

#[test]
fn a_line_carries_the_id_of_the_request_that_it_belongs_to() {
    let act = || tracing::info_span!("request", request.id = "r-1").in_scope(|| tracing::warn!("It is slow."));
    let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json, false, act)).unwrap();
    assert_eq!((&line["message"], &line["span"]["request.id"]), (&"It is slow.".into(), &"r-1".into()), "{line}");
    assert!(logged(LogFormat::Text, true, act).contains("request.id=\"r-1\""));
}

#[test]
fn nothing_that_is_quoted_can_break_the_line_or_move_the_cursor() {
    let evil = "a\nb\r\u{1b}[2J\u{9b}31m\u{7f}";
    for format in [LogFormat::Text, LogFormat::Json] {
        let line = logged(format, true, || tracing::info!(field = %evil, "{evil}"));
        assert_eq!(line.matches(char::is_control).count(), 1, "{line:?}");
        assert!(line.ends_with('\n'), "{line:?}");
    }
}

#[test]
fn the_filter_decides_what_is_written() {
    assert_eq!(logged(LogFormat::Text, true, || tracing::debug!("detail")), "");
}
