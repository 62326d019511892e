//! Whether the time of a comparison tells how much agreed: Welch's t-test over two classes of requests
//! that are refused alike, as in "Dude, is my code constant time?" (Reparaz, Balasch, Verbauwhede, 2017).
//!
//! `cargo bench -p gemini-webhooks-benches --bench timing -- --samples 10000000`, or
//! `scripts/timing.sh`
//!
//! Before each sample the same work is done for both classes, into the same memory, and chance says
//! which class it is: so that nothing but the comparison can make the difference. A control, which
//! compares byte by byte and stops at the first difference, shows that a difference would be seen.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gemini_webhooks::testing::{JwtSigner, ManualClock, StaticSigner, TestRsaKey, jwks};
use gemini_webhooks::{Binding, DynamicVerifier, Error, KeySet, Secret, StaticVerifier};
use serde_json::json;
use sha2::{Digest as _, Sha256};

const T0: u64 = 1_800_000_000;
const ID: &str = "msg_1";

/// Above this the classes are told apart (the same paper).
const LIMIT: f64 = 4.5;

/// Slow samples are noise more often than not: the test is done over all, and over those below these
/// quantiles.
const QUANTILES: [f64; 7] = [0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0];

/// Samples that find the quantiles, and are not counted otherwise.
const CALIBRATION: usize = 20_000;

fn main() -> ExitCode {
    let samples = samples();
    println!("| compared | samples | largest \\|t\\| |\n|---|---|---|");
    let good = [
        told_apart("control: the next, and a comparison that stops early", samples, control),
        !told_apart("`v1`: wrong in its first, or in its last character", samples, first_or_last),
        !told_apart("`v1`: wrong in its last character, or in all", samples, last_or_all),
        !told_apart("token of a binding: its hash agrees in no byte, or in two", samples, tokens),
    ];
    // A run that is too short says nothing.
    if good == [true; 4] || samples <= CALIBRATION { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells whether the classes differ, in two runs out of two: the place of something in memory may make
/// the difference in one.
fn told_apart(name: &str, samples: usize, test: impl Fn(usize) -> f64) -> bool {
    (0..2).all(|_| {
        let t = test(samples);
        println!("| {name} | {samples} | {t:.2} |");
        t >= LIMIT
    })
}

fn samples() -> usize {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--once") {
        return 100;
    }
    let given = arguments.iter().position(|argument| argument == "--samples");
    given.map_or(1_000_000, |at| arguments[at + 1].parse().expect("a number of samples"))
}

fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(T0)
}

// The tests.

/// A signature in base64, without the version.
type Signature = [u8; 44];

fn control(samples: usize) -> f64 {
    let stops_early = |signature: &Signature, right: &Signature| {
        signature.iter().zip(right).all(|(one, other)| black_box(one) == other)
    };
    signatures(samples, |right, _| [0, 42].map(|at| wrong_at(right, at)), stops_early)
}

fn first_or_last(samples: usize) -> f64 {
    signatures(samples, |right, _| [0, 42].map(|at| wrong_at(right, at)), |_, _| false)
}

fn last_or_all(samples: usize) -> f64 {
    signatures(samples, |right, other| [wrong_at(right, 42), other], |_, _| false)
}

fn wrong_at(mut signature: Signature, at: usize) -> Signature {
    signature[at] = if signature[at] == b'A' { b'B' } else { b'A' };
    signature
}

/// Tests the check of a signature, with another comparison after it. The classes are made of the right
/// signature and of that of another body. Each sample has a body of its own: were a class the same
/// signature every time, what the processor learns of it would be seen, and not the comparison.
fn signatures(
    samples: usize,
    classes: impl Fn(Signature, Signature) -> [Signature; 2],
    compare: impl Fn(&Signature, &Signature) -> bool,
) -> f64 {
    let secret = || Secret::from_raw_bytes([7; 32]).unwrap();
    let signer = StaticSigner::new(&secret());
    let verifier = StaticVerifier::builder().secret(secret()).build().unwrap();
    let (now, timestamp) = (time(), T0.to_string());
    let signature = |body: [u8; 8]| -> Signature {
        signer.signature(ID, &timestamp, body).as_bytes()[3..].try_into().unwrap()
    };
    let mut headers = [
        ("webhook-id", ID.as_bytes().to_vec()),
        ("webhook-timestamp", timestamp.clone().into_bytes()),
        ("webhook-signature", [b"v1,".as_slice(), &[b'A'; 44]].concat()),
    ];
    largest_t(samples, |chance, class| {
        let [body, other] = [chance.next(), chance.next()].map(u64::to_le_bytes);
        let right = signature(body);
        let chosen = choose(&black_box(classes(right, signature(other))), class);
        headers[2].1[3..].copy_from_slice(&chosen);
        timed(|| {
            let verdict = verifier.check_at(black_box(&headers), &body, now).map(drop);
            black_box(compare(&chosen, &right));
            verdict
        })
    })
}

/// Reads both, and takes one of them without a branch: where the bytes came from must not be seen.
fn choose<const N: usize>([one, other]: &[[u8; N]; 2], class: usize) -> [u8; N] {
    let mask = black_box([0, 0xff][class]);
    std::array::from_fn(|at| one[at] ^ ((one[at] ^ other[at]) & mask))
}

/// The delivery is the same for both classes, so that its signature and its JSON take as long; what is
/// expected differs. As above, neither class is one token.
fn tokens(samples: usize) -> f64 {
    let sent = "the token of another tenant";
    // To find those that agree in two takes a second.
    let agreeing = if samples > CALIBRATION { 2 } else { 1 };
    let [disagreeing, agreeing] = [0, agreeing].map(|bytes| tokens_that_agree(sent, bytes));
    let (now, signer) = (time(), JwtSigner::new("key-1", TestRsaKey::One));
    let keys = KeySet::from_json(jwks([signer.jwk()]).as_bytes()).unwrap();
    let claims = json!({
        "aud": "us", "exp": T0 + 60, "type": "x", "data": {}, "user_metadata": { "token": sent },
    });
    let request = signer.sign(ID, now, &claims, "");
    let binding = |token: &Token| Binding::metadata_token("token", token).unwrap();
    let verifier = DynamicVerifier::builder()
        .audience("us")
        .binding(binding(&disagreeing[0]))
        .clock(ManualClock::at(T0))
        .build()
        .unwrap();
    largest_t(samples, |chance, class| {
        let [one, other] = [&disagreeing, &agreeing]
            .map(|tokens| tokens[usize::from(chance.next().to_le_bytes()[0])]);
        verifier.replace_binding(binding(&choose(&black_box([one, other]), class)));
        let body = request.body.clone();
        timed(|| verifier.verify_with(&keys, &request.headers, body).map(drop))
    })
}

type Token = [u8; 16];

/// Tokens whose hashes agree with that of another in so many bytes, and no further.
fn tokens_that_agree(with: &str, bytes: usize) -> Vec<Token> {
    let wanted = Sha256::digest(with);
    let agreement = |token: &Token| {
        Sha256::digest(token).iter().zip(&wanted).take_while(|(one, other)| one == other).count()
    };
    let any = (0_u128..).map(u128::to_be_bytes);
    any.filter(|token| agreement(token) == bytes).take(256).collect()
}

/// Runs something that must be refused, and gives how many nanoseconds it took.
fn timed(run: impl FnOnce() -> Result<(), Error>) -> f64 {
    let start = Instant::now();
    let verdict = black_box(run());
    let elapsed = start.elapsed();
    assert!(matches!(verdict, Err(Error::SignatureMismatch | Error::NotOurs)), "{verdict:?}");
    elapsed.as_nanos() as f64
}

// The statistics.

/// Takes samples of both classes, 0 and 1, in random order, and gives the largest t of any quantile.
fn largest_t(samples: usize, mut sample: impl FnMut(&mut Chance, usize) -> f64) -> f64 {
    let mut chance = Chance::new();
    let mut next = || {
        let class = usize::from(chance.next() >> 63 == 1);
        (class, sample(&mut chance, class))
    };
    let mut first: Vec<_> = (0..CALIBRATION.min(samples)).map(|_| next().1).collect();
    first.sort_by(f64::total_cmp);
    let quantile = |part: f64| first[((first.len() - 1) as f64 * part) as usize];
    let mut tests = QUANTILES.map(|part| {
        let most = if part < 1.0 { quantile(part) } else { f64::INFINITY };
        (most, [Moments::default(); 2])
    });
    for _ in 0..samples {
        let (class, nanoseconds) = next();
        for (most, classes) in &mut tests {
            if nanoseconds <= *most {
                classes[class].add(nanoseconds);
            }
        }
    }
    tests.iter().map(|(_, classes)| Moments::t(classes)).fold(0.0, f64::max)
}

/// Mean and variance, as Welford computes them.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    fn variance_of_mean(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }

    /// Welch's t, without its sign.
    fn t([one, other]: &[Self; 2]) -> f64 {
        let variance = one.variance_of_mean() + other.variance_of_mean();
        let t = (one.mean - other.mean).abs() / variance.sqrt();
        if t.is_finite() { t } else { 0.0 }
    }
}

/// Pseudo-random numbers (splitmix64), from a seed that differs in every run.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self(u64::from(now.subsec_nanos()))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
