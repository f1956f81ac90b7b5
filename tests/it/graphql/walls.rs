//! The walls between agencies, and between caseloads: whatever is asked, and however, nothing of the other side is in the
//! answer, and the answer is the same whether the other side has anything or not.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use recert::caller::{Caller, Scope};
use recert::ids::{AgencyId, CaseworkerId};
use recert::words::{CaseEventKind, OrderStatus};
use serde_json::{Value, json};

use super::stage::{EVENTS, Stage, day, live, stage};
use super::walker::{Probes, Walker, texts};
use crate::support::seed::NewCase;

/// Cases of a caseload, with everything that can hang on one.
async fn furnish(stage: &Stage, agency: AgencyId, worker: CaseworkerId, names: [&'static str; 2], numbers: &[&str]) {
    let seed = stage.seed();
    for number in numbers {
        let new =
            NewCase { assignee: Some(worker), name: (names[0], names[1]), ..NewCase::due(*number, day(2026, 4, 30)) };
        let case = seed.case(agency, new).await;
        let renewal = seed.renewal(case, day(2026, 4, 30)).await;
        let original = seed.order(case, None, OrderStatus::Completed).await;
        let order = seed.order(case, Some(original), OrderStatus::Failed).await;
        let report = seed.report(case, original, 1, 2).await;
        seed.reviewed(renewal, None, report).await;
        for kind in [CaseEventKind::OrderCreated, CaseEventKind::RefreshFailed, CaseEventKind::ReviewCompleted] {
            seed.event(case, kind, Some(order), Some(worker)).await;
        }
    }
}

/// Everything that a caller can see, in one set of texts; `foreign` of one side are those that the other does not have.
async fn sight(stage: &Stage, walker: &Walker, caller: &Caller) -> BTreeSet<String> {
    let nothing = Probes { ids: Vec::new(), texts: Vec::new() };
    let mut found = BTreeSet::new();
    for document in walker.queries(3, &nothing) {
        texts(&stage.ask(caller.clone(), &document, json!({})).await["data"], &mut found);
    }
    found
}

/// Ids, numbers and cursors of the other side, to be tried as arguments.
fn probes(foreign: &BTreeSet<String>) -> Probes {
    let is_id = |text: &&String| text.len() == 23 && !text.contains(['-', ' ', ':', '.']);
    let mut ids: Vec<String> = foreign.iter().filter(is_id).cloned().collect();
    // One of each kind: the first letters of an id tell its kind.
    ids.dedup_by_key(|id| id[..2].to_owned());
    let mut texts: Vec<String> =
        foreign.iter().filter(|text| text.len() < 200 && !ids.contains(*text)).cloned().collect();
    texts.dedup_by_key(|text| text.chars().take(6).collect::<String>());
    Probes { ids, texts }
}

/// Every scope alone, with all cases, and with a caseload; all of them, and none.
fn scope_sets() -> Vec<Vec<Scope>> {
    let with = |more: &[Scope]| Scope::ALL.map(|scope| [more, &[scope]].concat());
    let without = |left_out: Scope| Scope::ALL.into_iter().filter(|scope| *scope != left_out).collect();
    [
        with(&[]).to_vec(),
        with(&[Scope::CasesRead]).to_vec(),
        with(&[Scope::CasesReadAssigned]).to_vec(),
        vec![Scope::ALL.to_vec(), without(Scope::CasesRead), Vec::new()],
    ]
    .concat()
}

fn trespasses(answer: &Value, foreign: &BTreeSet<String>, document: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts(&answer["data"], &mut seen);
    // An error may quote nothing, either.
    let errors = answer.get("errors").map(Value::to_string).unwrap_or_default();
    let shown =
        foreign.iter().filter(|text| seen.contains(*text) || (!errors.is_empty() && errors.contains(text.as_str())));
    shown.map(|text| format!("{text} in the answer to {document:.300}")).collect()
}

/// Asks for everything, with every scope set, and with the other side's ids wherever an argument takes one.
async fn assault(stage: &Stage, walker: &Walker, foreign: &BTreeSet<String>, caller: impl Fn(Vec<Scope>) -> Caller) {
    let probes = probes(foreign);
    assert!(probes.ids.len() >= 8 && probes.texts.len() >= 4, "{:?} {:?}", probes.ids, probes.texts);
    let ids = format!("\"{}\"", probes.ids.join("\" \""));
    let plain = Probes { ids: Vec::new(), texts: Vec::new() };
    let (shallow, deep) = (walker.queries(1, &plain), walker.queries(1, &probes));
    let mut faults = Vec::new();
    let sets = scope_sets();
    for (index, scopes) in sets.iter().enumerate() {
        let every_argument = index + 3 >= sets.len();
        let mut documents = if every_argument { deep.clone() } else { shallow.clone() };
        documents.push(format!("{{ nodes(ids: [{ids}]) {{ __typename id }} }}"));
        documents.push(format!("{{ caseEvents(filter: {{ caseIds: [\"{}\"] }}) {{ totalCount }} }}", probes.ids[0]));
        for document in documents {
            let answer = stage.ask(caller(scopes.clone()), &document, json!({})).await;
            faults.extend(trespasses(&answer, foreign, &document));
        }
    }
    assert!(faults.is_empty(), "{} trespasses, such as {:#?}", faults.len(), &faults[..faults.len().min(5)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_another_agency_shows_whatever_is_asked_and_with_whatever_scopes() {
    let (stage, walker) = (stage().await, Walker::new());
    let ours = stage.seed().caseworker(stage.agency, "worker-1").await;
    furnish(&stage, stage.agency, ours, ["Rosa", "Ortiz"], &["24-0001", "24-0002"]).await;
    let us = |scopes: Vec<Scope>| Caller { caseworker: Some(ours), ..stage.caller(&scopes) };
    let alone = answers(&stage, &walker, &us(Scope::ALL.to_vec())).await;

    // The same names and numbers over there, and a caseworker whose token has the same subject.
    let napa = stage.seed().agency("napa").await;
    let theirs = stage.seed().caseworker(napa, "worker-1").await;
    furnish(&stage, napa, theirs, ["Rosa", "Ortiz"], &["24-0001", "24-0002", "24-9999"]).await;
    let them = Caller { agency: napa, caseworker: Some(theirs), ..stage.caller(&Scope::ALL) };

    let beside = answers(&stage, &walker, &us(Scope::ALL.to_vec())).await;
    for (before, after) in alone.iter().zip(&beside) {
        assert_eq!(before, after, "it makes a difference to one agency that another one has cases");
    }
    let (our_sight, their_sight) =
        (sight(&stage, &walker, &us(Scope::ALL.to_vec())).await, sight(&stage, &walker, &them).await);
    let foreign: BTreeSet<String> = their_sight.difference(&our_sight).cloned().collect();
    assault(&stage, &walker, &foreign, &us).await;

    // Mutations: what is absent and what is another agency's are refused in the same words, and nothing changes there.
    let before = answers(&stage, &walker, &them).await;
    let theirs = probes(&foreign);
    let absent = Probes { ids: theirs.ids.iter().map(|id| elsewhere(id)).collect(), texts: theirs.texts.clone() };
    let (trespassing, lost) = (walker.mutations(1, &theirs), walker.mutations(1, &absent));
    assert_eq!(trespassing.len(), lost.len());
    let mut faults = Vec::new();
    // What a client has said itself may come back.
    let unsaid: BTreeSet<String> = foreign.iter().filter(|text| !theirs.texts.contains(*text)).cloned().collect();
    for ((name, document), (_, other)) in trespassing.iter().zip(&lost) {
        let refused = stage.ask(us(Scope::ALL.to_vec()), document, json!({})).await;
        faults.extend(trespasses(&refused, &unsaid, document));
        let named = theirs.ids.iter().any(|id| document.contains(id.as_str()));
        // What has been made meanwhile differs by its own ids; what was refused must not differ at all.
        if named && refused["data"][name]["userErrors"].as_array().is_some_and(|errors| !errors.is_empty()) {
            let absent = stage.ask(us(Scope::ALL.to_vec()), other, json!({})).await;
            if refused != absent {
                faults.push(format!("{name}: {refused} and {absent}"));
            }
        }
    }
    assert!(faults.is_empty(), "{:#?}", &faults[..faults.len().min(5)]);
    assert_eq!(answers(&stage, &walker, &them).await, before, "a mutation of one agency has changed another one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_another_caseload_shows_to_a_token_that_is_limited_to_its_own() {
    let (stage, walker) = (stage().await, Walker::new());
    let mine = stage.seed().caseworker(stage.agency, "worker-1").await;
    let other = stage.seed().caseworker(stage.agency, "worker-2").await;
    furnish(&stage, stage.agency, mine, ["Rosa", "Ortiz"], &["24-0001"]).await;
    let me = |scopes: Vec<Scope>| {
        let scopes: Vec<Scope> = scopes.into_iter().filter(|scope| *scope != Scope::CasesRead).collect();
        Caller { caseworker: Some(mine), ..stage.caller(&scopes) }
    };
    let alone = answers(&stage, &walker, &me(Scope::ALL.to_vec())).await;
    furnish(&stage, stage.agency, other, ["Bela", "Novak"], &["24-7001", "24-7002"]).await;
    assert_eq!(answers(&stage, &walker, &me(Scope::ALL.to_vec())).await, alone);
    let all_but_one: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::CasesRead).collect();
    let them = Caller { caseworker: Some(other), ..stage.caller(&all_but_one) };
    let (my_sight, their_sight) =
        (sight(&stage, &walker, &me(Scope::ALL.to_vec())).await, sight(&stage, &walker, &them).await);
    // Colleagues are no secret.
    let colleague = stage.ask(them, "{ cases { nodes { assignee { id displayName } } } }", json!({})).await;
    let mut staff = BTreeSet::new();
    texts(&colleague["data"], &mut staff);
    let foreign: BTreeSet<String> =
        their_sight.difference(&my_sight).filter(|text| !staff.contains(*text)).cloned().collect();
    assault(&stage, &walker, &foreign, &me).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_of_another_agency_or_caseload_is_streamed() {
    let stage = stage().await;
    live(&stage, follow_beside_others(&stage)).await;
}

async fn follow_beside_others(stage: &Stage) {
    let walker = Walker::new();
    let mine = stage.seed().caseworker(stage.agency, "worker-1").await;
    let other = stage.seed().caseworker(stage.agency, "worker-2").await;
    let napa = stage.seed().agency("napa").await;
    let theirs = stage.seed().caseworker(napa, "worker-1").await;
    furnish(stage, napa, theirs, ["Bela", "Novak"], &["24-9001"]).await;
    let them = Caller { agency: napa, caseworker: Some(theirs), ..stage.caller(&Scope::ALL) };
    let abroad = probes(&sight(stage, &walker, &them).await);
    let limited = stage.limited(mine);
    let mut streams = Vec::new();
    for (caller, variables) in [
        (stage.anybody(), json!({})),
        (stage.anybody(), json!({ "filter": { "assigneeId": null, "kinds": [] } })),
        (limited.clone(), json!({})),
    ] {
        let mut stream = stage.follow(caller, EVENTS, variables);
        let opened = next(&mut stream).await;
        assert_eq!(opened["data"]["caseEvents"]["kind"], "STREAM_OPENED", "{opened}");
        streams.push(stream);
    }
    // Under the other agency's ids there is nothing to follow, and nothing is said of them.
    let cases: Vec<&String> = abroad.ids.iter().collect();
    for id in cases {
        let mut stream = stage.follow(stage.anybody(), EVENTS, json!({ "filter": { "caseIds": [id] } }));
        let first = next(&mut stream).await;
        let is_quiet = first["data"]["caseEvents"]["kind"] == "STREAM_OPENED";
        let is_no_case = first["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT";
        assert!(is_quiet || is_no_case, "{first}");
    }
    furnish(stage, napa, theirs, ["Bela", "Novak"], &["24-9002"]).await;
    furnish(stage, stage.agency, other, ["Rosa", "Ortiz"], &["24-0002"]).await;
    furnish(stage, stage.agency, mine, ["Rosa", "Ortiz"], &["24-0001"]).await;
    for (stream, expected) in streams.iter_mut().zip(["24-0002", "24-0002", "24-0001"]) {
        let event = next(stream).await;
        assert_eq!(event["data"]["caseEvents"]["case"]["number"], expected, "{event}");
    }
}

async fn next(stream: &mut (impl futures_util::Stream<Item = Value> + Unpin)) -> Value {
    tokio::time::timeout(Duration::from_secs(30), stream.next())
        .await
        .expect("a frame in time")
        .expect("the stream goes on")
}

/// Takes evidence packets out: each says at which moment it was made.
fn without_packets(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("evidencePacket");
            fields.values_mut().for_each(without_packets);
        }
        Value::Array(items) => items.iter_mut().for_each(without_packets),
        _ => {}
    }
}

/// The answers to everything that can be asked without knowing anything. What the log's own numbers say is left out.
async fn answers(stage: &Stage, walker: &Walker, caller: &Caller) -> Vec<Value> {
    let nothing = Probes { ids: Vec::new(), texts: Vec::new() };
    let mut answers = Vec::new();
    for document in walker.queries(2, &nothing) {
        let mut answer = stage.ask(caller.clone(), &document, json!({})).await;
        without_packets(&mut answer);
        answers.push(answer);
    }
    answers
}

/// Another id of the same kind, which nobody has.
fn elsewhere(id: &str) -> String {
    let mut other = id.to_owned();
    let at = other.len() - 4;
    let letter = if &id[at..=at] == "A" { "B" } else { "A" };
    other.replace_range(at..=at, letter);
    other
}
