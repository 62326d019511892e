//! What must hold for every input: one function per fuzz target, a panic is a finding.
//!
//! Verification is never switched off here. Forgeries are tried as they are, and what must verify
//! was signed by the test signers.
//!
//! An input is made of lines, so that its seeds can be read; what follows the last line that a
//! target asks for is taken whole, line ends included.
//!
//! | target | lines | the rest |
//! |---|---|---|
//! | `binding` | member of `user_metadata`, token, how many tokens are valid | a body |
//! | `event` | | a body |
//! | `explain` | id, timestamp, signature | a body, which is also the text of a secret |
//! | `header_set` | name, value, name, value, and so on | |
//! | `secret` | | the text of a secret or of a list, or raw key bytes |
//! | `signature_list` | place of the good entry | the other entries |
//! | `static_pipeline` | id, timestamp, signature, bit to change, clock | a body |
//! | `jwt_split` | place of a fault, bytes that it replaces, the fault | a signature header |
//! | `jwt_claims` | header, setup of the verifier | claims |
//! | `jwks` | place of an odd key, how often it comes | the odd key, or a whole document |
//! | `v1a` | place of the good entry, bit to change | the other entries |
//! | `key_cache` | what happens, one step each (see there) | |
//! | `dynamic_pipeline` | id, timestamp, signature, bit to change, clock | a body |

#![allow(clippy::missing_panics_doc)]

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod dynamic;
mod event;
#[cfg(feature = "explain")]
mod explain;
mod header_set;
mod secret;
mod static_webhooks;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gemini_webhooks::limits::{MAX_ID_BYTES, MAX_SIGNATURE_HEADER_BYTES, MAX_TIMESTAMP};
use gemini_webhooks::testing::{ManualClock, StaticSigner};
use gemini_webhooks::{Secret, StaticVerifier, WebhookHeader};

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub use self::dynamic::{binding, dynamic_pipeline, jwks, jwt_claims, jwt_split, key_cache, v1a};
pub use self::event::event;
#[cfg(feature = "explain")]
pub use self::explain::explain;
pub use self::header_set::header_set;
pub use self::secret::secret;
pub use self::static_webhooks::{signature_list, static_pipeline};

/// What the clock shows unless the input sets it.
const NOW: u64 = 1_800_000_000;

/// The default replay window, in seconds and in each direction.
const WINDOW: u64 = 300;

const HEADERS: [WebhookHeader; 3] =
    [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature];

/// The end of a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(end) => end,
        Poll::Pending => panic!("it waits"),
    }
}

/// The bounds of each header, written down a second time and in another way.
fn is_legal(header: WebhookHeader, value: &[u8]) -> bool {
    match header {
        WebhookHeader::Id => {
            (1..=MAX_ID_BYTES).contains(&value.len())
                && value.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'.')
        }
        WebhookHeader::Timestamp => legal_timestamp(value).is_some(),
        WebhookHeader::Signature => {
            (1..=MAX_SIGNATURE_HEADER_BYTES).contains(&value.len()) && is_visible(value)
        }
    }
}

fn legal_timestamp(value: &[u8]) -> Option<u64> {
    let seconds: u64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    let latest = u64::try_from(MAX_TIMESTAMP).unwrap();
    let plain = seconds.to_string().as_bytes() == value;
    (plain && (1..=latest).contains(&seconds)).then_some(seconds)
}

/// Visible ASCII and spaces.
fn is_visible(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

fn headers_of(values: [&[u8]; 3]) -> [(&'static str, &[u8]); 3] {
    let [id, timestamp, signature] = values;
    let [first, second, third] = HEADERS.map(WebhookHeader::name);
    [(first, id), (second, timestamp), (third, signature)]
}

/// A text that hangs on every byte of the input: where it is a secret, or is what was signed, no
/// input can hold a signature that is right for itself, not even one that the fuzzer has picked out
/// of memory.
fn own_text(data: &[u8]) -> String {
    let deriving = Secret::from_raw_bytes([7; 32]).unwrap();
    StaticSigner::new(&deriving).signature("key", "1", data)
}

/// Changes one bit of one of the fields, which are not all empty.
fn with_bit_changed(fields: [&[u8]; 4], bit: usize) -> [Vec<u8>; 4] {
    let mut fields = fields.map(Vec::from);
    let bytes: usize = fields.iter().map(Vec::len).sum();
    let mut place = bit / 8 % bytes;
    for field in &mut fields {
        if let Some(byte) = field.get_mut(place) {
            *byte ^= 1 << (bit % 8);
            break;
        }
        place -= field.len();
    }
    fields
}

/// A sender and a receiver who share a secret and a clock.
struct Peers {
    signer: StaticSigner,
    verifier: StaticVerifier,
    clock: ManualClock,
    now: u64,
}

impl Peers {
    /// Gives them a secret that is this input's own.
    fn new(data: &[u8], now: u64) -> Self {
        Self::with(Secret::from_raw_bytes(own_text(data)).unwrap(), now)
    }

    fn with(secret: Secret, now: u64) -> Self {
        let (signer, clock) = (StaticSigner::new(&secret), ManualClock::at(now));
        let verifier =
            StaticVerifier::builder().secret(secret).clock(clock.clone()).build().unwrap();
        Self { signer, verifier, clock, now }
    }
}

/// What is left of an input.
struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    /// Takes a line without its end; an empty one where nothing is left.
    fn line(&mut self) -> &'d [u8] {
        let mut parts = self.0.splitn(2, |byte| *byte == b'\n');
        let line = parts.next().unwrap_or_default();
        self.0 = parts.next().unwrap_or_default();
        line
    }

    /// Takes a line as a number: digits read as they look, and any other bytes are some number too.
    fn number(&mut self) -> usize {
        let digit = |byte: &u8| usize::from(byte.wrapping_sub(b'0'));
        self.line()
            .iter()
            .fold(0, |number: usize, byte| number.wrapping_mul(10).wrapping_add(digit(byte)))
    }
}
