//! The flags that every command with settings has.

use std::path::PathBuf;

use clap::builder::{StringValueParser, TypedValueParser};
use secrecy::{ExposeSecret, SecretString};

use crate::cli::Failure;
use crate::config::{Agency, Sources};

/// Where the settings come from, beside the `RECERT_…` variables.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// The settings file; recert.toml is read when it is there and this flag is not
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The database, `sqlite://PATH` or `postgres://…`; an address with a password belongs into the variable
    /// `RECERT_DATABASE_URL`, since others on the machine can see flags
    #[arg(long, value_name = "URL", value_parser = secret())]
    pub database_url: Option<SecretString>,
}

impl SettingsArgs {
    /// The process's sources with these flags on top.
    pub fn over(&self, sources: Sources) -> Sources {
        let database_url = self.database_url.as_ref().map(ExposeSecret::expose_secret);
        sources.file(self.config.as_deref()).flag("database.url", "--database-url", database_url)
    }
}

/// The only agency, or the one that `--agency` names.
pub(super) fn tenant<'a>(agencies: &'a [Agency], named: Option<&str>) -> Result<&'a Agency, Failure> {
    let slugs = || agencies.iter().map(|agency| agency.slug.as_str()).collect::<Vec<_>>().join(", ");
    match (named, agencies) {
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::Usage(format!("say which --agency the token is for: {}", slugs()))),
        (Some(named), _) => agencies
            .iter()
            .find(|agency| agency.slug == named)
            .ok_or_else(|| Failure::Usage(format!("--agency {named:?} is not configured; there are: {}", slugs()))),
    }
}

/// Keeps a flag's value out of every `Debug`.
pub(super) fn secret() -> impl TypedValueParser<Value = SecretString> {
    StringValueParser::new().map(SecretString::from)
}
