//! Answers that are not a success, and successes that cannot be read.

use std::time::Duration;

use recert::truv::wire::RefreshRequest;
use recert::truv::{Error, FieldProblem, Outcome};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::client;

const HTML: &str = "<html><body><h1>502 Bad Gateway</h1></body></html>";

/// What a refresh ends with when the server answers like this.
async fn answered(answer: ResponseTemplate) -> Error {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    let refresh = RefreshRequest { products: ["income".to_owned()], ..RefreshRequest::default() };
    client(&server.uri()).refresh_order("o1", &refresh).await.unwrap_err()
}

const CUT: &str = "{\"error\":";

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

#[rstest]
#[case::bad_request(400, Outcome::Refused)]
#[case::unauthorized(401, Outcome::Refused)]
#[case::forbidden(403, Outcome::Refused)]
#[case::not_found(404, Outcome::Refused)]
#[case::method_not_allowed(405, Outcome::Refused)]
#[case::not_acceptable(406, Outcome::Refused)]
#[case::conflict(409, Outcome::Refused)]
#[case::gone(410, Outcome::Refused)]
#[case::unsupported_media_type(415, Outcome::Refused)]
#[case::unprocessable(422, Outcome::Refused)]
#[case::too_many_requests(429, Outcome::Throttled)]
#[case::server_error(500, Outcome::Unknown)]
#[case::bad_gateway(502, Outcome::Unknown)]
#[case::unavailable(503, Outcome::Unknown)]
#[case::gateway_timeout(504, Outcome::Unknown)]
#[tokio::test]
async fn the_status_decides_whatever_the_body_says(#[case] status: u16, #[case] outcome: Outcome) {
    for body in ["", HTML, CUT, "[]", "null", "{\"error\":\"text\"}", "\u{0}\u{1}"] {
        let error = answered(ResponseTemplate::new(status).set_body_string(body)).await;
        let expected = match status {
            401 => Error::Unauthorized,
            403 => Error::Forbidden,
            404 => Error::NotFound,
            429 => Error::Throttled { retry_after: None },
            500.. => Error::Upstream { status },
            // Why, is lost: it may have been the limit, which is over tomorrow.
            _ if body == CUT => Error::Unexplained { status },
            _ => Error::Refused { status, code: None, message: None, fields: Vec::new() },
        };
        assert_eq!(error, expected, "{body:?}");
        let is_unexplained = matches!(error, Error::Unexplained { .. });
        assert_eq!(error.outcome(), if is_unexplained { Outcome::NotSent } else { outcome });
        assert!(!error.is_refresh_limit());
    }
}

#[tokio::test]
async fn a_refusal_names_the_fields() {
    let body = json!({"error": {"code": "incorrect_parameters", "message": "Invalid parameters", "extra": {"invalid-params": [
        {"field": "products", "message": "Exactly one product is allowed"},
        {"message": "no field"},
        {"field": "employers", "message": null},
    ]}}});
    let error = answered(ResponseTemplate::new(400).set_body_json(body)).await;
    let field = |field: &str, message: &str| FieldProblem { field: field.to_owned(), message: message.to_owned() };
    assert_eq!(
        error,
        Error::Refused {
            status: 400,
            code: Some("incorrect_parameters".to_owned()),
            message: Some("Invalid parameters".to_owned()),
            fields: vec![field("products", "Exactly one product is allowed"), field("employers", "")],
        }
    );
    assert_eq!(error.to_string(), "Truv refused the call with status 400 (incorrect_parameters): Invalid parameters");
}

#[tokio::test]
async fn a_refusal_is_short_and_holds_no_token() {
    let message = format!("access_token 7e5b1bd7b317a4597496888b27bdfeb3\r\n{}", "is bad ".repeat(200));
    let fields: Vec<_> = (0..500).map(|n| json!({"field": format!("f{n}"), "message": message})).collect();
    let body = json!({"error": {"code": "x", "message": message, "extra": {"invalid-params": fields}}});
    let error = answered(ResponseTemplate::new(400).set_body_json(body)).await;
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("7e5b1bd7") && !text.contains(['\r', '\n']), "{text}");
        assert!(text.len() < 6_000, "{} bytes", text.len());
    }
    assert!(error.to_string().chars().count() < 260);
}

#[rstest]
#[case(400, "refresh_error", "Refresh limit for the access_token exceeded")]
#[case(400, "refresh_limit_exceeded", "No")]
#[case(403, "x", "refresh LIMIT for the access_token exceeded")]
#[case(429, "throttled", "Refresh limit for the access_token exceeded")]
#[tokio::test]
async fn the_refresh_limit_is_recognised_whatever_its_status(
    #[case] status: u16,
    #[case] code: &str,
    #[case] message: &str,
) {
    let refusal = answered(ResponseTemplate::new(status).set_body_json(error(code, message))).await;
    assert!(refusal.is_refresh_limit(), "{refusal:?}");
    assert_eq!(refusal.outcome(), Outcome::Refused, "waiting some seconds does not help");
}

#[tokio::test]
async fn a_throttled_call_says_how_long_to_wait() {
    let throttled = |body: &str| ResponseTemplate::new(429).set_body_json(error("throttled", body));
    for (answer, seconds) in [
        (throttled("Request was throttled. Expected available in 28 seconds."), 28),
        (throttled("in 28 seconds").insert_header("retry-after", "7"), 7),
        (
            throttled("")
                .insert_header("date", "Wed, 04 Mar 2026 15:06:02 GMT")
                .insert_header("retry-after", "Wed, 04 Mar 2026 15:07:02 GMT"),
            60,
        ),
        (ResponseTemplate::new(429).set_body_string(HTML).insert_header("retry-after", "5"), 5),
    ] {
        let retry_after = Some(Duration::from_secs(seconds));
        assert_eq!(answered(answer).await, Error::Throttled { retry_after });
    }
}

#[rstest]
#[case::empty("", "cut short")]
#[case::cut("{\"id\": \"o1\", \"employers\": [", "cut short")]
#[case::html(HTML, "not JSON")]
#[case::other_shape("{\"id\": {\"ssn\": \"900550142\"}}", "another shape")]
#[case::no_id("{\"status\": \"pending\"}", "another shape")]
#[tokio::test]
async fn a_success_that_cannot_be_read_is_of_unknown_outcome(#[case] body: &str, #[case] reason: &str) {
    let error = answered(ResponseTemplate::new(201).set_body_string(body)).await;
    assert!(matches!(error, Error::Undecodable { .. }), "{error:?}");
    assert!(error.to_string().contains(reason), "{error}");
    assert!(!error.to_string().contains("900550142"));
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read_to_its_end() {
    let body = format!("{{\"id\": \"o1\"{}}}", " ".repeat(16 * 1024 * 1024));
    let error = answered(ResponseTemplate::new(201).set_body_string(body)).await;
    assert_eq!(error, Error::Undecodable { reason: "it is longer than 16 MiB" });
    let long = json!({"error": {"code": "x", "message": "m".repeat(1024 * 1024)}});
    let error = answered(ResponseTemplate::new(422).set_body_json(long)).await;
    assert_eq!(error.outcome(), Outcome::Refused);
}
