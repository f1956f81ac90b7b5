//! `recert serve`: the gateway.

use std::io::{self, Write as _};
use std::time::Duration;

use crate::app::{self, App};
use crate::cli::Failure;
use crate::cli::logging;
use crate::cli::notify::Manager;
use crate::cli::settings::SettingsArgs;
use crate::cli::stop::{Asked, Signals};
use crate::clock::Clock;
use crate::config::{self, Config, Sources};
use crate::ids::Ids;
use crate::storage::{Database, Sole};

/// The flags of `recert serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Check all settings and exit
    #[arg(long)]
    pub check: bool,
    /// The public listener, such as 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The operators' listener, such as 127.0.0.1:8081
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<String>,
    /// Where Truv reaches this gateway from outside
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// A log filter, such as `info,recert::http=debug`
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// How log lines look: auto, text or json
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

impl Args {
    /// The settings with these flags on top.
    ///
    /// # Errors
    /// [`Failure::Settings`], all problems together.
    pub fn load(&self, sources: Sources) -> Result<Config, Failure> {
        let sources = self
            .settings
            .over(sources)
            .flag("server.listen", "--listen", self.listen.as_ref())
            .flag("server.admin_listen", "--admin-listen", self.admin_listen.as_ref())
            .flag("server.public_url", "--public-url", self.public_url.as_ref())
            .flag("log.filter", "--log", self.log.as_ref())
            .flag("log.format", "--log-format", self.log_format.as_ref());
        Ok(config::load(&sources)?)
    }
}

/// Serves until the process is told to stop.
///
/// # Errors
/// [`Failure`]: settings, database, keys or a port are not as they must be.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let manager = Manager::at(sources.service_manager());
    let config = args.load(sources)?;
    #[cfg(feature = "otel")]
    let traces = logging::start_with_traces(&config.log, &config.traces)?;
    #[cfg(not(feature = "otel"))]
    logging::start(&config.log)?;
    let failed = |error: &dyn std::error::Error| Failure::of(error);
    let clock = Clock::system();
    let _sole = Sole::take(&config.database).map_err(|error| failed(&error))?;
    let db = Database::connect(&config.database).await.map_err(|error| failed(&error))?;
    let parts = app::Parts { ids: Ids::new(clock.clone()), clock, db };
    let mut signals = Signals::listen()?;
    let app = App::start(&config, parts).await.map_err(|error| failed(&error))?;
    manager.ready();
    let asked = signals.next().await;
    manager.stopping();
    let orderly = async {
        match asked {
            Asked::AtOnce => app.stop(Duration::ZERO).await,
            Asked::AtLeisure => app.drain().await,
        }
        #[cfg(feature = "otel")]
        if let Some(traces) = traces {
            traces.end().await;
        }
    };
    signals.end(orderly).await
}

/// `--check`: says whether the settings are usable, and touches neither database nor network.
///
/// # Errors
/// [`Failure::Settings`], all problems together.
pub fn check(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = args.load(sources)?;
    let agencies: Vec<&str> = config.agencies.iter().map(|agency| agency.slug.as_str()).collect();
    writeln!(io::stdout(), "The settings are usable. Agencies: {}.", agencies.join(", ")).map_err(Failure::Output)
}
