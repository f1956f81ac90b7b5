//! Settings for tests: one agency, free ports, a database in memory, tokens signed with a known secret.

use std::net::{Ipv4Addr, SocketAddr};

use secrecy::SecretString;

use super::{Agency, Auth, Config, Database, Environment, RefreshRules, Review, Server, Spending};

impl Config {
    /// Settings with which every part starts and nothing leaves the machine. Tests change what they are about.
    pub fn for_tests() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            server: Server { listen: any_port, admin_listen: any_port, ..Server::default() },
            database: Database { url: SecretString::from("sqlite::memory:"), ..Database::default() },
            agencies: vec![Agency {
                slug: "test-county".to_owned(),
                name: "Test County".to_owned(),
                environment: Environment::Sandbox,
                client_id: "test-client".to_owned(),
                secrets: vec![SecretString::from("sandbox-0000000000000000000000000000000000000001")],
                spending: Spending::default(),
                refresh_rules: RefreshRules::default(),
                review: Review::default(),
                notices: None,
            }],
            auth: Auth {
                hmac_secret: Some(SecretString::from("a secret for tests, longer than 32 bytes")),
                ..Auth::default()
            },
            ..Self::default()
        }
    }
}
