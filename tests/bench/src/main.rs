//! What does the edge cost? async-graphql's own handler for axum, and the gateway's edge, stand before the same schema, the
//! same database and the same check of the token, and are asked the same questions in turns.
//!
//! ```text
//! cargo run --release --manifest-path tests/bench/Cargo.toml            # ten rounds of three seconds for each question
//! cargo run --release --manifest-path tests/bench/Cargo.toml -- 4 1     # four rounds of one second
//! ```
//!
//! The machine is shared, so only ratios within one run count: of requests a second, and of the time that this process
//! had a core for each request, which hardly moves when others use the cores too. Whoever asks is a child process.

#![expect(clippy::print_stdout, reason = "the answer of the bench")]

mod load;
mod servers;

use std::error::Error;

use serde_json::{Value, json};

use crate::load::Round;
use crate::servers::Servers;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that ask at once.
const CONNECTIONS: usize = 8;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["load", address, token, seconds, body] => load::ask(address.parse()?, token, seconds.parse()?, body).await,
        ["load", ..] => Err("load ADDRESS TOKEN SECONDS BODY".into()),
        [rounds, seconds] => compare(rounds.parse()?, seconds.parse()?).await,
        _ => compare(10, 3).await,
    }
}

async fn compare(rounds: usize, seconds: u64) -> Result<()> {
    let servers = Servers::start().await?;
    println!("{rounds} rounds of {seconds} s for each question and handler, {CONNECTIONS} connections\n");
    println!("question     handler    req/s    us of a core/req    p50 us    p99 us");
    for (name, body) in questions(&servers).await? {
        let answers = [
            load::once(servers.stock, &servers.token, &body).await?,
            load::once(servers.ours, &servers.token, &body).await?,
        ];
        let [stock, ours] = answers.map(|answer| serde_json::from_str::<Value>(&answer));
        let (stock, ours) = (stock?, ours?);
        if stock["data"] != ours["data"] || ours["data"].is_null() {
            return Err(format!("{name}: the answers differ: {stock} and {ours}").into());
        }
        let (mut of_stock, mut of_ours) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            // Whoever comes first finds the caches as the other one left them.
            for turn in 0..2 {
                let (address, of) =
                    if (round + turn) % 2 == 0 { (servers.stock, &mut of_stock) } else { (servers.ours, &mut of_ours) };
                of.push(load::round(address, &servers.token, seconds, &body).await?);
            }
        }
        show(name, "stock", &of_stock);
        show(name, "ours", &of_ours);
        let ratio =
            |of: fn(&Round) -> f64| median(of_ours.iter().zip(&of_stock).map(|(ours, stock)| of(ours) / of(stock)));
        println!(
            "{name:<12} ratio    {:>7.3}    {:>16.3}\n",
            ratio(|round| round.per_second),
            ratio(|round| round.core_micros)
        );
    }
    servers.stop().await
}

/// The smallest question there is, one case, and the queue that every screen begins with.
async fn questions(servers: &Servers) -> Result<Vec<(&'static str, String)>> {
    let list = json!({ "query": "{ cases(first: 1) { nodes { number } } }" }).to_string();
    let list: Value = serde_json::from_str(&load::once(servers.ours, &servers.token, &list).await?)?;
    let number = list.pointer("/data/cases/nodes/0/number").ok_or("the county has no case")?;
    let operations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/operations");
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

fn show(name: &str, handler: &str, rounds: &[Round]) {
    println!(
        "{name:<12} {handler:<8} {:>7.0}    {:>16.1}    {:>6.0}    {:>6.0}",
        median(rounds.iter().map(|round| round.per_second)),
        median(rounds.iter().map(|round| round.core_micros)),
        median(rounds.iter().map(|round| round.p50_micros)),
        median(rounds.iter().map(|round| round.p99_micros)),
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.wrapping_sub(1)), at(middle)) }
}
