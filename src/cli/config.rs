//! `recert config`: the settings as they stand.

use std::io::{self, Write as _};

use clap::Subcommand;
use serde_json::json;

use crate::cli::Failure;
use crate::cli::settings::SettingsArgs;
use crate::config::{self, Origin, Setting, Sources};

/// The flags of `recert config`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do with them.
    #[command(subcommand)]
    pub act: Act,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Act {
    /// Print every setting with its value and where that came from
    ///
    /// Secrets are hidden, and so are passwords and queries in addresses. Ends with 2 when a setting cannot be used.
    Show {
        /// Leave out what is at its default
        #[arg(long)]
        changed: bool,
        /// Print a JSON array of `key`, `value` and `origin`
        #[arg(long)]
        json: bool,
        /// Where the settings come from.
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// Prints the settings.
///
/// # Errors
/// [`Failure::Settings`], after printing, when some of them cannot be used.
pub fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let Act::Show { changed, json, settings } = &args.act;
    let (mut all, outcome) = config::explain(&settings.over(sources));
    if *changed {
        all.retain(|setting| setting.origin != Origin::Default);
    }
    print(&all, *json).map_err(Failure::Output)?;
    outcome?;
    Ok(())
}

fn print(settings: &[Setting], as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        let rows = settings
            .iter()
            .map(|setting| json!({ "key": setting.key, "value": setting.value, "origin": setting.origin.short() }));
        return writeln!(out, "{:#}", serde_json::Value::Array(rows.collect()));
    }
    let width = |text: fn(&Setting) -> &str| settings.iter().map(|setting| text(setting).chars().count()).max();
    let (keys, values) = (width(|s| &s.key).unwrap_or(0), width(|s| &s.value).unwrap_or(0).min(48));
    for Setting { key, value, origin } in settings {
        writeln!(out, "{key:keys$}  {value:values$}  {}", origin.short())?;
    }
    Ok(())
}
