//! What goes out: method, path, headers and body of every call.

use chrono::{TimeZone, Utc};
use recert::config;
use recert::truv::wire::{
    BridgeTokenRequest, HistoryQuery, NewEmployer, NewOrder, NewWebhook, NotificationSettings, RefreshRequest,
    SuborderRef, WebhookPatch,
};
use recert::truv::{BuildError, Client, Error};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;
use wiremock::matchers::{any, body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{SECRET, client};

/// A server that answers one call, and only when it is the expected one.
async fn expects(verb: &str, at: &str, body: Option<Value>, answer: Value) -> MockServer {
    let server = MockServer::start().await;
    let mut mock = Mock::given(method(verb)).and(path(at));
    if let Some(body) = body {
        mock = mock.and(body_json(body));
    }
    mock.respond_with(ResponseTemplate::new(200).set_body_json(answer)).expect(1).mount(&server).await;
    server
}

fn id(text: &str) -> Value {
    json!({"id": text})
}

#[tokio::test]
async fn every_call_signs_in_and_speaks_json() {
    let server = MockServer::start().await;
    Mock::given(header("x-access-client-id", "client-1"))
        .and(header("x-access-secret", SECRET))
        .and(header("content-type", "application/json"))
        .and(header("accept", "application/json"))
        .respond_with(ResponseTemplate::new(200).set_body_json(id("o1")))
        .expect(2)
        .mount(&server)
        .await;
    let client = client(&server.uri());
    client.order("o1").await.unwrap();
    client.create_order(&NewOrder::default()).await.unwrap();
}

#[tokio::test]
async fn an_order_is_placed_with_what_is_known() {
    let body = json!({
        "products": ["income"], "first_name": "Rosa", "last_name": "Quintero", "ssn": "900550142", "order_number": "N-1",
        "external_user_id": "person-1", "employers": [{"company_mapping_id": "m1", "suborder_number": "J1"}],
        "notification_settings": {"suppress_user_notifications": true},
    });
    let server = expects("POST", "/v1/orders/", Some(body), id("o2")).await;
    let order = NewOrder {
        products: vec!["income".to_owned()],
        first_name: "Rosa".to_owned(),
        last_name: "Quintero".to_owned(),
        ssn: Some(SecretString::from("900550142")),
        order_number: Some("N-1".to_owned()),
        external_user_id: Some("person-1".to_owned()),
        employers: vec![NewEmployer {
            company_mapping_id: Some("m1".to_owned()),
            suborder_number: Some("J1".to_owned()),
            ..NewEmployer::default()
        }],
        notification_settings: Some(NotificationSettings { suppress_user_notifications: true, ..Default::default() }),
        ..NewOrder::default()
    };
    assert!(!format!("{order:?}").contains("900550142"));
    assert_eq!(client(&server.uri()).create_order(&order).await.unwrap().id, "o2");
}

#[tokio::test]
async fn a_refresh_names_the_suborders_or_leaves_them_out() {
    let some =
        json!({"products": ["income"], "employers": [{"id": "s1"}, {"suborder_number": "J2"}], "phone": "5035550188"});
    let server = expects("POST", "/v1/orders/o1/", Some(some), id("o2")).await;
    let refresh = RefreshRequest {
        products: ["income".to_owned()],
        employers: Some(vec![
            SuborderRef { id: Some("s1".to_owned()), ..SuborderRef::default() },
            SuborderRef { suborder_number: Some("J2".to_owned()), ..SuborderRef::default() },
        ]),
        phone: Some("5035550188".to_owned()),
        ..RefreshRequest::default()
    };
    assert_eq!(client(&server.uri()).refresh_order("o1", &refresh).await.unwrap().id, "o2");

    for (employers, body) in [
        (None, json!({"products": ["employment"]})),
        (Some(Vec::new()), json!({"products": ["employment"], "employers": []})),
    ] {
        let server = expects("POST", "/v1/orders/o1/", Some(body), id("o2")).await;
        let refresh = RefreshRequest { products: ["employment".to_owned()], employers, ..RefreshRequest::default() };
        client(&server.uri()).refresh_order("o1", &refresh).await.unwrap();
    }
}

#[tokio::test]
async fn a_cancellation_needs_no_body_in_return() {
    let server = MockServer::start().await;
    let cancel = Mock::given(method("POST")).and(path("/v1/orders/o1/cancel/"));
    cancel.respond_with(ResponseTemplate::new(204)).expect(1).mount(&server).await;
    client(&server.uri()).cancel_order("o1").await.unwrap();
}

#[tokio::test]
async fn single_things_are_read_from_their_paths() {
    let server = expects("GET", "/v1/tasks/t1/", None, json!({"id": "t1", "order_id": "o1"})).await;
    assert_eq!(client(&server.uri()).task("t1").await.unwrap().order_id.as_deref(), Some("o1"));

    let masked = json!({"id": "l1", "access_token": "****************************feb3"});
    let server = expects("GET", "/v1/links/l1/", None, masked).await;
    assert!(client(&server.uri()).link("l1").await.unwrap().access_token.is_none(), "stars are no token");

    let server = expects("GET", "/v1/links/l1/income/report/", None, json!({"status": "done"})).await;
    let report = client(&server.uri()).link_income_report("l1").await.unwrap();
    assert_eq!((report.value.status.as_deref(), report.value.link_id.as_deref()), (Some("done"), Some("l1")));

    let server = expects("GET", "/v1/users/u1/reports/r1/", None, json!({"report_id": "r1"})).await;
    assert_eq!(client(&server.uri()).user_report("u1", "r1").await.unwrap().value.report_id, "r1");

    let made = json!({"report_id": "r2"});
    let server = expects("POST", "/v1/users/u1/reports/", Some(json!({"is_voe": false})), made).await;
    assert_eq!(client(&server.uri()).create_user_report("u1", false).await.unwrap().value.report_id, "r2");
}

#[tokio::test]
async fn one_page_of_orders_is_read_at_a_time() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/orders/"))
        .and(query_param("page", "3"))
        .and(query_param("page_size", "100"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "count": 201, "next": null, "previous": "http://elsewhere.test/", "results": [{"id": "o1"}],
        })))
        .mount(&server)
        .await;
    let page = client(&server.uri()).orders(3).await.unwrap();
    assert_eq!((page.count, page.next, page.results.len()), (Some(201), None, 1));
}

#[tokio::test]
async fn the_links_of_a_person_come_whole_and_with_their_tokens() {
    let server = MockServer::start().await;
    let next = format!("{}/v1/links/?user_id=u%201&page=2", server.uri());
    for (page, next, link) in [(None, Some(next), "l1"), (Some("2"), None, "l2")] {
        let mut mock = Mock::given(path("/v1/links/")).and(query_param("user_id", "u 1"));
        if let Some(page) = page {
            mock = mock.and(query_param("page", page));
        }
        let token = format!("token-of-{link}");
        let body = json!({"next": next, "results": [{"id": link, "access_token": token}]});
        // The narrower of the two comes first although it is mounted last.
        let priority = if page.is_some() { 1 } else { 2 };
        mock.respond_with(ResponseTemplate::new(200).set_body_json(body))
            .with_priority(priority)
            .expect(1)
            .mount(&server)
            .await;
    }
    let links = client(&server.uri()).links_of_user("u 1").await.unwrap();
    let tokens: Vec<_> = links.iter().map(|link| link.access_token.as_ref().unwrap().expose_secret()).collect();
    assert_eq!(tokens, ["token-of-l1", "token-of-l2"]);
    assert!(!format!("{links:?}").contains("token-of"));
}

#[tokio::test]
async fn a_list_may_be_bare_and_must_end() {
    let server = expects("GET", "/v1/webhooks/", None, json!([{"id": "w1"}, {"id": "w2", "events": null}])).await;
    let ids: Vec<_> = client(&server.uri()).webhooks().await.unwrap().into_iter().map(|webhook| webhook.id).collect();
    assert_eq!(ids, ["w1", "w2"]);

    let server = MockServer::start().await;
    let endless = json!({"next": format!("{}/v1/webhooks/?page=2", server.uri()), "results": [{"id": "w1"}]});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(endless)).expect(50).mount(&server).await;
    let error = client(&server.uri()).webhooks().await.unwrap_err();
    assert_eq!(error, Error::Undecodable { reason: "the list does not end" });
}

#[tokio::test]
async fn a_next_page_on_another_server_is_not_asked_for() {
    let elsewhere = MockServer::start().await;
    let next = format!("{}/v1/webhooks/?cursor=c2", elsewhere.uri());
    let server = MockServer::start().await;
    let page = json!({"next": next, "results": []});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(page)).mount(&server).await;
    let client = client(&server.uri());
    let expected = Error::Undecodable { reason: "its next page is on another server" };
    assert_eq!(client.webhooks().await.unwrap_err(), expected);
    assert_eq!(client.webhook_requests(&HistoryQuery::default()).await.unwrap_err(), expected);
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_for_the_widget_revives_a_link() {
    let body = json!({"product_type": "income", "access_token": "token-of-l1", "tracking_info": "s1"});
    let server = expects("POST", "/v1/users/u1/tokens/", Some(body), json!({"bridge_token": "b1"})).await;
    let request = BridgeTokenRequest {
        product_type: "income".to_owned(),
        access_token: Some(SecretString::from("token-of-l1")),
        tracking_info: Some("s1".to_owned()),
        ..BridgeTokenRequest::default()
    };
    let token = client(&server.uri()).create_bridge_token("u1", &request).await.unwrap();
    assert_eq!(token.bridge_token.as_ref().unwrap().expose_secret(), "b1");
    let shown = format!("{request:?} {token:?}");
    assert!(!shown.contains("token-of-l1") && !shown.contains("b1"), "{shown}");
}

#[tokio::test]
async fn an_endpoint_is_registered_and_resumed() {
    let body = json!({"name": "recert", "webhook_url": "https://a.test/w", "env_type": "sandbox", "enabled": true});
    let server = expects("POST", "/v1/webhooks/", Some(body), json!({"id": "w1", "enabled": true})).await;
    let webhook = NewWebhook {
        name: "recert".to_owned(),
        webhook_url: "https://a.test/w".to_owned(),
        env_type: "sandbox".to_owned(),
        events: Vec::new(),
        enabled: true,
    };
    assert_eq!(client(&server.uri()).register_webhook(&webhook).await.unwrap().id, "w1");

    let server = expects("PATCH", "/v1/webhooks/w1/", Some(json!({"enabled": true})), json!({"id": "w1"})).await;
    let patch = WebhookPatch { enabled: Some(true), ..WebhookPatch::default() };
    client(&server.uri()).update_webhook("w1", &patch).await.unwrap();
}

#[tokio::test]
async fn the_history_is_read_page_by_page() {
    let server = MockServer::start().await;
    let next = format!("{}/v1/webhook-requests/?cursor=c%2B2%3D&event_type=order-created", server.uri());
    Mock::given(path("/v1/webhook-requests/"))
        .and(query_param("created_at__gte", "2026-03-04T15:06:02.000000Z"))
        .and(query_param("event_type", "order-created"))
        .and(query_param("status_code", "503"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"next": next, "results": [{
            "webhook_id": "outer", "event_type": "order-created", "status_code": 503, "error_message": null,
            "webhook_payload": {"webhook_id": "inner", "event_type": "order-created", "order_id": "o1"},
        }]})))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(query_param("cursor", "c+2="))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"next": null, "results": []})))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server.uri());
    let query = HistoryQuery {
        created_from: Utc.with_ymd_and_hms(2026, 3, 4, 15, 6, 2).single(),
        event_type: Some("order-created".to_owned()),
        status_code: Some(503),
        ..HistoryQuery::default()
    };
    let page = client.webhook_requests(&query).await.unwrap();
    assert_eq!(page.results[0].status_code, Some(503));
    assert_eq!(page.results[0].webhook_payload["webhook_id"], "inner");
    let rest =
        client.webhook_requests(&HistoryQuery { cursor: page.next_cursor, ..HistoryQuery::default() }).await.unwrap();
    assert_eq!((rest.next_cursor, rest.results.len()), (None, 0));
}

#[tokio::test]
async fn an_id_that_would_change_the_path_is_not_sent() {
    let server = MockServer::start().await;
    let client = client(&server.uri());
    for id in ["", ".", ".."] {
        let refresh = RefreshRequest { products: ["income".to_owned()], ..RefreshRequest::default() };
        assert_eq!(client.refresh_order(id, &refresh).await.unwrap_err(), Error::NotFound);
    }
    assert_eq!(client.links_of_user("").await.unwrap_err(), Error::NotFound);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[test]
fn settings_that_cannot_work_build_no_client() {
    let with = |url: &str, id: &str, secret: &str| {
        let section = config::Truv { url: Url::parse(url).unwrap(), ..config::Truv::default() };
        Client::try_new(&section, id, &SecretString::from(secret))
    };
    assert!(matches!(with("unix:/run/truv", "c", "s"), Err(BuildError::Address)));
    assert!(matches!(with("https://t.test/", "c\n", "s"), Err(BuildError::Credential("client id"))));
    let error = with("https://t.test/", "c", "sandbox-5f0e\n").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("5f0e"));
    let client = with("https://user:pass@t.test/?token=x", "c", "sandbox-5f0e").unwrap();
    assert_eq!(format!("{client:?}"), "Client { host: Some(\"t.test\"), .. }");
}
