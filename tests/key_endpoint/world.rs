//! A verifier over a real endpoint of keys, with everything that moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, KeyAnswer, KeyServer, ManualClock, SignedRequest, TestRsaKey, jwks,
    sample_body,
};
use gemini_webhooks::{
    Binding, CachedKeys, Clock, DynamicVerifier, Error, Fetch, FetchFuture, FetchRequest,
    HttpsFetch,
};
use serde_json::Value;

pub(crate) const T0: u64 = 1_800_000_000;
pub(crate) const AUDIENCE: &str = "my-project-client-id";
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) server: KeyServer,
    pub(crate) keys: CachedKeys,
    pub(crate) verifier: DynamicVerifier,
    started: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

/// The real fetcher, with a count of its starts: a request that never arrives counts too.
struct Counting(HttpsFetch, Arc<AtomicUsize>);

impl Fetch for Counting {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.fetch(request)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(T0);
        let server = KeyServer::start(published(&keys_of(1))).unwrap();
        let (started, ended): (Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
        let counting = Counting(HttpsFetch::loopback(&server.url()).unwrap(), Arc::clone(&started));
        let ends = Arc::clone(&ended);
        let keys = CachedKeys::builder(server.url(), counting)
            .clock(clock.clone())
            .on_event(move |_| _ = ends.fetch_add(1, Ordering::SeqCst))
            .build()
            .unwrap();
        let verifier = DynamicVerifier::builder()
            .audience(AUDIENCE)
            .binding(Binding::dangerous_any_tenant())
            .keys(keys.clone())
            .clock(clock.clone())
            .build()
            .unwrap();
        Self { clock, server, keys, verifier, started, ended }
    }

    pub(crate) async fn warm() -> Self {
        let world = Self::new();
        world.keys.warm_up().await.unwrap();
        world
    }

    pub(crate) async fn verify(&self, request: &SignedRequest) -> Result<(), Error> {
        self.verifier.verify(&request.headers, request.body.clone()).await.map(drop)
    }

    pub(crate) fn jwt(&self, generation: u8) -> SignedRequest {
        let claims = claims(self.seconds() + 240);
        keys_of(generation).0.sign("msg_1", self.clock.now(), &claims, "")
    }

    pub(crate) fn v1a(&self, generation: u8) -> SignedRequest {
        keys_of(generation).1.sign("msg_1", self.clock.now(), body())
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    pub(crate) fn rotate(&self, generation: u8) {
        self.server.answer(published(&keys_of(generation)));
    }

    /// How many fetches were started; all of them have ended, also those that nobody waits for.
    pub(crate) async fn fetches(&self) -> usize {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        while self.ended.load(Ordering::SeqCst) < self.started.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.started.load(Ordering::SeqCst)
    }
}

/// Google's keys of one time: an RSA key for JWTs, and an Ed25519 key for `v1a`.
pub(crate) type Keys = (JwtSigner, Ed25519Signer);

pub(crate) fn keys_of(generation: u8) -> Keys {
    let key = [TestRsaKey::One, TestRsaKey::Two, TestRsaKey::Three][usize::from(generation) - 1];
    let v1a = Ed25519Signer::from_seed([generation; 32]);
    (JwtSigner::new(format!("key-{generation}"), key), v1a)
}

/// As the endpoint may well publish them: it names the document, and wants it kept for longer than
/// we do.
pub(crate) fn published((jwt, v1a): &Keys) -> KeyAnswer {
    KeyAnswer::document(jwks([jwt.jwk(), v1a.jwk()]))
        .with_max_age(Duration::from_secs(86_400))
        .with_etag(&format!("\"{}\"", jwt.kid()))
}

pub(crate) fn body() -> &'static str {
    sample_body("batch.succeeded").unwrap()
}

pub(crate) fn claims(exp: u64) -> Value {
    let mut claims: Value = serde_json::from_str(body()).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["exp"] = exp.into();
    claims
}

/// How long requests take in a world of trouble and in a quiet one, in real time.
#[derive(Default)]
pub(crate) struct Times {
    trouble: Vec<Duration>,
    quiet: Vec<Duration>,
}

impl Times {
    /// Verifies a request in both worlds, and returns the verdict of the first. They go first in
    /// turns: whatever else the machine does then hits both alike.
    pub(crate) async fn measure(
        &mut self,
        trouble: &World,
        quiet: &World,
        request: &SignedRequest,
    ) -> Result<(), Error> {
        let mut verdict = Ok(());
        let trouble_first = self.trouble.len().is_multiple_of(2);
        for in_trouble in [trouble_first, !trouble_first] {
            let start = Instant::now();
            if in_trouble {
                verdict = trouble.verify(request).await;
                self.trouble.push(start.elapsed());
            } else {
                quiet.verify(request).await.unwrap();
                self.quiet.push(start.elapsed());
            }
        }
        verdict
    }

    /// Compares the slow ones.
    pub(crate) fn compare(self, most: f64) {
        let count = self.trouble.len();
        let p99 = |mut times: Vec<Duration>| {
            times.sort_unstable();
            times[count * 99 / 100].as_secs_f64() * 1e6
        };
        let (trouble, quiet) = (p99(self.trouble), p99(self.quiet));
        let ratio = trouble / quiet;
        println!("  p99 {trouble:.1} us, {quiet:.1} us without trouble: {ratio:.2} times");
        // Of few requests, or beside other tests, it says nothing.
        let counts = count >= 10_000 && !cfg!(debug_assertions);
        assert!(!counts || ratio <= most, "{ratio} > {most}");
    }
}
