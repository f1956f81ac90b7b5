//! `/graphql` over HTTP.

use rstest::rstest;
use serde_json::{Value, json};

use crate::http::stage::{ORIGIN, Stage, answer, client, code};

#[tokio::test]
async fn a_query_is_answered_in_the_type_that_was_asked_for() {
    let stage = Stage::open().await;
    for (accept, media) in [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
    ] {
        let response = stage.post().header("accept", accept).body(r#"{"query":"{ hello }"}"#).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], media);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.headers().get("server").is_none());
        let (data, extensions) = (
            r#"{"data":{"hello":"hello ana"},"extensions":"#,
            json!({
                "cost": { "complexity": 1, "limit": 10_000, "remaining": 9_999, "depth": 1, "fields": 1 },
                "concurrency": { "limit": 64, "remaining": 63 },
            }),
        );
        let text = response.text().await.unwrap();
        let (body, told) = (text.split_at(data.len()).0, serde_json::from_str::<Value>(&text).unwrap());
        assert_eq!((body, &told["extensions"]), (data, &extensions));
    }
}

#[rstest]
#[case::not_json("{", 400, "BAD_REQUEST")]
#[case::too_deep(&format!(r#"{{"query":"{{hello}}","variables":{{"a":{}{}}}}}"#, "[".repeat(64), "]".repeat(64)), 400, "BAD_REQUEST")]
#[case::a_number("7", 400, "BAD_REQUEST")]
#[case::no_query("{}", 400, "BAD_REQUEST")]
#[case::empty_query(r#"{"query":""}"#, 400, "BAD_REQUEST")]
#[case::query_a_number(r#"{"query":7}"#, 400, "BAD_REQUEST")]
#[case::variables_a_list(r#"{"query":"{hello}","variables":[]}"#, 400, "BAD_REQUEST")]
#[case::variables_a_text(r#"{"query":"{hello}","variables":"{}"}"#, 400, "BAD_REQUEST")]
#[case::extensions_a_text(r#"{"query":"{hello}","extensions":"x"}"#, 400, "BAD_REQUEST")]
#[case::name_a_number(r#"{"query":"{hello}","operationName":1}"#, 400, "BAD_REQUEST")]
#[case::no_such_operation(r#"{"query":"query A {hello}","operationName":"B"}"#, 400, "BAD_REQUEST")]
#[case::which_operation(r#"{"query":"query A {hello} query B {hello}"}"#, 400, "BAD_REQUEST")]
#[case::batch(r#"[{"query":"{hello}"}]"#, 400, "BATCHING_DISABLED")]
#[case::empty_batch("[]", 400, "BATCHING_DISABLED")]
#[case::parse(r#"{"query":"{ hello"}"#, 400, "GRAPHQL_PARSE_FAILED")]
#[case::validation(r#"{"query":"{ hullo }"}"#, 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::unknown_type(
    r#"{"query":"query($a: Nope) { add(a: $a, b: 1) }","variables":{"a":{}}}"#,
    400,
    "GRAPHQL_VALIDATION_FAILED"
)]
#[case::variable(r#"{"query":"query($a: Int!) { add(a: $a, b: 1) }"}"#, 400, "BAD_USER_INPUT")]
#[case::bad_enum(
    r#"{"query":"query($p: Paint!) { paint(with: $p) }","variables":{"p":{"color":"BLUE","coats":1}}}"#,
    400,
    "GRAPHQL_VALIDATION_FAILED"
)]
#[case::big_integer(
    r#"{"query":"query($p: Paint!) { paint(with: $p) }","variables":{"p":{"color":"RED","coats":3000000000}}}"#,
    400,
    "BAD_USER_INPUT"
)]
#[case::complex(
    r#"{"query":"{ a: items(first:100) { nodes { id name } } }","variables":{}, "extensions":{}}"#,
    200,
    "none"
)]
#[case::introspection(r#"{"query":"{ __schema { types { name } } }"}"#, 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::subscription(r#"{"query":"subscription { ticks { number } }"}"#, 406, "BAD_REQUEST")]
#[case::two_billed(r#"{"query":"mutation { billed x: billed }"}"#, 400, "QUERY_TOO_COMPLEX")]
#[tokio::test]
async fn each_request_error_has_its_status_and_code(#[case] body: &str, #[case] status: u16, #[case] word: &str) {
    let stage = Stage::open().await;
    let answered = answer(stage.post().body(body.to_owned())).await;
    assert_eq!(code(&answered), (status, word), "{}", answered.1);
    if status != 200 {
        assert!(answered.1.get("data").is_none());
        assert!(answered.1["errors"][0]["extensions"]["requestId"].is_string());
        assert!(!answered.1.to_string().contains("Did you mean"));
    }
}

/// "GraphQL over HTTP" wants this of `application/json`, whose readers look at a body only when the status is 200.
#[tokio::test]
async fn a_client_that_asks_for_plain_json_reads_what_is_wrong_with_its_document() {
    let stage = Stage::open().await;
    for (body, status, word) in [
        (r#"{"query":"{ hello"}"#, 200, "GRAPHQL_PARSE_FAILED"),
        (r#"{"query":"{ hullo }"}"#, 200, "GRAPHQL_VALIDATION_FAILED"),
        (r#"{"query":"query($a: Int!) { add(a: $a, b: 1) }"}"#, 200, "BAD_USER_INPUT"),
        (r#"{"query":"mutation { billed x: billed }"}"#, 400, "QUERY_TOO_COMPLEX"),
        ("{}", 400, "BAD_REQUEST"),
    ] {
        let answered = answer(stage.post().header("accept", "application/json").body(body)).await;
        assert_eq!(code(&answered), (status, word), "{}", answered.1);
        assert!(answered.1.get("data").is_none());
    }
}

#[tokio::test]
async fn a_missing_variable_of_a_later_field_stops_the_earlier_one() {
    let stage = Stage::open().await;
    let query = "mutation($n: String!) { a: touch(name: \"first\") b: touch(name: $n) }";
    assert_eq!(code(&stage.ask(query, json!({})).await), (400, "BAD_USER_INPUT"));
    assert!(stage.seen.touched.lock().unwrap().is_empty());
    assert_eq!(stage.ask(query, json!({ "n": "second" })).await.0, 200);
    assert_eq!(*stage.seen.touched.lock().unwrap(), ["first", "second"]);
}

#[tokio::test]
async fn a_failing_field_tells_only_what_has_a_code_of_ours() {
    let stage = Stage::open().await;
    let (status, body) = stage.ask("{ leak forbidden }", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(body["data"], json!({ "leak": null, "forbidden": null }));
    assert!(!body.to_string().contains("ssn"), "{body}");
    let words = |path: &str| {
        let errors = body["errors"].as_array().unwrap();
        errors.iter().find(|error| error["path"][0] == path).unwrap()["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (words("leak").as_str(), words("forbidden").as_str()),
        ("internal error", "the scope cases:read is missing")
    );
}

#[tokio::test]
async fn a_panic_is_answered_and_the_next_request_served() {
    let stage = Stage::open().await;
    let answered = stage.ask("{ boom }", Value::Null).await;
    assert_eq!(code(&answered), (500, "INTERNAL_SERVER_ERROR"));
    assert_eq!(answered.1["errors"][0]["message"], "internal error");
    assert_eq!(stage.ask("{ hello }", Value::Null).await.0, 200);
}

#[tokio::test]
async fn an_operation_without_an_end_is_cut_off() {
    let stage = Stage::with(|config| config.graphql.timeout = std::time::Duration::from_millis(50)).await;
    let response = stage.post().body(r#"{"query":"{ forever }"}"#).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test]
async fn one_subject_may_not_take_every_place() {
    let stage = Stage::with(|config| config.graphql.max_per_subject = 1).await;
    let subscription = stage.post().header("accept", "text/event-stream");
    let held = subscription.body(r#"{"query":"subscription { ticks { number } }"}"#).send().await.unwrap();
    let answered = stage.post().body(r#"{"query":"{ hello }"}"#).send().await.unwrap();
    assert_eq!(answered.status(), 429);
    assert_eq!(answered.headers()["retry-after"], "1");
    drop(held);
}

#[tokio::test]
async fn other_methods_are_refused_whatever_headers_say() {
    let stage = Stage::open().await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD"] {
        let request = client().request(method.parse().unwrap(), stage.url("/graphql?query={hello}"));
        let response =
            request.bearer_auth(stage.token()).header("x-http-method-override", "POST").send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &"POST".parse().unwrap()),
            "{method}"
        );
    }
}

#[tokio::test]
async fn get_serves_queries_when_enabled_and_never_mutations() {
    let stage = Stage::with(|config| config.graphql.get = true).await;
    let get = |query: &str| {
        let request = client().get(stage.url("/graphql")).query(&[("query", query), ("variables", r#"{"a":2}"#)]);
        answer(request.bearer_auth(stage.token()))
    };
    let (status, body) = get("query($a: Int!) { add(a: $a, b: 1) }").await;
    assert_eq!((status, &body["data"]), (200, &json!({ "add": 3 })));
    assert_eq!(get("mutation { touch(name: \"x\") }").await.0, 405);
    assert!(stage.seen.touched.lock().unwrap().is_empty());
}

#[rstest]
#[case(&["text/plain"])]
#[case(&["application/graphql"])]
#[case(&["application/x-www-form-urlencoded"])]
#[case(&["multipart/form-data; boundary=x"])]
#[case(&[])]
#[case(&["application/json", "text/plain"])]
#[tokio::test]
async fn only_json_is_read(#[case] types: &[&str]) {
    let stage = Stage::open().await;
    let mut request = client().post(stage.url("/graphql")).bearer_auth(stage.token());
    for media in types {
        request = request.header("content-type", *media);
    }
    let answered = answer(request.body(r#"{"query":"mutation { touch(name: \"x\") }"}"#)).await;
    assert_eq!(code(&answered), (415, "UNSUPPORTED_MEDIA_TYPE"));
    assert!(stage.seen.touched.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_encoded_body_and_an_unwritable_answer_are_refused() {
    let stage = Stage::open().await;
    let encoded = stage.post().header("content-encoding", "gzip").body("x");
    assert_eq!(code(&answer(encoded).await), (415, "UNSUPPORTED_MEDIA_TYPE"));
    let html = stage.post().header("accept", "text/html").body(r#"{"query":"{hello}"}"#);
    assert_eq!(code(&answer(html).await), (406, "BAD_REQUEST"));
}

#[tokio::test]
async fn large_answers_are_compressed_and_streams_and_small_ones_are_not() {
    let stage = Stage::open().await;
    let encoding = async |accept: &str, query: &str| {
        let request = stage.post().header("accept", accept).header("accept-encoding", "gzip");
        let response = request.body(json!({ "query": query }).to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let encoding = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
        (encoding, response.bytes().await.unwrap())
    };
    let large = "{ items(first: 100) { nodes { id name } } }";
    let (zipped, body) = encoding("*/*", large).await;
    assert_eq!((zipped.as_deref(), &body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
    assert_eq!(encoding("*/*", "{ hello }").await.0, None);
    assert_eq!(encoding("text/event-stream", large).await.0, None);
    let ticks = "subscription { ticks(to: 100) { number } }";
    assert_eq!(encoding("multipart/mixed;subscriptionSpec=1.0", ticks).await.0, None);
}

#[tokio::test]
async fn only_listed_origins_are_allowed_by_cors() {
    let stage = Stage::open().await;
    for (origin, allowed) in [(ORIGIN, true), ("https://evil.test", false), ("null", false)] {
        let request = client().request(reqwest::Method::OPTIONS, stage.url("/graphql")).header("origin", origin);
        let response = request.header("access-control-request-method", "POST").send().await.unwrap();
        let header = response.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_eq!(header, allowed.then_some(ORIGIN));
    }
}

#[tokio::test]
async fn the_schema_is_for_signed_in_callers() {
    let stage = Stage::open().await;
    let anonymous = client().get(stage.url("/schema.graphql"));
    assert_eq!(code(&answer(anonymous).await), (401, "UNAUTHENTICATED"));
    let response = client().get(stage.url("/schema.graphql")).bearer_auth(stage.token()).send().await.unwrap();
    assert!(response.text().await.unwrap().contains("type Query"));
}

#[tokio::test]
async fn every_other_path_is_nowhere() {
    let stage = Stage::open().await;
    for path in ["/", "/.env", "/graphiql", "/metrics", "/readyz", "/graphql/"] {
        assert_eq!(code(&answer(client().get(stage.url(path))).await), (404, "NOT_FOUND"), "{path}");
    }
}

#[tokio::test]
async fn a_caller_in_too_great_a_hurry_is_told_when_to_come_back() {
    let stage = Stage::with(|config| config.graphql.requests_per_second = 1).await;
    let (client, token) = (client(), stage.token());
    let one = || client.post(stage.url("/graphql")).bearer_auth(&token).header("content-type", "application/json");
    let hurry = (0..40).map(|_| async { one().body(r#"{"query":"{ hello }"}"#).send().await.unwrap() });
    let answers = futures_util::future::join_all(hurry).await;
    let refused = answers.into_iter().find(|answer| answer.status() == 429).expect("forty at once are too many");
    assert_eq!(refused.headers()["retry-after"], "1");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}
