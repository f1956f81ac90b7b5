//! The Truv client against servers on loopback, and the vendor's shapes as its pages show them.

mod broken_wire;
mod calls;
mod refusals;
mod server;
mod shapes;
mod signature;
mod written_forms;

use std::time::Duration;

use recert::config;
use recert::truv::Client;
use secrecy::SecretString;
use url::Url;

const SECRET: &str = "sandbox-5f0e7c1d9b2a4e6f8a7b3c2d1e0f9a8b7c6d5e4f";

/// A client for a server at `url`, which waits long enough for a busy machine.
fn client(url: &str) -> Client {
    client_that_waits(url, Duration::from_secs(20))
}

fn client_that_waits(url: &str, timeout: Duration) -> Client {
    let section = config::Truv { url: Url::parse(url).unwrap(), timeout, ..config::Truv::default() };
    Client::try_new(&section, "client-1", &SecretString::from(SECRET)).unwrap()
}
