//! Subscribers by the thousand on one gateway: what each costs, and how long an event takes to all whom it concerns.
//!
//! ```text
//! fanout raw   PORT                                     the limit: a server that builds a frame once and writes it to all
//! fanout drive KEY=VALUE …                              subscribers and events, and the figures
//! ```
//!
//! Keys of `drive`: `label`, `target` (`recert`, or `push` for a server that takes the event as a POST to `inject`),
//! `address` (host and port of the WebSocket), `inject` (of the POST, for `push`), `token`, `pid` (of the server, for memory
//! and CPU), `subscribers`, `topics` (0: everybody wants everything; else each subscriber follows one of so many cases),
//! `rate` (events a second), `seconds`, `settle` (seconds of silence between the last subscriber and the first event).

mod drive;
mod http;
mod process;
mod raw;
mod socket;

use std::collections::HashMap;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    match arguments.split_first().map(|(verb, rest)| (verb.as_str(), rest)) {
        Some(("raw", [port])) => local.block_on(&runtime, raw::serve(port.parse().expect("a port"))),
        Some(("drive", pairs)) => {
            let keys: HashMap<String, String> = pairs
                .iter()
                .map(|pair| pair.split_once('=').expect("KEY=VALUE"))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            local.block_on(&runtime, drive::run(&keys));
        }
        _ => {
            eprintln!("fanout raw PORT | fanout drive KEY=VALUE …  (src/main.rs says more)");
            std::process::exit(2);
        }
    }
}
