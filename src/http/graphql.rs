//! `/graphql` over HTTP: negotiate, authenticate, read, admit, run, answer. The order is the order of cost.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::caller::Standing;
use crate::http::auth::SignedIn;
use crate::http::negotiation::{self, Accepted, Media};
use crate::http::operation::Operation;
use crate::http::refusal::Refusal;
use crate::http::request::Parameters;
use crate::http::stream::Bearer;
use crate::http::{Edge, RequestId, answer::Answer, auth, body, socket, stream};

/// Every method on `/graphql`.
pub(crate) async fn handle(
    State(edge): State<Arc<Edge>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    if request.method() == Method::GET && socket::is_upgrade(request.headers()) {
        return socket::open(edge, request_id, request).await;
    }
    let mut media = Media::Json;
    let served = serve(&edge, request_id, request, &mut media).await;
    served.unwrap_or_else(|refusal| refusal.answer(media, request_id))
}

/// `GET /schema.graphql`: the contract, for signed-in callers.
pub(crate) async fn schema(
    State(edge): State<Arc<Edge>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    match authenticate(&edge, &headers).await {
        Ok(_) => plain(StatusCode::OK, "text/plain; charset=utf-8", Body::from(edge.parts.executor.sdl())),
        Err(refusal) => refusal.answer(Media::Json, request_id),
    }
}

async fn serve(
    edge: &Arc<Edge>,
    request_id: uuid::Uuid,
    request: Request,
    media: &mut Media,
) -> Result<Response, Refusal> {
    let allow = if edge.graphql.get { "GET, POST" } else { "POST" };
    let is_get = match *request.method() {
        Method::POST => false,
        Method::GET if edge.graphql.get => true,
        _ => return Err(Refusal::method(allow)),
    };
    let (parts, body) = request.into_parts();
    if !is_get {
        negotiation::check_content(&parts.headers)?;
    }
    let accepted = negotiation::accepted(&parts.headers)?;
    *media = accepted.refusal_type();
    let SignedIn { caller, claims } = authenticate(edge, &parts.headers).await?;
    let (newest, standing) = Standing::changing(caller);
    let parameters = if is_get {
        Parameters::from_query_string(parts.uri.query().unwrap_or_default(), &edge.documents)?
    } else {
        let body = body::read(body, &parts.headers, edge.graphql.max_body_bytes, edge.body_timeout).await?;
        Parameters::from_body(&body, &edge.documents)?
    };
    let parameters = stream::resumed(parameters, &parts.headers);
    let operation = Operation::admit(edge, parameters, &standing, request_id)?;
    if is_get && operation.kind() == OperationType::Mutation {
        return Err(Refusal::method("POST"));
    }
    respond(edge, operation, accepted, Bearer { newest, claims }).await
}

async fn respond(
    edge: &Arc<Edge>,
    operation: Operation,
    accepted: Accepted,
    bearer: Bearer,
) -> Result<Response, Refusal> {
    match (operation.kind(), accepted.single, accepted.stream) {
        // A client that accepts both forms gets a stream only for what is one.
        (OperationType::Subscription, _, Some(form)) | (_, None, Some(form)) => {
            Ok(stream::respond(edge, operation, form, bearer))
        }
        (OperationType::Subscription, _, None) => Err(not_a_stream()),
        (_, single, None) | (_, single @ Some(_), _) => {
            Ok(single_answer(single.unwrap_or(Media::Json), &operation.run().await?))
        }
    }
}

fn single_answer(media: Media, answer: &Answer) -> Response {
    let Ok(body) = serde_json::to_vec(answer) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, media.name(), Body::from("{\"errors\":[]}"));
    };
    let mut response = plain(answer.status(media), media.name(), Body::from(body));
    let status = response.status();
    if let Some(seconds) = answer.retry_after
        && matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn not_a_stream() -> Refusal {
    let message = "a subscription needs a WebSocket, text/event-stream or multipart/mixed";
    Refusal::new(crate::failure::Code::BadRequest, message).status(StatusCode::NOT_ACCEPTABLE)
}

async fn authenticate(edge: &Edge, headers: &HeaderMap) -> Result<SignedIn, Refusal> {
    let token = auth::bearer(headers).ok_or_else(Refusal::unauthenticated)??;
    auth::resolve(&edge.parts.verifier, edge.parts.directory.as_ref(), token).await
}

/// A response that no cache keeps.
pub(crate) fn plain(status: StatusCode, media: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
