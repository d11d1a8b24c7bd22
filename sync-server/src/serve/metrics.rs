//! What the process counts about itself, in the text format of Prometheus (OpenMetrics 1.0).
//!
//! Served on an address of its own, never on the public port. Counts only: no names, addresses,
//! members or documents. Invariant: a name that was shipped keeps its meaning; they are listed in
//! `docs/operations.md`, which a test compares with this file.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use casework_protocol::frame::Answer;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::connection::Hub;
use super::door::say;
use super::doorkeeper::Bound;
use crate::relay::Reply;

/// How long a scrape may take to ask.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);

/// One label: how something ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outcome {
    outcome: &'static str,
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    pub(super) connections: Gauge,
    pub(super) accepted: Counter,
    pub(super) requests: Counter,
    pub(super) received_bytes: Counter,
    pub(super) sent_bytes: Counter,
    turned_away: Family<Outcome, Counter>,
    handshakes: Family<Outcome, Counter>,
    answers: Family<Outcome, Counter>,
    failed_commits: Counter,
    commit_seconds: CommitSeconds,
    in_flight_bytes: Gauge,
    workspaces: Gauge,
    recovering: Gauge,
    entries: Gauge,
    documents: Gauge,
    purged: Gauge,
}

/// From a quarter of a millisecond, a fast fsync, to eight seconds, a disk that is failing.
#[derive(Debug)]
struct CommitSeconds(Histogram);

impl Default for CommitSeconds {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(0.000_25, 2.0, 16)))
    }
}

impl Metrics {
    /// A handshake ended so: `upgraded`, `proved`, `timeout` or `refused`.
    pub(super) fn handshake(&self, outcome: &'static str) {
        self.handshakes.get_or_create(&Outcome { outcome }).inc();
    }

    /// Somebody was turned away at this bound.
    pub(super) fn turned_away(&self, outcome: &'static str) {
        self.turned_away.get_or_create(&Outcome { outcome }).inc();
    }

    /// A commit took so long and answered these.
    pub(super) fn committed<'r>(&self, took: Duration, replies: impl Iterator<Item = &'r Reply>) {
        self.commit_seconds.0.observe(took.as_secs_f64());
        for reply in replies {
            if let Reply::Answers { answers, .. } = reply {
                for answer in answers {
                    let outcome = name_of(answer);
                    self.answers.get_or_create(&Outcome { outcome }).inc();
                }
            }
        }
    }

    /// A commit failed.
    pub(super) fn commit_failed(&self) {
        self.failed_commits.inc();
    }

    fn look_at(&self, hub: &Hub) {
        // So that an alarm has a zero to begin from.
        let outcome = Bound::Connections.name();
        self.turned_away
            .get_or_create(&Outcome { outcome })
            .inc_by(0);
        let used = hub.bounds.bytes_in_flight - hub.bytes.available_permits();
        self.in_flight_bytes
            .set(i64::try_from(used).unwrap_or(i64::MAX));
        let (mut entries, mut documents, mut purged, mut recovering) = (0, 0, 0, 0);
        let workspaces = hub.relay.workspaces();
        for id in &workspaces {
            let Some(shared) = hub.relay.workspace(*id) else {
                continue;
            };
            let Ok(workspace) = shared.read() else {
                continue;
            };
            entries += workspace.size();
            documents += workspace.document_count();
            purged += workspace.purged_count();
            recovering += i64::from(workspace.recovery().is_some());
        }
        let lost = hub.relay.lost().len();
        self.workspaces
            .set(i64::try_from(workspaces.len()).unwrap_or(i64::MAX));
        self.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.documents
            .set(i64::try_from(documents).unwrap_or(i64::MAX));
        self.purged.set(i64::try_from(purged).unwrap_or(i64::MAX));
        self.recovering
            .set(recovering + i64::try_from(lost).unwrap_or(i64::MAX));
    }

    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("casework");
        all.register("connections", "Connections now", self.connections.clone());
        all.register(
            "connections_accepted",
            "Connections let in",
            self.accepted.clone(),
        );
        all.register(
            "connections_turned_away",
            "Connections that met a bound",
            self.turned_away.clone(),
        );
        all.register(
            "handshakes",
            "Handshakes by how they ended",
            self.handshakes.clone(),
        );
        all.register("requests", "Requests to the log", self.requests.clone());
        all.register_with_unit(
            "received",
            "Bytes of frames received",
            Unit::Bytes,
            self.received_bytes.clone(),
        );
        all.register_with_unit(
            "sent",
            "Bytes of frames sent",
            Unit::Bytes,
            self.sent_bytes.clone(),
        );
        all.register(
            "answers",
            "Pushed items by their answer",
            self.answers.clone(),
        );
        all.register(
            "commits_failed",
            "Commits that the storage refused",
            self.failed_commits.clone(),
        );
        all.register_with_unit(
            "commit",
            "Time of a group commit, fsync included",
            Unit::Seconds,
            self.commit_seconds.0.clone(),
        );
        all.register_with_unit(
            "in_flight",
            "Bytes of requests not answered yet",
            Unit::Bytes,
            self.in_flight_bytes.clone(),
        );
        all.register("workspaces", "Workspaces served", self.workspaces.clone());
        all.register(
            "workspaces_recovering",
            "Workspaces that wait for lost entries",
            self.recovering.clone(),
        );
        all.register("log_entries", "Entries of all logs", self.entries.clone());
        all.register(
            "documents",
            "Documents of all workspaces",
            self.documents.clone(),
        );
        all.register(
            "documents_purged",
            "Documents of which leaves are left",
            self.purged.clone(),
        );
        all
    }
}

fn name_of(answer: &Answer) -> &'static str {
    match answer {
        Answer::Placed(places) if places.iter().any(|placed| placed.held) => "held",
        Answer::Placed(_) => "placed",
        Answer::Missing(_) => "missing",
        Answer::Stale(_) => "stale",
        Answer::Refused(..) => "refused",
        Answer::Skipped => "skipped",
    }
}

/// Answers scrapes until the server stops.
pub(super) async fn serve(
    listener: TcpListener,
    hub: Arc<Hub>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let hub = Arc::clone(&hub);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<hyper::body::Incoming>| {
                let answer = scrape(&hub, request.method(), request.uri().path());
                async move { Ok::<_, Infallible>(answer) }
            });
            let serving = http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            let _ = tokio::time::timeout(SCRAPE_TIMEOUT, serving).await;
        });
    }
}

fn scrape(
    hub: &Hub,
    method: &Method,
    path: &str,
) -> hyper::Response<http_body_util::Full<hyper::body::Bytes>> {
    if method != Method::GET || path != "/metrics" {
        return say(StatusCode::NOT_FOUND, "GET /metrics\n");
    }
    hub.metrics.look_at(hub);
    let mut text = String::new();
    if encode(&mut text, &hub.metrics.registry()).is_err() {
        return say(StatusCode::INTERNAL_SERVER_ERROR, "cannot be written\n");
    }
    let mut answer = say(StatusCode::OK, text);
    answer.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static(
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    );
    answer
}
