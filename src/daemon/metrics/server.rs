//! The HTTP server of metrics and health: a few connections, one small request each, a few seconds each.

use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::super::shared::Shared;
use super::encode::encode;
use super::reading::Reading;

/// Connections at a time; the next one waits until one of them is over.
const CONNECTIONS: usize = 16;
/// From the accept to the last byte of the answer.
const WHOLE: Duration = Duration::from_secs(5);
/// Bytes of a request line and its headers.
const REQUEST: usize = 8_192;
const HEADERS: usize = 32;
/// Before the next accept, when one has failed: descriptors do not come back faster for asking.
const BREATH: Duration = Duration::from_millis(100);

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// A socket on loopback that tells metrics and health.
#[derive(Debug)]
pub(in super::super) struct Server(tokio::net::TcpListener);

impl Server {
    /// Listens here.
    ///
    /// # Errors
    /// [`MetricsError`] if it is not on loopback, or cannot be listened to.
    pub(in super::super) fn bind(address: SocketAddr) -> Result<Self, MetricsError> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(MetricsError(address, None));
        }
        let listener = TcpListener::bind(address).map_err(|error| MetricsError(address, Some(error)))?;
        Self::listening(listener).map_err(|error| MetricsError(address, Some(error)))
    }

    /// Takes a socket that listens already: a service manager's. Where it listens is the manager's choice.
    pub(in super::super) fn listening(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener).map(Self)
    }

    /// Where it listens.
    pub(in super::super) fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves until what is given back is dropped, whatever the daemon's phase.
    pub(in super::super) fn serve(self, shared: &Arc<Shared>) -> Serving {
        if let Ok(address) = self.address() {
            tracing::info!(%address, "metrics and health are told");
        }
        let shared = Arc::clone(shared);
        Serving(tokio::spawn(accept(self.0, shared)).abort_handle())
    }
}

/// Ends the server when it is dropped.
#[derive(Debug)]
pub(in super::super) struct Serving(AbortHandle);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // It is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, Arc::clone(&shared), place));
            }
            Err(error) => {
                tracing::debug!(%error, "metrics: no connection was accepted");
                sleep(BREATH).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>, _place: OwnedSemaphorePermit) {
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&request, &shared).await) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(REQUEST)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(WHOLE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "metrics: a connection failed"),
        Err(_) => tracing::debug!("metrics: a connection took too long"),
    }
}

async fn answer(request: &Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD are served\n".to_owned());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => match encode(Reading::take(shared).await) {
            Ok(metrics) => {
                let mut response = text(StatusCode::OK, metrics);
                response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
                response
            }
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("not encoded: {error}\n")),
        },
        // The thread that serves everything else has answered: its loop turns.
        "/healthz" => text(StatusCode::OK, "alive\n".to_owned()),
        "/readyz" => {
            let (ready, why) = Reading::take(shared).await.ready();
            text(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, why)
        }
        _ => text(StatusCode::NOT_FOUND, "/metrics, /healthz and /readyz are served\n".to_owned()),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, TEXT);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Why metrics are not told.
#[derive(Debug)]
pub(in super::super) struct MetricsError(SocketAddr, Option<io::Error>);

impl fmt::Display for MetricsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(address, error) = self;
        match error {
            Some(_) => write!(f, "metrics: `{address}` cannot be listened to"),
            None => {
                write!(f, "metrics: `{address}` is not on loopback, and whoever reaches it needs no password")
            }
        }
    }
}

impl Error for MetricsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_ref().map(|error| error as _)
    }
}
