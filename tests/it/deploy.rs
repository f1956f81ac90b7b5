//! What is in `deploy/` against the gateway itself: every metric and label that the dashboard and the alerts ask for is in a
//! scrape of one that runs, every alert has its line for operators, and every setting there exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use recert::caller::Scope;
use recert::simulator::Scenario;
use serde_json::{Value, json};

use crate::support::socket::Screen;
use crate::support::world::{COUNTY, World};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The queries of the dashboard, with the title of their panel.
fn dashboard() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&file("grafana/recert.json")).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap().to_owned();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let (query, legend) = (target["expr"].as_str().unwrap(), target["legendFormat"].as_str().unwrap());
            // What the legend names must be a label, too.
            let named = legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap());
            let by: Vec<&str> = named.collect();
            queries.push((title.clone(), format!("{query} by ({})", by.join(", "))));
        }
    }
    assert!(queries.len() > 30, "{queries:?}");
    queries
}

/// The expressions of the alerts, by name.
fn alerts() -> Vec<(String, String)> {
    let text = file("prometheus/alerts.yml");
    let rules = text.split("- alert: ").skip(1);
    let alerts: Vec<(String, String)> = rules
        .map(|rule| {
            let (name, rest) = rule.split_once('\n').unwrap();
            let (_, expression) = rest.split_once("expr: ").unwrap();
            // One line, or a folded block that is indented further than its key.
            let lines =
                expression.lines().enumerate().take_while(|(at, line)| *at == 0 || line.starts_with("          "));
            let expression: Vec<&str> = lines.map(|(_, line)| line.trim().trim_start_matches(">-")).collect();
            (name.trim().to_owned(), expression.join(" ").trim().to_owned())
        })
        .collect();
    assert!(alerts.len() > 15, "{alerts:?}");
    alerts
}

/// Label names and what each may be, as far as a query says.
type Asked = Vec<(String, Vec<(String, Option<String>)>)>;

/// The metrics of ours that a query asks for, with the labels it selects and groups by.
fn asked(query: &str) -> Asked {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let grouped: Vec<(String, Option<String>)> = query
        .match_indices("by (")
        .flat_map(|(at, open)| query[at + open.len()..].split(')').next().unwrap().split(','))
        .map(|label| (label.trim().to_owned(), None))
        .filter(|(label, _)| !matches!(label.as_str(), "" | "instance" | "le"))
        .collect();
    let mut found = Vec::new();
    for (at, _) in query.match_indices("recert_") {
        let name: String = query[at..].chars().take_while(|letter| is_name(*letter)).collect();
        let rest = &query[at + name.len()..];
        let mut labels = grouped.clone();
        if let Some(selected) = rest.strip_prefix('{') {
            for matcher in selected.split('}').next().unwrap().split(',') {
                let label: String = matcher.trim().chars().take_while(|letter| is_name(*letter)).collect();
                let (operator, value) = matcher.trim()[label.len()..].split_once('"').unwrap();
                let value = value.trim_end_matches('"').to_owned();
                labels.push((label, (operator == "=").then_some(value)));
            }
        }
        found.push((name, labels));
    }
    found
}

/// Every series of a scrape: its name, and its labels with all their values.
fn series(scrape: &str) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut found: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for line in scrape.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        let labels = found.entry(name.to_owned()).or_default();
        let Some((inside, _)) = rest.strip_prefix('{').and_then(|rest| rest.rsplit_once("} ")) else { continue };
        for pair in inside.split("\",") {
            let (label, value) = pair.split_once("=\"").unwrap();
            labels.entry(label.to_owned()).or_default().insert(value.trim_end_matches('"').to_owned());
        }
    }
    found
}

/// A scrape of a gateway through which something of every kind has gone.
async fn scrape() -> String {
    let world = World::start().await;
    let token = world.token(COUNTY, &Scope::ALL);
    let mut screen = Screen::open(&world, &token, json!({})).await;
    screen.event().await;
    let good = world.case("1", &[Scenario::Ok]).await;
    world.refresh(&good, "one").await;
    world.until_case_is(&good, "READY_FOR_REVIEW").await;
    // Refused, because it has just been done, or for want of a key; either way a refusal of ours.
    world.try_refresh(&good, "", json!({})).await;
    let gone = "mutation($id: ID!) { createRefreshOrder(input: { caseId: $id, purpose: RENEWAL, idempotencyKey: \"x\" }) \
                { userErrors { ... on UserError { message } } } }";
    world.query(gone, json!({ "id": good.id })).await;
    drop(screen);
    let read = async || {
        let url = format!("http://{}/metrics", world.app.admin_addr());
        let text = world.http.get(url).send().await.unwrap().text().await.unwrap();
        let is_whole = ["recert_socket_closes_total{", "recert_batch_cases{", "recert_wakes_total{"];
        let is_whole = is_whole.iter().filter(|part| !text.contains(*part)).collect::<Vec<_>>();
        (is_whole.is_empty()).then_some(text)
    };
    world.until("the scrape is whole", read).await
}

#[tokio::test]
async fn whatever_the_dashboard_and_the_alerts_ask_for_is_in_a_scrape() {
    let scrape = scrape().await;
    let series = series(&scrape);
    let mut lacking = Vec::new();
    for (place, query) in dashboard().into_iter().chain(alerts()) {
        let asked = asked(&query);
        for (name, labels) in &asked {
            let Some(known) = series.get(name) else {
                lacking.push(format!("{place}: there is no {name}"));
                continue;
            };
            for (label, value) in labels {
                // A query over two metrics may group the one by what only the other has.
                let is_here = known.contains_key(label)
                    || asked.iter().any(|(other, _)| series.get(other).is_some_and(|other| other.contains_key(label)));
                if !is_here {
                    lacking.push(format!("{place}: {name} has no label {label}"));
                } else if let Some(value) = value
                    && !known.get(label).is_some_and(|values| values.contains(value))
                    && !["failed", "unavailable", "refused"].contains(&value.as_str())
                {
                    lacking.push(format!("{place}: {name} has no {label}=\"{value}\""));
                }
            }
        }
    }
    assert!(lacking.is_empty(), "{}\n\n{scrape}", lacking.join("\n"));
}

#[test]
fn every_alert_has_a_line_for_operators_and_the_other_way_round() {
    let page = include_str!("../../docs/operator.md");
    let told: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `Recert")?.split('`').next()).collect();
    let named: BTreeSet<String> = alerts().into_iter().map(|(name, _)| name).collect();
    let named: BTreeSet<&str> = named.iter().map(|name| name.strip_prefix("Recert").unwrap()).collect();
    assert_eq!(told, named);
    assert!(page.contains("\n## Alerts\n"), "the runbook links lead there");
}

#[test]
fn a_query_is_taken_apart() {
    let query = "sum by (le, call) (rate(recert_a_bucket{x=\"1\",y=~\"2|3\"}[5m])) / max(recert_b)";
    let call = ("call".to_owned(), None);
    let a = vec![call.clone(), ("x".to_owned(), Some("1".to_owned())), ("y".to_owned(), None)];
    assert_eq!(asked(query), [("recert_a_bucket".to_owned(), a), ("recert_b".to_owned(), vec![call])]);
    let scraped = series("# HELP x y\nrecert_a{x=\"1\",y=\"a b\"} 3\nrecert_b 0\n");
    assert_eq!(scraped["recert_a"]["y"], BTreeSet::from(["a b".to_owned()]));
    assert!(scraped["recert_b"].is_empty());
}

/// Every setting that the files name is one that the gateway knows.
#[test]
fn the_files_name_no_setting_that_does_not_exist() {
    let known = names(include_str!("../../docs/operator.md"));
    for name in [
        "Dockerfile",
        "compose.yaml",
        "compose.env.example",
        "systemd/recert.service",
        "kubernetes/configmap.yaml",
        "kubernetes/secret.example.yaml",
    ] {
        let unknown: Vec<String> = names(&file(name)).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{name} names {unknown:?}");
    }
}

fn names(text: &str) -> BTreeSet<String> {
    let word = |letter: char| !(letter.is_ascii_uppercase() || letter == '_');
    text.split(word).filter(|name| name.starts_with("RECERT_") && name.len() > 7).map(str::to_owned).collect()
}
