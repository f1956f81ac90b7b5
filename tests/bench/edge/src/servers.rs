//! The servers: the whole gateway twice, and the library's handler on the first one's schema and database. Beside them,
//! where one is named, the gateway of another build in a process of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use async_graphql_axum::{GraphQLRequest, GraphQLResponse};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use recert::app::{App, Parts};
use recert::caller::{Caller, Scope, Standing};
use recert::clock::Clock;
use recert::config::{Agency, AuditReads, Config, Renewals};
use recert::county::{self, County};
use recert::graphql::{self, Schema};
use recert::http::token::{Claims, Token, Verifier};
use recert::ids::Ids;
use recert::kit::Kit;
use recert::seal::Sealer;
use recert::storage::Database;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::Result;

/// Cases in the county.
const CASES: u32 = 1_000;

/// One that is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// The process that answers.
    pub(crate) process: u32,
}

/// The gateway of another build. It ends with this.
pub(crate) struct Other {
    pub(crate) asked: Asked,
    _child: Child,
}

impl Other {
    pub(crate) async fn start(program: &str) -> Result<Self> {
        let mut command = Command::new(program);
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line).await?;
        let address = line.trim().parse().map_err(|_| format!("{program} serve does not say where it listens"))?;
        let asked = Asked { name: "edge, other", address, process: child.id().ok_or("it has ended")? };
        Ok(Self { asked, _child: child })
    }
}

/// A gateway for another process: says where it listens, and goes when its input ends.
pub(crate) async fn serve() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (app, _) = gateway(&folder.path().join("edge.sqlite"), AuditReads::Personal).await?;
    println!("{}", app.public_addr());
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await?;
    app.stop(std::time::Duration::ZERO).await;
    Ok(())
}

pub(crate) struct Servers {
    /// In the order in which they are compared: the first one is what the others are measured against.
    pub(crate) asked: [Asked; 3],
    /// It sees every case, and nothing that only some may see, so that `audit.reads = "personal"` records nothing.
    pub(crate) token: String,
    apps: [App; 2],
    _folder: tempfile::TempDir,
}

struct Stock {
    schema: Schema,
    kit: Arc<Kit>,
    verifier: Verifier,
}

impl Servers {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (edge, config) = gateway(&folder.path().join("edge.sqlite"), AuditReads::Personal).await?;
        let (audited, _) = gateway(&folder.path().join("audited.sqlite"), AuditReads::All).await?;
        let clock = edge.kit().clock.clone();
        let claims = Claims {
            subject: "cw-001".to_owned(),
            agency: county::SLUG.to_owned(),
            scopes: vec![Scope::CasesRead],
            name: None,
            token_id: None,
            issued_at: None,
            expires_at: clock.now() + chrono::TimeDelta::hours(1),
        };
        let token = Token::issue(&config.auth, &claims, clock.now())?.expose_secret().to_owned();
        let stock = Stock {
            schema: graphql::schema(),
            kit: Arc::new(edge.kit().clone()),
            verifier: Verifier::load(&config.auth, clock).await?,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let process = std::process::id();
        let asked = [
            Asked { name: "stock", address: listener.local_addr()?, process },
            Asked { name: "edge", address: edge.public_addr(), process },
            Asked { name: "edge, audit", address: audited.public_addr(), process },
        ];
        let router = Router::new().route("/graphql", post(answer)).with_state(Arc::new(stock));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { asked, token, apps: [edge, audited], _folder: folder })
    }

    pub(crate) async fn stop(self) {
        for app in self.apps {
            app.stop(std::time::Duration::ZERO).await;
        }
    }
}

/// A gateway over a county of its own.
async fn gateway(file: &Path, reads: AuditReads) -> Result<(App, Config)> {
    let mut config = Config::for_tests();
    config.database.url = SecretString::from(format!("sqlite://{}", file.display()));
    config.agencies =
        vec![Agency { slug: county::SLUG.to_owned(), name: county::NAME.to_owned(), ..config.agencies.remove(0) }];
    // Nobody listens there, and no question asks for it.
    config.truv.url = url::Url::parse("http://127.0.0.1:9/")?;
    config.audit.reads = reads;
    // Two servers and one token: what a subject may ask is not what is measured.
    config.graphql.requests_per_second = 1_000_000;
    let db = Database::connect(&config.database).await?;
    db.migrate().await?;
    let clock = Clock::system();
    let ids = Ids::new(clock.clone());
    let county = County { seed: 1, founded_at: clock.now(), size: CASES };
    let sealer = Sealer::new(&config.seal)?;
    county::store(&db, (&ids, &sealer), county, &Renewals::default(), |_| {}).await?;
    Ok((App::start(&config, Parts { clock, ids, db }).await?, config))
}

/// What the library's documentation shows, behind the same check of the token.
async fn answer(
    State(stock): State<Arc<Stock>>,
    headers: HeaderMap,
    request: GraphQLRequest,
) -> std::result::Result<GraphQLResponse, StatusCode> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let claims = stock.verifier.verify(bearer.ok_or(StatusCode::UNAUTHORIZED)?).await;
    let claims = claims.map_err(|_| StatusCode::UNAUTHORIZED)?;
    let (agency, _) = stock.kit.account_named(&claims.agency).ok_or(StatusCode::UNAUTHORIZED)?;
    let caller = Caller {
        agency,
        subject: claims.subject,
        display_name: claims.name,
        scopes: claims.scopes,
        caseworker: None,
        token_id: claims.token_id,
        expires_at: Some(claims.expires_at),
    };
    let view = graphql::request_data(&stock.kit, Standing::of(caller));
    Ok(stock.schema.execute(request.into_inner().data(view)).await.into())
}
