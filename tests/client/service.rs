//! A stand-in of Google's `WebhookService` over real HTTP, with its state in memory: everything
//! that is documented or was observed of it, and every way in which an answer can go wrong.
//! It knows nothing of the client.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use futures_util::stream;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::oneshot;

/// The one key that it knows.
pub(crate) const API_KEY: &str = "AIza-stand-in_0123456789";

/// The types that can be subscribed to.
pub(crate) const EVENTS: [&str; 7] = [
    "batch.succeeded",
    "batch.expired",
    "batch.failed",
    "interaction.requires_action",
    "interaction.completed",
    "interaction.failed",
    "video.generated",
];

/// Runs on a port of 127.0.0.1, in a thread of its own, until it is dropped.
pub(crate) struct Service {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The other end of the connection.
    pub(crate) peer: SocketAddr,
    /// Method, path and query, as in `GET /v1beta/webhooks?page_size=50`.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    /// `null` where there was none, or no JSON.
    pub(crate) body: Value,
}

/// How an answer goes wrong: before the call is carried out, or after it.
#[derive(Clone)]
pub(crate) struct Fault {
    carried_out: bool,
    reply: Reply,
}

/// What comes instead of the answer.
#[derive(Clone)]
pub(crate) enum Reply {
    /// The answer as it should be.
    Nothing,
    /// This status, headers and body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection is closed without a byte.
    HangUp,
    /// The connection is closed within the body.
    BreakOff,
    /// A body without an end, with this status.
    Endless(u16),
    /// The answer as it should be, after this time.
    Late(Duration),
}

impl Fault {
    /// The call is not carried out.
    pub(crate) fn instead(reply: Reply) -> Self {
        Self { carried_out: false, reply }
    }

    /// The call is carried out, and only the answer goes wrong.
    pub(crate) fn after(reply: Reply) -> Self {
        Self { carried_out: true, reply }
    }

    /// What comes instead of the answer.
    pub(crate) fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Refused with this status, as the API reports errors, and these headers.
    pub(crate) fn status(status: u16, headers: &[(&'static str, &str)]) -> Self {
        let body = json!({"error": {"code": status, "message": "as the test wants it"}});
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self::instead(Reply::Answer(status, headers, body.to_string()))
    }

    /// Answered with this status and body.
    pub(crate) fn answer(status: u16, body: impl Into<String>) -> Self {
        Self::instead(Reply::Answer(status, Vec::new(), body.into()))
    }

    /// Answered with a redirect.
    pub(crate) fn redirect(location: impl Into<String>) -> Self {
        Self::instead(Reply::Answer(307, vec![("location", location.into())], String::new()))
    }
}

struct Shared {
    world: Mutex<World>,
    random: RandomState,
}

#[derive(Default)]
struct World {
    webhooks: Vec<Webhook>,
    faults: VecDeque<Fault>,
    always: Option<Fault>,
    seen: Vec<Seen>,
    pings: usize,
    made: u64,
    upper_case: bool,
}

struct Webhook {
    id: String,
    fields: Map<String, Value>,
    secrets: Vec<Secret>,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
}

#[derive(Clone)]
struct Secret {
    text: String,
    expire_time: Option<OffsetDateTime>,
}

/// A refusal: the status, and the `error` of the body.
type Refusal = (StatusCode, Value);

impl Service {
    /// Starts it, without webhooks.
    pub(crate) fn start() -> Self {
        let world = Mutex::new(World::default());
        let shared = Arc::new(Shared { world, random: RandomState::new() });
        let (stop, stopped) = oneshot::channel();
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    _ = axum::serve(listener, app) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// The base URL of the API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1beta", self.address)
    }

    /// Does this to one request; called again, to the one after it.
    pub(crate) fn fail_next(&self, fault: Fault) {
        self.world().faults.push_back(fault);
    }

    /// Does this to every request for which nothing else is said.
    pub(crate) fn fail_always(&self, fault: Fault) {
        self.world().always = Some(fault);
    }

    /// Writes the words of the API in capitals, as Google's page does.
    pub(crate) fn write_upper_case(&self) {
        self.world().upper_case = true;
    }

    /// Registers so many webhooks, and returns their ids.
    pub(crate) fn fill(&self, count: usize) -> Vec<String> {
        let fields = json!({"uri": "https://example.com/hook", "subscribed_events": [EVENTS[0]]});
        let create = || self.shared.create(&mut self.world(), &fields).unwrap();
        (0..count).map(|_| create()["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Everything that arrived, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.world().seen.clone()
    }

    /// Method, path and query of everything that arrived, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.world().seen.iter().map(|seen| seen.line.clone()).collect()
    }

    /// The secrets of a webhook that are valid now, the newest first.
    pub(crate) fn secrets(&self, id: &str) -> Vec<String> {
        let world = self.world();
        let webhook = world.webhooks.iter().find(|webhook| webhook.id == id).unwrap();
        webhook.valid_secrets().map(|secret| secret.text.clone()).collect()
    }

    /// Sets the state of a webhook, as the service does by itself after too many failures.
    pub(crate) fn set_state(&self, id: &str, state: &str) {
        let mut world = self.world();
        let webhook = world.webhooks.iter_mut().find(|webhook| webhook.id == id).unwrap();
        webhook.fields.insert("state".to_owned(), json!(state));
    }

    /// How many webhooks there are.
    pub(crate) fn count(&self) -> usize {
        self.world().webhooks.len()
    }

    /// How many pings were carried out.
    pub(crate) fn pings(&self) -> usize {
        self.world().pings
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.lock()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (fault, answer) = {
        let mut world = shared.lock();
        let line = format!("{method} {uri}");
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        world.seen.push(Seen { peer, line, headers: headers.clone(), body: body.clone() });
        let fault = world.faults.pop_front().or_else(|| world.always.clone());
        let fault = fault.unwrap_or(Fault::after(Reply::Nothing));
        let mut carry_out = || shared.carry_out(&mut world, &method, &uri, &headers, &body);
        let answer = if fault.carried_out { carry_out() } else { Ok(Value::Null) };
        (fault, answer)
    };
    match fault.reply {
        Reply::Nothing => respond(answer),
        Reply::Late(by) => {
            tokio::time::sleep(by).await;
            respond(answer)
        }
        Reply::Answer(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).unwrap()
        }
        // Ends the task of the connection, without the message of a panic.
        Reply::HangUp => std::panic::resume_unwind(Box::new("hang up")),
        Reply::BreakOff => {
            let pieces = [Ok(Bytes::from_static(b"{\"id\":\"")), Err("broken off")];
            Response::new(Body::from_stream(stream::iter(pieces)))
        }
        Reply::Endless(status) => {
            let pieces = stream::repeat_with(|| Ok::<_, &str>(Bytes::from_static(&[b' '; 8192])));
            Response::builder().status(status).body(Body::from_stream(pieces)).unwrap()
        }
    }
}

fn respond(answer: Result<Value, Refusal>) -> Response<Body> {
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let json = Response::builder().status(status).header("content-type", "application/json");
    json.body(Body::from(body.to_string())).unwrap()
}

/// A refusal in the one of the two shapes: the code is the HTTP status.
fn by_number(status: StatusCode, name: &str, message: &str) -> Refusal {
    (status, json!({"code": status.as_u16(), "message": message, "status": name}))
}

/// A refusal in the other shape: the code is a word.
fn by_word(status: StatusCode, code: &str, message: &str) -> Refusal {
    (status, json!({"code": code, "message": message}))
}

fn invalid(message: &str) -> Refusal {
    by_word(StatusCode::BAD_REQUEST, "invalid_request", message)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(
        &self,
        world: &mut World,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Value,
    ) -> Result<Value, Refusal> {
        if headers.get("x-goog-api-key").is_none_or(|key| key != API_KEY) {
            let message = "API key not valid. Please pass a valid API key.";
            return Err(by_number(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message));
        }
        let nothing = by_number(StatusCode::NOT_FOUND, "NOT_FOUND", "no such method");
        let path = uri.path().strip_prefix("/v1beta/webhooks").ok_or(nothing.clone())?;
        if let Some(one) = path.strip_prefix('/') {
            let (id, verb) = one.split_once(':').unwrap_or((one, ""));
            let found = world.webhooks.iter().position(|webhook| webhook.id == id);
            let missing = || by_word(StatusCode::NOT_FOUND, "not_found", "Webhook not found.");
            let index = found.ok_or_else(missing)?;
            return match (method.as_str(), verb) {
                ("GET", "") => Ok(world.show(index)),
                ("PATCH", "") => world.update(index, &query(uri, "update_mask"), body),
                ("DELETE", "") => {
                    world.webhooks.remove(index);
                    Ok(json!({}))
                }
                ("POST", "rotateSigningSecret") => self.rotate(world, index, body),
                ("POST", "ping") => {
                    world.pings += 1;
                    Ok(json!({}))
                }
                _ => Err(nothing),
            };
        }
        match (path, method.as_str()) {
            ("", "GET") => world.list(&query(uri, "page_size"), &query(uri, "page_token")),
            ("", "POST") => self.create(world, body),
            _ => Err(nothing),
        }
    }

    fn create(&self, world: &mut World, body: &Value) -> Result<Value, Refusal> {
        let mut fields = body.as_object().cloned().ok_or_else(|| invalid("no object"))?;
        check(&fields)?;
        if !fields.contains_key("uri") || !fields.contains_key("subscribed_events") {
            return Err(invalid("uri and subscribed_events are required"));
        }
        fields.insert("state".to_owned(), json!("enabled"));
        world.made += 1;
        let now = OffsetDateTime::now_utc();
        let secret = Secret { text: self.secret(world.made), expire_time: None };
        world.webhooks.push(Webhook {
            id: format!("wh{:034}", world.made),
            fields,
            secrets: vec![secret.clone()],
            create_time: now,
            update_time: now,
        });
        let mut shown = world.show(world.webhooks.len() - 1);
        shown["new_signing_secret"] = json!(secret.text);
        Ok(shown)
    }

    fn rotate(&self, world: &mut World, index: usize, body: &Value) -> Result<Value, Refusal> {
        let now = OffsetDateTime::now_utc();
        let behavior = body.get("revocation_behavior").and_then(Value::as_str);
        let end = match behavior.unwrap_or("revoke_previous_secrets_after_h24") {
            "revoke_previous_secrets_after_h24" => now + time::Duration::HOUR * 24,
            "revoke_previous_secrets_immediately" => now,
            _ => return Err(invalid("revocation_behavior")),
        };
        world.made += 1;
        let text = self.secret(world.made);
        let webhook = &mut world.webhooks[index];
        for secret in &mut webhook.secrets {
            secret.expire_time = Some(secret.expire_time.map_or(end, |earlier| earlier.min(end)));
        }
        webhook.secrets.insert(0, Secret { text: text.clone(), expire_time: None });
        Ok(json!({ "secret": text }))
    }

    /// `whsec_` and 44 characters, which stand for 32 bytes.
    fn secret(&self, seed: u64) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digit = |n: u64, of: u64| {
            // The last digit before the padding has two bits that must be zero.
            let step = 64 / of;
            DIGITS[usize::try_from(self.random.hash_one((seed, n)) % of * step).unwrap()] as char
        };
        let digits: String = (0..42).map(|n| digit(n, 64)).chain([digit(42, 16)]).collect();
        format!("whsec_{digits}=")
    }
}

impl World {
    fn list(&self, page_size: &str, page_token: &str) -> Result<Value, Refusal> {
        let size = if page_size.is_empty() { Ok(50) } else { page_size.parse() };
        let size: usize = size.map_err(|_| invalid("page_size"))?;
        if !(1..=1000).contains(&size) {
            return Err(invalid("page_size"));
        }
        let first = if page_token.is_empty() { Some("0") } else { page_token.strip_prefix("t/") };
        let first: Option<usize> = first.and_then(|first| first.parse().ok());
        let first = first.ok_or_else(|| invalid("page_token"))?;
        let last = self.webhooks.len().min(first + size);
        let webhooks: Vec<_> = (first..last).map(|index| self.show(index)).collect();
        let mut page = json!({ "webhooks": webhooks });
        if last < self.webhooks.len() {
            page["next_page_token"] = json!(format!("t/{last}"));
        }
        Ok(page)
    }

    fn update(&mut self, index: usize, mask: &str, body: &Value) -> Result<Value, Refusal> {
        let body = body.as_object().ok_or_else(|| invalid("no object"))?;
        check(body)?;
        for name in mask.split(',') {
            let known = ["name", "uri", "subscribed_events", "state"].contains(&name);
            let value = body.get(name).filter(|_| known).ok_or_else(|| invalid("update_mask"))?;
            self.webhooks[index].fields.insert(name.to_owned(), value.clone());
        }
        self.webhooks[index].update_time = OffsetDateTime::now_utc();
        Ok(self.show(index))
    }

    fn show(&self, index: usize) -> Value {
        let webhook = &self.webhooks[index];
        let mut shown = webhook.fields.clone();
        let secrets = webhook.valid_secrets().map(|secret| {
            let mut info = json!({ "truncated_secret": format!("{}...", &secret.text[..10]) });
            if let Some(time) = secret.expire_time {
                info["expire_time"] = json!(time.format(&Rfc3339).unwrap());
            }
            info
        });
        shown.insert("id".to_owned(), json!(webhook.id));
        shown.insert("signing_secrets".to_owned(), secrets.collect());
        let times = [("create_time", webhook.create_time), ("update_time", webhook.update_time)];
        for (name, time) in times {
            shown.insert(name.to_owned(), json!(time.format(&Rfc3339).unwrap()));
        }
        if self.upper_case {
            for name in ["state", "subscribed_events"] {
                let upper = shown[name].to_string().to_uppercase();
                shown.insert(name.to_owned(), serde_json::from_str(&upper).unwrap());
            }
        }
        Value::Object(shown)
    }
}

impl Webhook {
    fn valid_secrets(&self) -> impl Iterator<Item = &Secret> {
        let now = OffsetDateTime::now_utc();
        self.secrets.iter().filter(move |secret| secret.expire_time.is_none_or(|end| now < end))
    }
}

/// Refuses what the API would.
fn check(fields: &Map<String, Value>) -> Result<(), Refusal> {
    let uri = fields.get("uri").map(|uri| uri.as_str().unwrap_or_default());
    if uri.is_some_and(|uri| !uri.starts_with("https://")) {
        return Err(invalid("uri must be https"));
    }
    let events = fields.get("subscribed_events").map(|events| events.as_array());
    for event in events.flatten().into_iter().flatten() {
        if !event.as_str().is_some_and(|event| EVENTS.contains(&event)) {
            return Err(invalid(&format!("subscribed_events: {event}")));
        }
    }
    match fields.get("state").map(Value::as_str) {
        None | Some(Some("enabled" | "disabled")) => Ok(()),
        Some(_) => Err(invalid("state")),
    }
}

/// A value of the query, decoded; empty where there is none.
fn query(uri: &Uri, name: &str) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name);
    let decode = |text: &str| text.replace("%2C", ",").replace("%2F", "/");
    value.map(|(_, value)| decode(value)).unwrap_or_default()
}
