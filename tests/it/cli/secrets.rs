//! What a whole run says at the finest level: nothing that only some may know.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use recert::truv::signature::sign;
use serde_json::{Value, json};

use super::demo::Demo;

const EVERYTHING: &str = "{ cases(first: 25) { nodes { id number status client { email phone ssnLast4 } \
    originalOrder { report { monthlyIncome employments { income payRate payStatements(first: 5) { nodes { grossPay netPay } } } } } \
    latestOrder { status verificationLink { url } } \
    review { current { monthlyIncome } changes { value previousValue } } } } }";

/// Every text below a field of one of these names.
fn below(value: &Value, names: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if names.contains(&name.as_str()) => {
                        found.insert(text.clone());
                    }
                    _ => below(value, names, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| below(item, names, found)),
        _ => {}
    }
}

/// Whether the text stands in the line by itself, and not as a part of a longer number or word.
fn stands_in(line: &str, text: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
    line.match_indices(text)
        .any(|(at, _)| !is_part(line[..at].chars().next_back()) && !is_part(line[at + text.len()..].chars().next()))
}

/// `900-55-0142` in any line, whatever it is.
fn has_social_security_number(line: &str) -> bool {
    let shape: String = line.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    shape.match_indices("999-99-9999").any(|(at, _)| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c == '9' || c == '-' || c.is_ascii_alphabetic());
        !is_part(shape[..at].chars().next_back()) && !is_part(shape[at + 11..].chars().next())
    })
}

#[expect(clippy::too_many_lines, reason = "one run from its start to its log")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_of_the_log_holds_a_secret_or_a_persons_data() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &["--log", "trace"]).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let (mut amounts, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    let amount_fields = ["monthlyIncome", "income", "payRate", "grossPay", "netPay"];
    let secret_fields = ["email", "phone", "url"];
    let look = async |amounts: &mut BTreeSet<String>, secrets: &mut BTreeSet<String>| {
        let seen = demo.ask("caseworker", EVERYTHING).await;
        below(&seen, &amount_fields, amounts);
        below(&seen, &secret_fields, secrets);
        seen["cases"]["nodes"].as_array().unwrap().clone()
    };
    let cases = look(&mut amounts, &mut secrets).await;

    // Refreshes that come back, one whose client must log in again, and the link for it.
    let control = demo.ready["simulator_control"].as_str().unwrap();
    let due: Vec<&Value> = cases.iter().filter(|case| case["status"] == "DUE").collect();
    assert!(due.len() >= 3, "{cases:#?}");
    for (index, case) in due.iter().take(3).enumerate() {
        if index == 2 {
            let scenario = http.put(format!("{control}/control/scenario")).json(&json!({ "scenario": "login_error" }));
            assert!(scenario.send().await.unwrap().status().is_success());
        }
        let document = format!(
            "mutation {{ createRefreshOrder(input: {{ caseId: {}, purpose: RENEWAL, idempotencyKey: \"k{index}\" }}) {{ order {{ id }} }} }}",
            case["id"]
        );
        demo.ask("caseworker", &document).await;
    }
    let stopped = async |number: &Value, wanted: &[&str]| {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..600 {
            pause.tick().await;
            let document = format!(
                "{{ case(by: {{ number: {number} }}) {{ status latestOrder {{ verificationLink {{ url }} }} }} }}"
            );
            let case = demo.ask("caseworker", &document).await["case"].clone();
            if wanted.contains(&case["status"].as_str().unwrap()) {
                return case;
            }
        }
        panic!("case {number} does not come to {wanted:?}");
    };
    stopped(&due[0]["number"], &["READY_FOR_REVIEW", "NEEDS_CLIENT", "NEEDS_CASEWORKER", "RETRY_SCHEDULED"]).await;
    stopped(&due[2]["number"], &["NEEDS_CLIENT"]).await;
    let ask = format!(
        "mutation {{ sendVerificationLink(input: {{ caseId: {}, channels: [NONE], idempotencyKey: \"ask\" }}) {{ case {{ status }} }} }}",
        due[2]["id"]
    );
    demo.ask("caseworker", &ask).await;
    stopped(&due[2]["number"], &["WAITING_ON_CLIENT"]).await;
    let mut links = 0;
    let mut pause = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..300 {
        pause.tick().await;
        look(&mut amounts, &mut secrets).await;
        links = secrets.iter().filter(|text| text.starts_with("http")).count();
        if links > 0 {
            break;
        }
    }
    assert!(links > 0, "a link has been made");

    // What is refused is not quoted, either.
    let graphql = demo.ready["graphql"].as_str().unwrap();
    let token = demo.ready["tokens"]["caseworker"].as_str().unwrap();
    let secret = "secret-of-a-client-900550142";
    let broken = [
        http.post(graphql).bearer_auth(format!("{token}x")).json(&json!({ "query": "{ viewer { subject } }" })),
        http.post(graphql)
            .bearer_auth(token)
            .json(&json!({ "query": format!("{{ case(by: {{ number: \"{secret}\" }}) {{ number }} }}") })),
        http.post(graphql).bearer_auth(token).json(&json!({ "query": format!("{{ {} }}", secret.replace('-', "_")) })),
        http.post(graphql)
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(format!("{{\"query\": \"{secret}")),
        http.post(graphql)
            .bearer_auth(token)
            .query(&[("token", secret)])
            .json(&json!({ "query": "{ viewer { subject } }", "variables": { "x": secret } })),
        http.get(format!("{graphql}?query={secret}")),
    ];
    for request in broken {
        let _ = request.send().await.unwrap();
    }
    let body = format!("{{\"event_type\": \"{secret}\", \"ssn\": \"900-55-0142\"}}");
    let hook = http.post(demo.ready["webhooks"].as_str().unwrap());
    let signed = sign(demo.ready["access_secret"].as_str().unwrap(), body.as_bytes());
    assert_eq!(hook.header("x-webhook-sign", &signed).body(body).send().await.unwrap().status(), 204);

    // The tokens, the key to the upstream, and what in a link makes it one.
    let tokens = demo.ready["tokens"].as_object().unwrap().values().map(|token| token.as_str().unwrap().to_owned());
    secrets.extend(tokens);
    secrets.extend([
        demo.ready["access_secret"].as_str().unwrap().to_owned(),
        signed,
        secret.to_owned(),
        secret.replace('-', "_"),
    ]);
    amounts.retain(|amount| amount.len() >= 6 && amount.contains('.'));
    assert!(amounts.len() > 20, "{amounts:?}");
    demo.stop().await;
    let log = fs::read_to_string(folder.path().join("demo.log")).unwrap();
    // Deliveries, jobs and refused requests are told of: it is not an empty log that holds nothing.
    assert!(log.lines().count() > 100, "{log}");
    let mut found = Vec::new();
    for line in log.lines() {
        found.extend(secrets.iter().filter(|text| line.contains(text.as_str())).map(|text| (text.clone(), line)));
        found.extend(amounts.iter().filter(|text| stands_in(line, text)).map(|text| (text.clone(), line)));
        for mark in ["bridge_token=", "Bearer ey", "\"ssn\"", "access_token\":"] {
            if line.contains(mark) {
                found.push((mark.to_owned(), line));
            }
        }
        if has_social_security_number(line) {
            found.push(("a social security number".to_owned(), line));
        }
    }
    let shown: Vec<String> = found.iter().take(5).map(|(text, line)| format!("{text}: {line:.400}")).collect();
    assert!(found.is_empty(), "{} lines, such as {shown:#?}", found.len());
}

#[test]
fn the_scanner_finds_what_it_looks_for() {
    assert!(stands_in("paid 1834.22 today", "1834.22") && stands_in("\"1834.22\"", "1834.22"));
    assert!(!stands_in("took 1834.225 ms", "1834.22") && !stands_in("v1.1834.22", "1834.22"));
    assert!(has_social_security_number("ssn=900-55-0142,") && !has_social_security_number("01a900-55-0142"));
}
