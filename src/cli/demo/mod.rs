//! `recert demo`: a whole county on this machine.
//!
//! Simulator and gateway share one clock, so that what is moved ahead on the control port is moved for both. Ports are
//! taken before anything is written, so that a second demonstration by mistake leaves the first one's data alone.

mod files;
mod ground;
mod ready;
mod tokens;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use self::files::DataDir;
use self::ready::Ready;
use crate::app::{self, App};
use crate::cli::Failure;
use crate::cli::logging;
use crate::cli::settings::secret;
use crate::cli::stop::Signals;
use crate::clock::Clock;
use crate::config::{
    self, Agency, Auth, Cap, Caps, Config, Environment, Graphql, Log, LogFormat, Prices, RefreshRules, Review, Sealing,
    Server, Spending, Truv,
};
use crate::county;
use crate::ids::Ids;
use crate::seal::Sealer;
use crate::simulator::{AccessKey, Options, Settings, Simulator};
use crate::truv::wire::webhooks::NewWebhook;

/// What the simulator knows the county by.
const CLIENT_ID: &str = "demo-client";

/// The flags of `recert demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The gateway's port; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,
    /// The simulator's port; its control port is the next one; 0 takes any two free ones
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    pub simulator_port: u16,
    /// Where the database and demo.json are kept
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data_dir: PathBuf,
    /// How many cases the county has
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub cases: u32,
    /// The same seed gives the same county
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Go on with the county of the last time instead of founding it anew
    ///
    /// Cases, decisions and events stay. The simulator keeps nothing when it stops and starts from the founding again: it
    /// knows the county's connections and earlier orders, but not the orders made since, so those that were still open
    /// will find no end. Asks for the seed and the number of cases of the last time.
    #[arg(long)]
    pub keep: bool,
    /// A database to use instead of SQLite in the data directory
    ///
    /// Its schema is brought up to date. Of the county of an earlier demonstration only that county's own rows are
    /// removed; a database that serves other agencies is refused unless --keep is given, which removes nothing.
    #[arg(long, value_name = "URL", value_parser = secret())]
    pub database_url: Option<SecretString>,
    /// What is logged to standard error, such as `info` or `recert::http=debug`
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    pub log: String,
}

/// Runs the demonstration until the process is told to stop.
///
/// # Errors
/// [`Failure`]: a port is taken, the data directory or the database cannot be used, or the county there is another one.
pub async fn run(args: &Args) -> Result<(), Failure> {
    logging::start(&Log { filter: args.log.clone(), format: LogFormat::Auto })?;
    let mut signals = Signals::listen()?;
    check_ports(args)?;
    let dir = DataDir::open(&args.data_dir)?;
    let access_secret = dir.access_secret();
    let clock = Clock::shifted();
    let simulator = start_simulator(args, clock.clone(), access_secret.clone()).await?;

    let ids = Ids::new(clock.clone());
    let config = settings(args, &dir, &simulator, access_secret.clone())?;
    let sealer = Sealer::new(&config.seal).map_err(|error| Failure::of(&error))?;
    let (db, county) = ground::prepare(args, &dir, &clock, (&ids, &sealer)).await?;
    simulator.seed(county::batch(&county)).map_err(|error| Failure::of(&error))?;
    let parts = app::Parts { clock: clock.clone(), ids, db };
    let app = App::start(&config, parts).await.map_err(|error| Failure::of(&error))?;
    register(&app).await?;

    let ready = Ready {
        gateway: app.public_addr(),
        admin: app.admin_addr(),
        simulator: simulator.api_addr(),
        control: simulator.control_addr(),
        access_secret,
        tokens: tokens::issue(&config.auth, &county, clock.now())?,
    };
    dir.write_ready(&ready)?;
    ready.print(&mut io::stdout(), &county, &dir).map_err(Failure::Output)?;

    signals.next().await;
    let orderly = async {
        // Nobody balances load in front of a demonstration.
        app.stop(Duration::ZERO).await;
        simulator.stop().await;
    };
    signals.end(orderly).await?;
    writeln!(io::stderr(), "Stopped. `--keep` goes on with this county; without it the next start founds it anew.")
        .map_err(Failure::Output)
}

/// Says at once which port is taken and which flag changes it, before anything is removed or stored.
fn check_ports(args: &Args) -> Result<(), Failure> {
    let control = match args.simulator_port {
        0 => 0,
        port => port.checked_add(1).ok_or_else(|| {
            Failure::Usage("--simulator-port must leave room for the control port, the next one".into())
        })?,
    };
    if args.port != 0 && (args.port == args.simulator_port || args.port == control) {
        let clash =
            format!("--port {} is one of the simulator's two ports, {} and {control}", args.port, args.simulator_port);
        return Err(Failure::Usage(clash));
    }
    let wanted = [
        (args.port, "the gateway", "--port"),
        (args.simulator_port, "the simulator's API", "--simulator-port"),
        (control, "the simulator's control port", "--simulator-port"),
    ];
    for (port, whose, flag) in wanted {
        if let Err(error) = TcpListener::bind(local(port)) {
            return Err(Failure::Failed(format!(
                "port {port} for {whose} cannot be used ({error}); choose another one with {flag}, or 0 for any"
            )));
        }
    }
    Ok(())
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

async fn start_simulator(args: &Args, clock: Clock, secret: SecretString) -> Result<Simulator, Failure> {
    let control = if args.simulator_port == 0 { 0 } else { args.simulator_port.saturating_add(1) };
    let options = Options {
        api_listen: local(args.simulator_port),
        control_listen: local(control),
        clock,
        seed: args.seed,
        // Quick enough for a thousand refreshes, slow enough that an eye can follow one. Truv's own limit of requests
        // would make the thousand a matter of ten minutes.
        settings: Settings {
            step_ms: 150,
            suborder_lag_ms: 300,
            report_delay_ms: 500,
            requests_per_minute: 0,
            client_name: county::NAME.to_owned(),
            ..Settings::default()
        },
        keys: vec![AccessKey { client_id: CLIENT_ID.to_owned(), secret }],
    };
    Simulator::start(options).await.map_err(|error| Failure::of(&error))
}

fn settings(args: &Args, dir: &DataDir, simulator: &Simulator, access_secret: SecretString) -> Result<Config, Failure> {
    let url = format!("http://{}/", simulator.api_addr());
    let url = url::Url::parse(&url).map_err(|error| Failure::of(&error))?;
    Ok(Config {
        server: Server { listen: local(args.port), admin_listen: local(0), portal: true, ..Server::default() },
        database: ground::section(args, dir),
        truv: Truv { url, requests_per_minute: 0, ..Truv::default() },
        agencies: vec![Agency {
            slug: county::SLUG.to_owned(),
            name: county::NAME.to_owned(),
            environment: Environment::Sandbox,
            client_id: CLIENT_ID.to_owned(),
            secrets: vec![access_secret],
            spending: spending(),
            refresh_rules: RefreshRules::default(),
            review: Review::default(),
            notices: None,
        }],
        auth: Auth {
            hmac_secret: Some(dir.token_secret()),
            // The demonstration's clock may be moved ahead by years.
            max_lifetime: Some(Duration::from_hours(24 * 3_660)),
            ..Auth::default()
        },
        seal: Sealing { keys: vec![dir.seal_key()] },
        graphql: Graphql { introspection: true, explorer: true, ..Graphql::default() },
        renewals: config::Renewals::default(),
        ..Config::default()
    })
}

/// Prices and a budget, so that plans and screens show what refreshes cost. The figures are made up: Truv's own depend on the
/// contract.
fn spending() -> Spending {
    let price_cents = Prices { income: Some(400), employment: Some(250), ..Prices::default() };
    let caps = Caps { snap: Cap { soft_cents: Some(25_000), hard_cents: None }, ..Caps::default() };
    Spending { price_cents, caps }
}

/// Tells the simulator where its events go, through Truv's own API.
async fn register(app: &App) -> Result<(), Failure> {
    let Some((_, account)) = app.kit().account_named(county::SLUG) else {
        return Err(Failure::Failed("the county has no account at the simulator".to_owned()));
    };
    let webhook = NewWebhook {
        name: "Recert demonstration".to_owned(),
        webhook_url: format!("http://{}/webhooks/truv/{}", app.public_addr(), county::SLUG),
        env_type: Environment::Sandbox.as_str().to_owned(),
        events: Vec::new(),
        enabled: true,
    };
    account.client.register_webhook(&webhook).await.map_err(|error| Failure::of(&error))?;
    Ok(())
}
