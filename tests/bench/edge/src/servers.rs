//! The servers: the whole gateway twice, and the library's handler on the first one's schema and database.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
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
use tokio::net::TcpListener;

use crate::Result;

/// Cases in the county.
const CASES: u32 = 1_000;

pub(crate) struct Servers {
    /// By name, in the order in which they are compared: the first one is what the others are measured against.
    pub(crate) addresses: [(&'static str, SocketAddr); 3],
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
        let addresses =
            [("stock", listener.local_addr()?), ("edge", edge.public_addr()), ("edge, audit", audited.public_addr())];
        let router = Router::new().route("/graphql", post(answer)).with_state(Arc::new(stock));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { addresses, token, apps: [edge, audited], _folder: folder })
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
