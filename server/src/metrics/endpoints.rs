//! What is answered to which request.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::source::Source;
use super::{readiness, scrape};

const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers a request. The body of it is not read.
pub fn respond<B>(request: &Request<B>, source: &Source) -> Response<Full<Bytes>> {
    let answer = match request.uri().path() {
        "/metrics" => metrics,
        "/healthz" => healthy,
        "/readyz" => ready,
        _ => return sentence(StatusCode::NOT_FOUND, "There are /metrics, /healthz and /readyz."),
    };
    if request.method() == Method::GET {
        return answer(source);
    }
    let mut refused = sentence(StatusCode::METHOD_NOT_ALLOWED, "Only GET is allowed.");
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    refused
}

fn metrics(source: &Source) -> Response<Full<Bytes>> {
    match scrape::write(source) {
        Ok(text) => response(StatusCode::OK, OPEN_METRICS, text),
        Err(error) => {
            let text = format!("The metrics cannot be written: {error}.");
            sentence(StatusCode::INTERNAL_SERVER_ERROR, &text)
        }
    }
}

fn healthy(_: &Source) -> Response<Full<Bytes>> {
    sentence(StatusCode::OK, "The server runs.")
}

fn ready(source: &Source) -> Response<Full<Bytes>> {
    match readiness::check(source, &source.service()) {
        Ok(()) => sentence(StatusCode::OK, "The server takes changes."),
        Err(why) => sentence(StatusCode::SERVICE_UNAVAILABLE, &why.to_string()),
    }
}

fn sentence(status: StatusCode, sentence: &str) -> Response<Full<Bytes>> {
    response(status, PLAIN_TEXT, format!("{sentence}\n"))
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
