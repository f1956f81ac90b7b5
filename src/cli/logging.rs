//! Log lines: text on a terminal, JSON elsewhere, always to standard error.
//!
//! Whatever a line quotes, it stays one line and cannot move a terminal's cursor: control characters are escaped when the
//! line is written, so there is no colour either.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::cli::Failure;
use crate::config::{Log, LogFormat};

/// Sends the log to standard error from now on. Called once, by the commands that run for long.
///
/// # Errors
/// [`Failure::Failed`] when the log has been set up before.
pub fn start(log: &Log) -> Result<(), Failure> {
    let subscriber = subscriber(log, io::stderr().is_terminal(), io::stderr);
    tracing::subscriber::set_global_default(subscriber).map_err(|error| Failure::Failed(error.to_string()))
}

/// The subscriber behind [`start`], for any writer.
pub fn subscriber<W>(log: &Log, terminal: bool, writer: W) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse_lossy(&log.filter);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(OneLine(writer));
    match log.format {
        LogFormat::Auto if terminal => Box::new(lines.finish()),
        LogFormat::Text => Box::new(lines.finish()),
        LogFormat::Auto | LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    }
}

/// Escapes control characters. The formatter hands over one whole line at a time.
struct OneLine<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for OneLine<W> {
    type Writer = OneLine<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLine(self.0.make_writer())
    }
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(escape(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// `\u00XX` reads well in text and means the same inside a JSON string.
fn escape(line: &str) -> String {
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    let mut escaped = String::with_capacity(line.len());
    for letter in body.chars() {
        if letter.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
        } else {
            escaped.push(letter);
        }
    }
    escaped + end
}
