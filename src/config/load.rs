//! Reads every section, then checks what only several settings together can get wrong.
//!
//! The crate `config` reads the TOML; the merging is done by `reader` instead of its builder, because that keeps only the
//! winning value's file, stops at the first error, and answers with the offending value, which may be a secret.

use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use super::agencies::agencies;
use super::issuers::{algorithms, issuers};
use super::problems::Problems;
use super::production;
use super::reader::{Read, Reader};
use super::renewals;
use super::retention::retention;
use super::sealing::sealing;
use super::shown::Setting;
use super::sources::{Origin, Sources};
use super::values::{self, count, days, millis, seconds, seconds_or_none, switch};
use super::{
    Audit, AuditReads, Auth, Config, Database, DocumentLimits, DocumentsMode, Graphql, Log, Server, Socket, Traces,
    Truv, Webhooks, Work,
};

/// The settings of one start: defaults, then the file, then variables (`RECERT_…` before the vendor's names), then flags.
///
/// # Errors
/// [`Problems`], all of them together: values that do not parse or do not fit together, names that do not exist, and
/// a named file that cannot be read.
pub fn load(sources: &Sources) -> Result<Config, Problems> {
    explain(sources).1
}

/// The same, with every setting as it stands and where its value came from, whether or not there are problems.
pub fn explain(sources: &Sources) -> (Vec<Setting>, Result<Config, Problems>) {
    let mut reader = Reader::new(sources);
    let config = read(&mut reader);
    (reader.settings(), reader.finish().map(|()| config))
}

/// Database and log alone, for commands that need no more: what is wrong with the other sections is left to those who use
/// them. Names that exist nowhere are reported all the same, since one of them may have been meant for the database.
///
/// # Errors
/// [`Problems`], as [`load`].
pub fn load_database(sources: &Sources) -> Result<(Database, Log), Problems> {
    const OTHERS: [&str; 11] =
        ["server", "truv", "agencies", "auth", "seal", "audit", "graphql", "webhooks", "work", "renewals", "retention"];
    let mut reader = Reader::new(sources);
    let config = read(&mut reader);
    let Problems(mut problems) = reader.finish().err().unwrap_or(Problems(Vec::new()));
    problems.retain(|problem| !OTHERS.contains(&problem.setting.split(['.', '[']).next().unwrap_or_default()));
    if problems.is_empty() { Ok((config.database, config.log)) } else { Err(Problems(problems)) }
}

fn read(reader: &mut Reader<'_>) -> Config {
    let renewals = renewals::read(reader);
    let (server, database, truv) = (server(reader), database(reader), truv(reader));
    let agencies = agencies(reader, &renewals.review);
    let (auth, seal, graphql) = (auth(reader), sealing(reader, &agencies), graphql(reader));
    production::check(reader, &agencies, &truv, &auth, &graphql);
    Config {
        server,
        database,
        truv,
        auth,
        seal,
        audit: Audit {
            reads: reader.open("audit.reads", &["RECERT_AUDIT_READS"], values::audit_reads).or(AuditReads::All),
        },
        agencies,
        graphql,
        webhooks: webhooks(reader),
        work: work(reader),
        renewals,
        retention: retention(reader),
        log: log(reader),
        traces: traces(reader),
    }
}

/// The origin of the first of two settings that somebody set.
fn set_by<T>(reads: [&Read<T>; 2]) -> Origin {
    let given = reads.into_iter().find_map(|read| match read {
        Read::Given(_, origin) => Some(origin.clone()),
        Read::Absent(_) | Read::Refused => None,
    });
    given.unwrap_or(Origin::Default)
}

fn server(r: &mut Reader<'_>) -> Server {
    let default = Server::default();
    let listen = r.open("server.listen", &["RECERT_LISTEN"], values::address);
    let admin_listen = r.open("server.admin_listen", &["RECERT_ADMIN_LISTEN"], values::address);
    let origin = set_by([&admin_listen, &listen]);
    let (listen, admin_listen) = (listen.or(default.listen), admin_listen.or(default.admin_listen));
    if listen == admin_listen && listen.port() != 0 {
        r.report("server.admin_listen", origin, "is the same address as server.listen", "use another port");
    }
    let spread = r.open("server.drain_spread", &["RECERT_DRAIN_SPREAD"], seconds_or_none);
    let timeout = r.open("server.drain_timeout", &["RECERT_DRAIN_TIMEOUT"], seconds);
    let origin = set_by([&spread, &timeout]);
    let (drain_spread, drain_timeout) = (spread.or(default.drain_spread), timeout.or(default.drain_timeout));
    if drain_spread > drain_timeout {
        let what = "is longer than server.drain_timeout, so that the last streams would be broken off";
        r.report("server.drain_spread", origin, what, "make it shorter than the time-out");
    }
    Server {
        listen,
        admin_listen,
        public_url: r.address("server.public_url", &["RECERT_PUBLIC_URL"], values::web_address).ok(),
        header_timeout: r.open("server.header_timeout", &["RECERT_HEADER_TIMEOUT"], seconds).or(default.header_timeout),
        body_timeout: r.open("server.body_timeout", &["RECERT_BODY_TIMEOUT"], seconds).or(default.body_timeout),
        max_connections: r
            .open("server.max_connections", &["RECERT_MAX_CONNECTIONS"], count)
            .or(default.max_connections),
        cors_origins: r.open("server.cors_origins", &["RECERT_CORS_ORIGINS"], values::origins).or(default.cors_origins),
        portal: r.open("server.portal", &["RECERT_PORTAL"], switch).or(default.portal),
        drain_notice: r.open("server.drain_notice", &["RECERT_DRAIN_NOTICE"], seconds_or_none).or(default.drain_notice),
        drain_spread,
        drain_timeout,
    }
}

fn database(r: &mut Reader<'_>) -> Database {
    let default = Database::default();
    let url = r.address("database.url", &["RECERT_DATABASE_URL"], values::database).or(default.url);
    let row_security = r.open("database.row_security", &["RECERT_DATABASE_ROW_SECURITY"], switch);
    if let Read::Given(true, origin) = &row_security
        && url.expose_secret().starts_with("sqlite:")
    {
        let cure = "name a PostgreSQL database in database.url, or leave it off";
        r.report("database.row_security", origin.clone(), "is on, and SQLite has no row-level security", cure);
    }
    Database {
        url,
        connections: r.open("database.connections", &["RECERT_DATABASE_CONNECTIONS"], count).or(default.connections),
        busy_timeout: r
            .open("database.busy_timeout", &["RECERT_DATABASE_BUSY_TIMEOUT"], seconds)
            .or(default.busy_timeout),
        transaction_timeout: r
            .open("database.transaction_timeout", &["RECERT_DATABASE_TRANSACTION_TIMEOUT"], seconds)
            .or(default.transaction_timeout),
        row_security: row_security.or(default.row_security),
    }
}

fn truv(r: &mut Reader<'_>) -> Truv {
    let default = Truv::default();
    Truv {
        url: r.address("truv.url", &["RECERT_TRUV_URL", "TRUV_API_URL"], values::upstream).or(default.url),
        connect_timeout: r
            .open("truv.connect_timeout", &["RECERT_TRUV_CONNECT_TIMEOUT"], seconds)
            .or(default.connect_timeout),
        timeout: r.open("truv.timeout", &["RECERT_TRUV_TIMEOUT"], seconds).or(default.timeout),
        requests_per_minute: r
            .open("truv.requests_per_minute", &["RECERT_TRUV_REQUESTS_PER_MINUTE"], count)
            .or(default.requests_per_minute),
    }
}

fn auth(r: &mut Reader<'_>) -> Auth {
    let default = Auth::default();
    let jwks = r.address("auth.jwks", &["RECERT_AUTH_JWKS"], values::key_set);
    let hmac_secret = r.hidden("auth.hmac_secret", &["RECERT_AUTH_HMAC_SECRET"], values::hmac_secret);
    match (&jwks, &hmac_secret) {
        (Read::Absent(_), Read::Absent(_)) => {
            let cure = "set RECERT_AUTH_JWKS to your issuer's key set; for development set RECERT_AUTH_HMAC_SECRET to \
                        the output of: openssl rand -hex 32";
            r.report("auth", Origin::Default, "no key is set, so no token could be checked", cure);
        }
        (Read::Given(_, jwks), Read::Given(_, origin)) => {
            let what =
                format!("stands beside auth.jwks (from {jwks}), so that anyone who knows it could sign for the issuer");
            r.report(
                "auth.hmac_secret",
                origin.clone(),
                what,
                "keep one of the two; a real issuer needs auth.jwks alone",
            );
        }
        _ => {}
    }
    let issuer = r.open("auth.issuer", &["RECERT_AUTH_ISSUER"], values::line).or(default.issuer);
    let audience = r.open("auth.audience", &["RECERT_AUTH_AUDIENCE"], values::line).or(default.audience);
    Auth {
        issuers: issuers(r, &issuer, &audience, matches!(hmac_secret, Read::Given(..))),
        algorithms: r.open("auth.algorithms", &["RECERT_AUTH_ALGORITHMS"], algorithms).or(default.algorithms),
        max_lifetime: r.open("auth.max_lifetime", &["RECERT_AUTH_MAX_LIFETIME"], seconds).ok(),
        issuer,
        audience,
        jwks: jwks.ok(),
        hmac_secret: hmac_secret.ok(),
        typ: r.open("auth.typ", &["RECERT_AUTH_TYP"], values::line).ok(),
        leeway: r.open("auth.leeway", &["RECERT_AUTH_LEEWAY"], seconds_or_none).or(default.leeway),
        expiry_notice: r
            .open("auth.expiry_notice", &["RECERT_AUTH_EXPIRY_NOTICE"], seconds_or_none)
            .or(default.expiry_notice),
    }
}

fn graphql(r: &mut Reader<'_>) -> Graphql {
    let default = Graphql::default();
    let documents = r.open("graphql.documents", &["RECERT_GRAPHQL_DOCUMENTS"], values::line).ok().map(PathBuf::from);
    let documents_mode = r.open("graphql.documents_mode", &["RECERT_GRAPHQL_DOCUMENTS_MODE"], values::documents_mode);
    if let Read::Given(DocumentsMode::Prefer | DocumentsMode::Only, origin) = &documents_mode
        && documents.is_none()
    {
        let what = "asks for registered documents, and there are none";
        let cure = "name them with graphql.documents (RECERT_GRAPHQL_DOCUMENTS), or write open";
        r.report("graphql.documents_mode", origin.clone(), what, cure);
    }
    Graphql {
        get: r.open("graphql.get", &["RECERT_GRAPHQL_GET"], switch).or(default.get),
        introspection: r.open("graphql.introspection", &["RECERT_INTROSPECTION"], switch).or(default.introspection),
        explorer: r.open("graphql.explorer", &["RECERT_EXPLORER"], switch).or(default.explorer),
        federation: r.open("graphql.federation", &["RECERT_FEDERATION"], switch).or(default.federation),
        max_body_bytes: r
            .open("graphql.max_body_bytes", &["RECERT_GRAPHQL_MAX_BODY_BYTES"], count)
            .or(default.max_body_bytes),
        timeout: r.open("graphql.timeout", &["RECERT_GRAPHQL_TIMEOUT"], seconds).or(default.timeout),
        heartbeat: r.open("graphql.heartbeat", &["RECERT_GRAPHQL_HEARTBEAT"], seconds).or(default.heartbeat),
        max_per_subject: r
            .open("graphql.max_per_subject", &["RECERT_GRAPHQL_MAX_PER_SUBJECT"], count)
            .or(default.max_per_subject),
        max_per_agency: r
            .open("graphql.max_per_agency", &["RECERT_GRAPHQL_MAX_PER_AGENCY"], count)
            .or(default.max_per_agency),
        requests_per_second: r
            .open("graphql.requests_per_second", &["RECERT_GRAPHQL_REQUESTS_PER_SECOND"], count)
            .or(default.requests_per_second),
        persisted: r.open("graphql.persisted", &["RECERT_GRAPHQL_PERSISTED"], count).or(default.persisted),
        documents,
        documents_mode: documents_mode.or(default.documents_mode),
        limits: document_limits(r),
        socket: socket(r),
    }
}

fn document_limits(r: &mut Reader<'_>) -> DocumentLimits {
    let default = DocumentLimits::default();
    DocumentLimits {
        bytes: r.open("graphql.limits.bytes", &[], count).or(default.bytes),
        tokens: r.open("graphql.limits.tokens", &[], count).or(default.tokens),
        nesting: r.open("graphql.limits.nesting", &[], count).or(default.nesting),
        depth: r.open("graphql.limits.depth", &[], count).or(default.depth),
        fields: r.open("graphql.limits.fields", &[], count).or(default.fields),
        aliases: r.open("graphql.limits.aliases", &[], count).or(default.aliases),
        directives: r.open("graphql.limits.directives", &[], count).or(default.directives),
        operations: r.open("graphql.limits.operations", &[], count).or(default.operations),
        fragments: r.open("graphql.limits.fragments", &[], count).or(default.fragments),
        mutation_fields: r.open("graphql.limits.mutation_fields", &[], count).or(default.mutation_fields),
        complexity: r.open("graphql.limits.complexity", &[], count).or(default.complexity),
    }
}

fn socket(r: &mut Reader<'_>) -> Socket {
    let default = Socket::default();
    let ping = r.open("graphql.socket.ping_interval", &[], seconds);
    let idle = r.open("graphql.socket.idle_timeout", &[], seconds);
    let origin = set_by([&ping, &idle]);
    let (ping_interval, idle_timeout) = (ping.or(default.ping_interval), idle.or(default.idle_timeout));
    if ping_interval >= idle_timeout {
        let what = "is not shorter than graphql.socket.idle_timeout, so that every quiet socket would be dropped";
        r.report("graphql.socket.ping_interval", origin, what, "make it less than half of the idle time-out");
    }
    Socket {
        init_timeout: r.open("graphql.socket.init_timeout", &[], seconds).or(default.init_timeout),
        ping_interval,
        idle_timeout,
        write_timeout: r.open("graphql.socket.write_timeout", &[], seconds).or(default.write_timeout),
        max_operations: r.open("graphql.socket.max_operations", &[], count).or(default.max_operations),
        max_per_subject: r.open("graphql.socket.max_per_subject", &[], count).or(default.max_per_subject),
        max_message_bytes: r.open("graphql.socket.max_message_bytes", &[], count).or(default.max_message_bytes),
        queue: r.open("graphql.socket.queue", &[], count).or(default.queue),
        queue_bytes: r.open("graphql.socket.queue_bytes", &[], count).or(default.queue_bytes),
        max_sockets: r.open("graphql.socket.max_sockets", &[], count).or(default.max_sockets),
        messages_per_second: r.open("graphql.socket.messages_per_second", &[], count).or(default.messages_per_second),
    }
}

fn webhooks(r: &mut Reader<'_>) -> Webhooks {
    let default = Webhooks::default();
    Webhooks {
        max_body_bytes: r
            .open("webhooks.max_body_bytes", &["RECERT_WEBHOOK_MAX_BODY_BYTES"], count)
            .or(default.max_body_bytes),
        park: r.open("webhooks.park", &["RECERT_WEBHOOK_PARK"], seconds).or(default.park),
        history_interval: r
            .open("webhooks.history_interval", &["RECERT_WEBHOOK_HISTORY_INTERVAL"], seconds)
            .or(default.history_interval),
        switch_on: r.open("webhooks.switch_on", &["RECERT_WEBHOOK_SWITCH_ON"], switch).or(default.switch_on),
    }
}

fn work(r: &mut Reader<'_>) -> Work {
    let default = Work::default();
    Work {
        workers: r.open("work.workers", &["RECERT_WORKERS"], count).or(default.workers),
        poll_interval: r.open("work.poll_interval", &["RECERT_POLL_INTERVAL"], millis).or(default.poll_interval),
        lease: r.open("work.lease", &["RECERT_JOB_LEASE"], seconds).or(default.lease),
        stalled_after: r.open("work.stalled_after", &["RECERT_STALLED_AFTER"], seconds).or(default.stalled_after),
        settle_delay: r.open("work.settle_delay", &["RECERT_SETTLE_DELAY"], seconds).or(default.settle_delay),
        event_retention: r
            .open("work.event_retention", &["RECERT_EVENT_RETENTION_DAYS"], days)
            .or(default.event_retention),
        idempotency_retention: r
            .open("work.idempotency_retention", &["RECERT_IDEMPOTENCY_RETENTION_DAYS"], days)
            .or(default.idempotency_retention),
        held_alarm: r.open("work.held_alarm", &["RECERT_HELD_ALARM"], seconds).or(default.held_alarm),
        wake: r.address("work.wake", &["RECERT_WAKE"], values::wake).or(default.wake),
    }
}

fn traces(r: &mut Reader<'_>) -> Traces {
    let default = Traces::default();
    Traces {
        endpoint: r.address("traces.endpoint", &["RECERT_TRACES_ENDPOINT"], values::collector).ok(),
        percent: r.open("traces.percent", &["RECERT_TRACES_PERCENT"], values::percent).or(default.percent),
    }
}

fn log(r: &mut Reader<'_>) -> Log {
    let default = Log::default();
    Log {
        filter: r.open("log.filter", &["RECERT_LOG"], values::log_filter).or(default.filter),
        format: r.open("log.format", &["RECERT_LOG_FORMAT"], values::log_format).or(default.format),
    }
}
