//! What to do with a thin event: ask the API itself, and catch up on what never arrived.
//!
//! ```text
//! cargo run --example reconcile
//! ```
//!
//! An event says that a job has ended, not how: fetch the job by its id, with your own key. A URI in
//! an event is a text; follow it only if it is where you told the job to write. And events get lost:
//! the service gives up after 24 hours. So a receiver that was down lists its jobs and finishes those
//! that ended meanwhile. Both ways meet in one place, `Worker::finish`, which does the work of a job
//! once.
//!
//! It runs a receiver and a stand-in for the API of jobs, plays an outage, and ends with an error if
//! a job was lost or worked on twice. The stand-in is simpler than the service, whose paths and
//! answers its own documentation describes.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::extract::{FromRef, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use gemini_webhooks::axum::Verified;
use gemini_webhooks::testing::StaticSigner;
use gemini_webhooks::{Secret, StaticVerifier, Verifier};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

const API_KEY: &str = "the key of this example";
const OUR_BUCKET: &str = "gs://my-bucket/";

/// Our side of the API of jobs.
#[derive(Clone)]
struct Jobs {
    base: String,
    http: reqwest::Client,
}

impl Jobs {
    /// Fetches a job. Its id came in an event, so it is checked before it becomes part of a path.
    async fn get(&self, id: &str) -> Result<Value> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let name = id.strip_prefix("batches/").unwrap_or(id);
        if name.is_empty() || !name.chars().all(plain) {
            return Err("not the id of a job".into());
        }
        self.ask(&format!("/batches/{name}")).await
    }

    /// Lists all jobs; the real list comes in pages.
    async fn list(&self) -> Result<Vec<Value>> {
        let answer = self.ask("/batches").await?;
        Ok(answer["batches"].as_array().cloned().unwrap_or_default())
    }

    async fn ask(&self, path: &str) -> Result<Value> {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = request.header("x-goog-api-key", API_KEY).send().await?;
        Ok(serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?)
    }
}

/// Does the work of jobs that have ended, each once, whoever says that it has.
#[derive(Clone)]
struct Worker {
    jobs: Jobs,
    /// A table of a database, in a real receiver, written in one transaction with the work.
    finished: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Worker {
    /// Works on what the API says of a job; tells whether there was anything to do.
    fn finish(&self, job: &Value) -> Result<bool> {
        let (Some(name), Some(state)) = (job["name"].as_str(), job["state"].as_str()) else {
            return Err("not a job".into());
        };
        let output = job["output_file_uri"].as_str();
        if output.is_some_and(|uri| !uri.starts_with(OUR_BUCKET)) {
            return Err("the output is not where we asked for it".into());
        }
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if state == "RUNNING" || finished.contains_key(name) {
            return Ok(false);
        }
        finished.insert(name.to_owned(), output.unwrap_or(state).to_owned());
        Ok(true)
    }

    /// Catches up: after a start, and every few hours.
    async fn reconcile(&self) -> Result<usize> {
        let mut caught_up = 0;
        for job in self.jobs.list().await? {
            caught_up += usize::from(self.finish(&job)?);
        }
        Ok(caught_up)
    }
}

#[derive(Clone)]
struct App {
    verifier: Verifier,
    worker: Worker,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

/// Believes the event that a job has ended, and the API how. A real receiver answers before this
/// work is done: see `answer_first`.
async fn hook(State(app): State<App>, Verified(delivery): Verified) -> StatusCode {
    // Of no job, such as a ping: there is nothing to do, and a retry would not change that.
    let Some(id) = delivery.event().job_id() else { return StatusCode::NO_CONTENT };
    match app.worker.jobs.get(id).await.and_then(|job| app.worker.finish(&job)) {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The stand-in for the API: jobs by name.
type Api = Arc<Mutex<BTreeMap<String, Value>>>;

fn has_key(headers: &HeaderMap) -> bool {
    headers.get("x-goog-api-key").is_some_and(|key| key == API_KEY)
}

async fn get_job(
    State(api): State<Api>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    let api = api.lock().unwrap_or_else(PoisonError::into_inner);
    match api.get(&format!("batches/{name}")) {
        Some(job) if has_key(&headers) => Ok(job.to_string()),
        Some(_) => Err(StatusCode::FORBIDDEN),
        None => Err(StatusCode::NOT_FOUND),
    }
}

async fn list_jobs(State(api): State<Api>, headers: HeaderMap) -> Result<String, StatusCode> {
    let api = api.lock().unwrap_or_else(PoisonError::into_inner);
    let jobs: Vec<_> = api.values().collect();
    if has_key(&headers) {
        Ok(json!({ "batches": jobs }).to_string())
    } else {
        Err(StatusCode::FORBIDDEN)
    }
}

async fn serve(router: Router) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

fn end(api: &Api, name: &str) {
    let output = format!("{OUR_BUCKET}{}.jsonl", name.trim_start_matches("batches/"));
    let job = json!({ "name": name, "state": "SUCCEEDED", "output_file_uri": output });
    api.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), job);
}

#[tokio::main]
async fn main() -> Result<()> {
    let api = Api::default();
    let routes = Router::new()
        .route("/batches", get(list_jobs))
        .route("/batches/{name}", get(get_job))
        .with_state(Arc::clone(&api));
    let jobs = Jobs { base: serve(routes).await?, http: reqwest::Client::builder().build()? };
    let worker = Worker { jobs, finished: Arc::default() };
    let secret = Secret::from_raw_bytes([7; 32])?;
    let signer = StaticSigner::new(&secret);
    let verifier = StaticVerifier::builder().secret(secret).build()?.into();
    let app = App { verifier, worker: worker.clone() };
    let url = serve(Router::new().route("/", post(hook)).with_state(app)).await?;

    let event = |id: &str| json!({ "type": "batch.succeeded", "data": { "id": id } }).to_string();
    let http = reqwest::Client::builder().build()?;
    let deliver = async |id: &str, body: String| -> Result<StatusCode> {
        let request = signer.sign(id, SystemTime::now(), body);
        let sent = http.post(&url).headers(request.headers).body(request.body).send().await?;
        Ok(sent.status())
    };

    println!("a job ends, and its event arrives:");
    end(&api, "batches/one");
    let answer = deliver("msg_1", event("batches/one")).await?;
    println!("  answered {answer}; finished: {:?}", names(&worker));

    println!("an event of a job that the API does not know, and one whose id is a path:");
    let unknown = deliver("msg_2", event("batches/other")).await?;
    let odd = deliver("msg_3", event("batches/../webhooks")).await?;
    println!("  answered {unknown} and {odd}: the sender comes again");

    println!("two jobs end while the receiver is down, and one of their events never arrives:");
    end(&api, "batches/two");
    end(&api, "batches/three");
    let caught_up = worker.reconcile().await?;
    println!("  caught up on {caught_up}; finished: {:?}", names(&worker));

    println!("the other one arrives late:");
    let late = deliver("msg_4", event("batches/three")).await?;
    println!("  answered {late}; caught up on {}", worker.reconcile().await?);

    let all = ["batches/one", "batches/three", "batches/two"].map(str::to_owned);
    let as_expected = (answer, unknown, odd, late, caught_up)
        == (
            StatusCode::NO_CONTENT,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::NO_CONTENT,
            2,
        )
        && names(&worker) == HashSet::from(all);
    if as_expected { Ok(()) } else { Err("a job was lost, or worked on twice".into()) }
}

fn names(worker: &Worker) -> HashSet<String> {
    worker.finished.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
}
