//! What do the edge and the audit trail cost? async-graphql's own handler for axum, and the gateway's edge, stand before the
//! same schema, the same database and the same check of the token, and are asked the same questions in turns; so is a
//! gateway that records every read.
//!
//! ```text
//! cargo run --release --manifest-path tests/bench/edge/Cargo.toml           # ten rounds of three seconds for each question
//! cargo run --release --manifest-path tests/bench/edge/Cargo.toml -- 4 1    # four rounds of one second
//! ... -- 4 1 OTHER                                                           # with the edge of another build beside it
//! ```
//!
//! OTHER is this program built from another tree, so that before and after stand in one run (`policy.sh` does that).
//!
//! The machine is shared, so only ratios within one run count: of requests a second, and of the time that this process
//! had a core for each request, which hardly moves when others use the cores too. Whoever asks is a child process.

mod load;
mod servers;

use std::error::Error;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::load::Round;
use crate::servers::{Other, Servers};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that ask at once.
const CONNECTIONS: usize = 8;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["load", address, token, seconds, body] => load::ask(address.parse()?, token, seconds.parse()?, body).await,
        ["load", ..] => Err("load ADDRESS TOKEN SECONDS BODY".into()),
        ["serve"] => servers::serve().await,
        [] => compare(10, 3, None).await,
        [rounds, seconds] => compare(rounds.parse()?, seconds.parse()?, None).await,
        [rounds, seconds, other] => compare(rounds.parse()?, seconds.parse()?, Some(Other::start(other).await?)).await,
        _ => Err("ROUNDS SECONDS [OTHER]".into()),
    }
}

async fn compare(rounds: usize, seconds: u64, other: Option<Other>) -> Result<()> {
    let servers = Servers::start().await?;
    let mut asked = servers.asked.to_vec();
    asked.extend(other.as_ref().map(|other| other.asked));
    let first = asked[0].address;
    println!(
        "{rounds} rounds of {seconds} s for each question and server, {CONNECTIONS} connections; ratios are medians of rounds\n"
    );
    println!("question server          req/s   ratio   us of a core/req   ratio   p50 us   p99 us");
    for (name, body) in questions(first, &servers.token).await? {
        let mut lengths = Vec::new();
        for server in &asked {
            let answer: Value = serde_json::from_str(&load::once(server.address, &servers.token, &body).await?)?;
            if answer["data"].is_null() || answer["errors"].is_array() {
                return Err(format!("{name}: {} answers {answer}", server.name).into());
            }
            lengths.push(answer["data"].to_string().len());
        }
        // Two counties with the same people differ by their ids, which have one length.
        if lengths.iter().any(|length| *length != lengths[0]) {
            return Err(format!("{name}: the answers differ: {lengths:?} bytes of data").into());
        }
        let mut of: Vec<Vec<Round>> = asked.iter().map(|_| Vec::new()).collect();
        for round in 0..rounds {
            // Whoever comes first finds the caches as the other ones left them.
            for turn in 0..of.len() {
                let place = (round + turn) % of.len();
                of[place].push(load::round(asked[place], &servers.token, seconds, &body).await?);
            }
        }
        for (server, rounds) in asked.iter().zip(&of) {
            show(name, server.name, rounds, &of[0]);
        }
    }
    servers.stop().await;
    Ok(())
}

/// The smallest question there is, one case, and the queue that every screen begins with.
async fn questions(server: SocketAddr, token: &str) -> Result<Vec<(&'static str, String)>> {
    let list = json!({ "query": "{ cases(first: 1) { nodes { number } } }" }).to_string();
    let list: Value = serde_json::from_str(&load::once(server, token, &list).await?)?;
    let number = list.pointer("/data/cases/nodes/0/number").ok_or("the county has no case")?;
    let operations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../schema/operations");
    let (case, queue) = (
        std::fs::read_to_string(operations.join("Case.graphql"))?,
        std::fs::read_to_string(operations.join("Queue.graphql"))?,
    );
    Ok(vec![
        ("viewer", json!({ "query": "{ viewer { subject } }" }).to_string()),
        ("case", json!({ "query": case, "variables": { "by": { "number": number } } }).to_string()),
        ("queue", json!({ "query": queue, "variables": { "first": 20 } }).to_string()),
    ])
}

fn show(name: &str, server: &str, rounds: &[Round], first: &[Round]) {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let ratio = |figure: fn(&Round) -> f64| median(rounds.iter().zip(first).map(|(one, of)| figure(one) / figure(of)));
    println!(
        "{name:<8} {server:<12} {:>8.0} {:>7.3} {:>18.1} {:>7.3} {:>8.0} {:>8.0}",
        of(|round| round.per_second),
        ratio(|round| round.per_second),
        of(|round| round.core_micros),
        ratio(|round| round.core_micros),
        of(|round| round.p50_micros),
        of(|round| round.p99_micros),
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.wrapping_sub(1)), at(middle)) }
}
