//! What operators read about the process.

use std::collections::BTreeSet;
use std::fs;

use recert::simulator::Scenario;
use recert::telemetry::{Kind, METRICS};
use serde_json::json;

use crate::layering::sources;
use crate::support::socket::Screen;
use crate::support::world::World;

/// The value of a metric without labels, as the operators' listener shows it.
pub(crate) async fn scraped(world: &World, name: &str) -> f64 {
    let url = format!("http://{}/metrics", world.app.admin_addr());
    let answer = world.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("{name} is missing from\n{text}"))
}

#[tokio::test]
async fn two_gateways_in_one_process_count_what_happens() {
    let (world, other) = tokio::join!(World::start(), World::start());
    let case = world.case("1", &[Scenario::Ok]).await;
    let token = world.token(crate::support::world::COUNTY, &recert::caller::Scope::ALL);
    let before = scraped(&world, "recert_events_total").await;
    let mut screen = Screen::open(&world, &token, json!({})).await;
    screen.event().await;
    assert!(scraped(&world, "recert_streams").await >= 1.0);
    world.refresh(&case, "one").await;
    screen.event().await;
    let (here, there) = (scraped(&world, "recert_events_total").await, scraped(&other, "recert_events_total").await);
    assert!(before < here && here <= there, "one collector for both: {before} {here} {there}");
    assert!(scraped(&other, "recert_event_lag_seconds_count").await >= 1.0);
}

#[test]
fn every_metric_is_described_once_and_for_operators() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operator.md")).unwrap();
    let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert!(METRICS.is_sorted_by_key(|metric| metric.name) && names.len() == METRICS.len(), "in order, each once");
    for metric in METRICS {
        let shape = match metric.kind {
            Kind::Counter => metric.name.ends_with("_total"),
            Kind::Gauge => !metric.name.ends_with("_total"),
            Kind::Histogram => metric.name.ends_with("_seconds"),
        };
        assert!(shape && metric.name.starts_with("recert_"), "{} is not named as its kind is", metric.name);
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let row = format!("| `{}` | {} | {} |", metric.name, labels.join(", "), metric.help);
        assert!(page.contains(&row.replace("|  |", "| |")), "docs/operator.md lacks the row\n{row}");
    }
    // Whatever is counted stands in the list, and whatever stands in the list is counted.
    let mut counted = BTreeSet::new();
    for (file, text) in sources().iter().filter(|(file, _)| file != "telemetry/list.rs") {
        for macro_name in ["counter!(", "gauge!(", "histogram!("] {
            for used in text.split(macro_name).skip(1) {
                let name = used.split('"').nth(1).unwrap();
                let known = names.get(name).unwrap_or_else(|| panic!("{file} counts {name}, which is not described"));
                counted.insert(*known);
            }
        }
    }
    assert_eq!(counted, names);
}
