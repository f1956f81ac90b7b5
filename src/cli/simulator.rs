//! `recert simulator`: Truv on loopback.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use secrecy::SecretString;
use url::Url;

use crate::cli::Failure;
use crate::cli::logging;
use crate::cli::settings::secret;
use crate::cli::stop::Signals;
use crate::clock::Clock;
use crate::config::{Log, LogFormat};
use crate::county::{self, County};
use crate::simulator::{AccessKey, Options, SeedBatch, SeedWebhook, Simulator, StartError};

/// The flags of `recert simulator`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The API's port; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    pub port: u16,
    /// The control port; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8091)]
    pub control_port: u16,
    /// The same seed gives the same people, ids and faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Put a made-up county of that many people in, as the demonstration has them
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub cases: u32,
    /// The client id that callers must send
    #[arg(long, value_name = "ID", default_value = "simulator-client")]
    pub client_id: String,
    /// The access secret that callers must send; its prefix names the environment
    #[arg(long, value_name = "SECRET", default_value = "sandbox-simulator-secret", value_parser = secret())]
    pub secret: SecretString,
    /// Register this address for deliveries at the start
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<Url>,
    /// What is logged to standard error
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    pub log: String,
}

/// Serves until the process is told to stop. Its clock can be moved ahead on the control port.
///
/// # Errors
/// [`Failure`]: a port is taken, the secret names no environment, or the webhook's address is not on this machine.
pub async fn run(args: &Args) -> Result<(), Failure> {
    logging::start(&Log { filter: args.log.clone(), format: LogFormat::Auto })?;
    let mut signals = Signals::listen()?;
    let local = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let clock = Clock::shifted();
    let options = Options {
        api_listen: local(args.port),
        control_listen: local(args.control_port),
        clock: clock.clone(),
        seed: args.seed,
        ..Options::new(vec![AccessKey { client_id: args.client_id.clone(), secret: args.secret.clone() }])
    };
    let simulator = Simulator::start(options).await.map_err(|error| match error {
        StartError::NoKeys | StartError::Environment { .. } | StartError::Settings(_) => {
            Failure::Usage(error.to_string())
        }
        StartError::Listen { .. } => {
            Failure::Failed(format!("{}; choose another one with --port or --control-port", Failure::of(&error)))
        }
        StartError::NotLoopback(_) | StartError::Client(_) => Failure::of(&error),
    })?;
    let county = County { seed: args.seed, founded_at: clock.now(), size: args.cases };
    let webhook =
        |url: &Url| SeedWebhook { name: "Command line".to_owned(), webhook_url: url.to_string(), events: Vec::new() };
    let webhooks = args.webhook_url.iter().map(webhook).collect();
    let seeded = simulator.seed(SeedBatch { webhooks, ..county::batch(&county) });
    let seeded = seeded.map_err(|error| Failure::Usage(error.to_string()))?;
    let mut out = io::stdout();
    writeln!(
        out,
        "The Truv simulator is ready, with {} people.\n\n  API      http://{}\n  Control  http://{}\n\n\
         Send X-Access-Client-Id: {} and the access secret. Stop with Ctrl-C.",
        seeded.people.len(),
        simulator.api_addr(),
        simulator.control_addr(),
        args.client_id
    )
    .map_err(Failure::Output)?;
    signals.next().await;
    signals.end(simulator.stop()).await
}
