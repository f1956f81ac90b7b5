//! `recert simulator`: Truv on loopback.

use secrecy::SecretString;
use url::Url;

use crate::cli::settings::secret;

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
    /// The client id that callers must send
    #[arg(long, value_name = "ID", default_value = "simulator-client")]
    pub client_id: String,
    /// The access secret that callers must send; its prefix names the environment
    #[arg(long, value_name = "SECRET", default_value = "sandbox-simulator-secret", value_parser = secret())]
    pub secret: SecretString,
    /// Register this address for deliveries at the start
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<Url>,
}
