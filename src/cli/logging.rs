//! Log lines: text on a terminal, JSON elsewhere, always to standard error. Traces: to a collector, where one is set.
//!
//! Whatever a line quotes, it stays one line and cannot move a terminal's cursor: control characters are escaped when the
//! line is written, so there is no colour either.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::cli::Failure;
#[cfg(feature = "otel")]
use crate::config::Traces;
use crate::config::{Log, LogFormat};
#[cfg(feature = "otel")]
use crate::telemetry::Exporter;
use crate::telemetry::TRACE;

/// Sends the log to standard error from now on. Called once, by the commands that run for long.
///
/// # Errors
/// [`Failure::Failed`] when the log has been set up before.
pub fn start(log: &Log) -> Result<(), Failure> {
    listen(subscriber(log, io::stderr().is_terminal(), io::stderr))
}

/// The same, and sends traces to the collector that the settings name, if they name one.
///
/// # Errors
/// [`Failure::Failed`] when the log has been set up before, or the exporter cannot be built.
#[cfg(feature = "otel")]
pub fn start_with_traces(log: &Log, traces: &Traces) -> Result<Option<Exporter>, Failure> {
    let Some(endpoint) = &traces.endpoint else { return start(log).map(|()| None) };
    let exporter = Exporter::new(endpoint, traces.share()).map_err(|error| Failure::of(&error))?;
    let lines = lines(log, io::stderr().is_terminal(), io::stderr);
    listen(Registry::default().with(lines).with(exporter.layer()))?;
    Ok(Some(exporter))
}

fn listen(subscriber: impl tracing::Subscriber + Send + Sync) -> Result<(), Failure> {
    tracing::subscriber::set_global_default(subscriber).map_err(|error| Failure::Failed(error.to_string()))
}

/// The subscriber behind [`start`], for any writer.
pub fn subscriber<W>(log: &Log, terminal: bool, writer: W) -> impl tracing::Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    Registry::default().with(lines(log, terminal, writer))
}

fn lines<W>(log: &Log, terminal: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // What is for traces alone would only make the lines longer.
    let filter = EnvFilter::builder().parse_lossy(&log.filter).and(filter_fn(|metadata| metadata.target() != TRACE));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(OneLine(writer));
    match log.format {
        LogFormat::Auto if terminal => lines.with_filter(filter).boxed(),
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Auto | LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
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
