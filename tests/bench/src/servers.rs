//! The two servers: the whole gateway, and the library's handler on the gateway's own schema and database.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_graphql_axum::{GraphQLRequest, GraphQLResponse};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use recert::app::{App, Parts};
use recert::caller::{Caller, Scope};
use recert::clock::Clock;
use recert::config::{self, Agency, Auth, Config, Environment, Renewals, Server, Spending, Truv};
use recert::county::{self, County};
use recert::graphql::{self, Schema};
use recert::http::token::{Claims, Token, Verifier};
use recert::ids::Ids;
use recert::kit::Kit;
use recert::storage::Database;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;

use crate::Result;

/// Cases in the county.
const CASES: u32 = 1_000;

pub(crate) struct Servers {
    pub(crate) ours: SocketAddr,
    pub(crate) stock: SocketAddr,
    /// A caseworker's, with every scope.
    pub(crate) token: String,
    app: App,
    _folder: tempfile::TempDir,
}

struct Stock {
    schema: Schema,
    kit: Kit,
    verifier: Verifier,
}

impl Servers {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (clock, any_port) = (Clock::system(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let ids = Ids::new(clock.clone());
        let url = SecretString::from(format!("sqlite://{}", folder.path().join("bench.sqlite").display()));
        let config = Config {
            server: Server { listen: any_port, admin_listen: any_port, ..Server::default() },
            database: config::Database { url, ..config::Database::default() },
            // Nobody listens there, and no question asks for it.
            truv: Truv { url: url::Url::parse("http://127.0.0.1:9/")?, ..Truv::default() },
            agencies: vec![Agency {
                slug: county::SLUG.to_owned(),
                name: county::NAME.to_owned(),
                environment: Environment::Sandbox,
                client_id: "bench".to_owned(),
                secrets: vec![SecretString::from("sandbox-0000000000000000000000000000000000000001")],
                spending: Spending::default(),
            }],
            auth: Auth {
                hmac_secret: Some(SecretString::from("a secret for a bench, longer than 32 bytes")),
                ..Auth::default()
            },
            ..Config::default()
        };
        let db = Database::connect(&config.database).await?;
        db.migrate().await?;
        let county = County { seed: 1, founded_at: clock.now(), size: CASES };
        county::store(&db, &ids, county, &Renewals::default(), |_| {}).await?;
        let app = App::start(&config, Parts { clock: clock.clone(), ids, db }).await?;
        let claims = Claims {
            subject: "cw-001".to_owned(),
            agency: county::SLUG.to_owned(),
            scopes: Scope::ALL.to_vec(),
            name: None,
            token_id: None,
            expires_at: clock.now() + chrono::TimeDelta::hours(12),
        };
        let token = Token::issue(&config.auth, &claims, clock.now())?.expose_secret().to_owned();
        let stock = Stock {
            schema: graphql::schema(),
            kit: app.kit().clone(),
            verifier: Verifier::load(&config.auth, clock).await?,
        };
        let listener = TcpListener::bind(any_port).await?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/graphql", post(answer)).with_state(Arc::new(stock));
        #[expect(clippy::disallowed_methods, reason = "it ends with the process")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { ours: app.public_addr(), stock: address, token, app, _folder: folder })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.app.stop(std::time::Duration::ZERO).await;
        Ok(())
    }
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
        expires_at: Some(claims.expires_at),
    };
    let view = graphql::request_data(&stock.kit, recert::caller::Standing::of(caller));
    Ok(stock.schema.execute(request.into_inner().data(view)).await.into())
}
