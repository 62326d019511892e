//! Every bound on what a request may bring or a caller may ask for, each with its reason. A value
//! equal to a limit still passes.
//!
//! Numbers that neither can reach stand where they are used: how long a connection may take, say, or
//! how the key cache paces its fetches.

/// Largest body by default, in bytes: thin events are a few hundred bytes, and Standard Webhooks
/// recommends at most 20 kB; this leaves room for a large `user_metadata`.
pub const DEFAULT_MAX_BODY_BYTES: usize = 1024 * 1024;

/// Smallest value a caller may set as the largest body, in bytes: below it real events are lost.
pub const LEAST_MAX_BODY_BYTES: usize = 1024;

/// Largest value a caller may set as the largest body, in bytes: a body is held in memory.
pub const GREATEST_MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The range in which a caller sets the largest body.
pub(crate) fn body_range() -> std::ops::RangeInclusive<usize> {
    LEAST_MAX_BODY_BYTES..=GREATEST_MAX_BODY_BYTES
}

/// Largest `webhook-id`, in bytes: the observed ones (`msg_` and a UUID) have 40.
pub const MAX_ID_BYTES: usize = 256;

/// Largest `webhook-timestamp`, in digits: enough for the year 9999, too few to overflow an `i64`.
pub const MAX_TIMESTAMP_BYTES: usize = 12;

/// Latest `webhook-timestamp`, in Unix seconds: the end of the year 9999, where RFC 3339 ends too.
pub const MAX_TIMESTAMP: i64 = 253_402_300_799;

/// Largest `webhook-signature` of any form, in bytes: a JWT is the longest.
pub const MAX_SIGNATURE_HEADER_BYTES: usize = 16 * 1024;

/// Largest list of signatures, in bytes: sixteen Ed25519 entries with room to spare.
pub const MAX_SIGNATURE_LIST_BYTES: usize = 4 * 1024;

/// Most entries in a list of signatures: one per valid secret is expected, and a rotation has two.
/// What an entry costs is one comparison per secret, never a MAC.
pub const MAX_SIGNATURE_ENTRIES: usize = 16;

/// Most secrets in one verifier: each costs one MAC when a signature is wrong.
pub const MAX_SECRETS: usize = 8;

/// Shortest and longest key of a secret, in bytes: the range of Standard Webhooks.
pub const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The same where the caller opted out of that range: under 16 bytes a key can be guessed.
pub const ODD_SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// Shortest and longest replay window in either direction, in seconds: within it a captured request
/// can be replayed, and clocks differ by less than an hour.
pub const REPLAY_WINDOW_SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;

/// Deepest nesting of JSON: real events nest twice; a parser's stack must not be the sender's.
pub const MAX_JSON_DEPTH: usize = 64;

/// Largest key document, in bytes: Google's is a few KiB.
pub const MAX_JWKS_BYTES: usize = 128 * 1024;

/// Most keys that are read of a document: Google's sets have three or so.
pub const MAX_JWKS_KEYS: usize = 64;

/// Most RSA keys that are used: at 8192 bits each takes some 2.5 KiB once it is parsed, and Google's
/// sets have two or three.
pub const MAX_RSA_KEYS: usize = 32;

/// Most Ed25519 keys that are used: each costs one verification per signature, since the live
/// service gives them no `kid` to choose by. Three were seen.
pub const MAX_ED25519_KEYS: usize = 8;

/// Most `v1a` signatures in a list: with [`MAX_ED25519_KEYS`] they bound the verifications.
pub const MAX_V1A_ENTRIES: usize = 4;

/// Shortest and longest time that a caller may have a key set kept, in seconds: below it the
/// cooldown would not let it be fetched again in time, and above it a withdrawn key is trusted for days.
pub const TTL_SECONDS: std::ops::RangeInclusive<u64> = 60..=24 * 3600;

/// Shortest and longest time that a caller may have a key set used past that, in seconds: while the
/// endpoint is down a withdrawn key is trusted for as long.
pub const STALE_SECONDS: std::ops::RangeInclusive<u64> = 0..=24 * 3600;

/// Shortest and longest time that a caller may set between fetches, in seconds: it bounds what a flood
/// of unknown kids costs the endpoint, and how long a rotation may go unseen.
pub const COOLDOWN_SECONDS: std::ops::RangeInclusive<u64> = 1..=600;

/// How long a fetch of the key document may take in all: the sender waits a few seconds for its
/// answer (Google's page).
pub const FETCH_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Most requests that wait for one fetch: each holds its body meanwhile.
pub const MAX_WAITERS: usize = 1024;

/// Most kids that are remembered as unknown: a flood of them must not fill the memory.
pub const MAX_UNKNOWN_KIDS: usize = 1024;

/// Longest `kid`, in bytes: those of Google's other key sets have forty.
pub const MAX_KID_BYTES: usize = 256;

/// Longest header of a JWT, in bytes of base64url: a `kid` of the longest, all of it escapes, with the
/// algorithm and the type beside it. What says more is not a header that Google documents.
pub const MAX_JWT_HEADER_BYTES: usize = 2 * 1024 + 256;

/// Smallest RSA modulus, in bits: below it a key can be factored one day (RFC 7518 section 3.3).
pub const MIN_RSA_BITS: usize = 2048;

/// Largest RSA modulus that any backend verifies, in bits: a signature has as many, and its check
/// costs some twelve times that of 2048.
pub const MAX_RSA_BITS: usize = 8192;

/// Largest leeway for the times in a JWT, in seconds: a few minutes (RFC 7519 section 4.1.4).
pub const MAX_LEEWAY_SECONDS: u64 = 300;

/// Shortest and longest life of a JWT that a caller may allow, in seconds: for as long a captured one
/// can be used.
pub const TOKEN_LIFE_SECONDS: std::ops::RangeInclusive<u64> = 60..=7 * 24 * 3600;

/// Shortest and longest age of a JWT that a caller may allow, in seconds: as its life.
pub const TOKEN_AGE_SECONDS: std::ops::RangeInclusive<u64> = 1..=24 * 3600;

/// Most accepted audiences, and most issuers, of one verifier: each is compared with every one that a
/// token names.
pub const MAX_AUDIENCES: usize = 8;

/// Most tokens of a metadata binding that are valid at once: a rotation needs two.
pub const MAX_BINDING_TOKENS: usize = 4;

/// Shortest token of a metadata binding, in bytes: it must not be guessed.
pub const MIN_BINDING_TOKEN_BYTES: usize = 16;

/// How long work may take before somebody else may start it, in seconds: after a crash the event waits
/// for as long.
pub const DEDUP_LEASE_SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;

/// How long processed deliveries are remembered, in seconds: the sender retries for 24 hours
/// (Google's page), and its clock is not ours.
pub const DEDUP_KEEP_SECONDS: std::ops::RangeInclusive<u64> = 25 * 3600..=30 * 24 * 3600;

/// Most deliveries that are remembered in this process: the oldest is forgotten first, and the memory
/// stays under 32 MiB.
pub const DEDUP_IDS: u64 = 100_000;

/// Longest API key, in bytes: those seen have 39 to 53, and what is pasted by mistake is longer.
pub const MAX_API_KEY_BYTES: usize = 1024;

/// Shortest and longest time that a caller may give a call of the API with its repeats, in seconds.
pub const CALL_SECONDS: std::ops::RangeInclusive<u64> = 1..=300;

/// How long a call of the API may take, with its repeats, where the caller does not say.
pub const DEFAULT_CALL_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// Most times that a call of the API is sent again, where that is safe.
pub const MAX_REPEATS: usize = 3;

/// Largest answer that holds one webhook, in bytes: a few hundred are expected.
pub const MAX_WEBHOOK_ANSWER_BYTES: usize = 64 * 1024;

/// Largest answer that holds a page of webhooks, in bytes: 4 KiB for each of the most there can be.
pub const MAX_PAGE_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Most that is read of an answer which reports an error, in bytes.
pub const MAX_ERROR_ANSWER_BYTES: usize = 16 * 1024;

/// Most that is kept of a text in which the service reports an error, in characters.
pub const MAX_ERROR_TEXT_CHARS: usize = 512;

/// Fewest and most webhooks on a page (observed).
pub const PAGE_SIZES: std::ops::RangeInclusive<u16> = 1..=1000;

/// Webhooks on a page where the caller does not say: the service's own default (observed).
pub const DEFAULT_PAGE_SIZE: u16 = 50;

/// Longest page token, in bytes: it is sent back in a URL.
pub const MAX_PAGE_TOKEN_BYTES: usize = 2 * 1024;

/// Most pages of one listing: a project has a handful of webhooks, and a server that goes wrong
/// must not be listed for ever.
pub const MAX_PAGES: usize = 1000;

/// Longest id of a webhook, in bytes: those seen have 36.
pub const MAX_WEBHOOK_ID_BYTES: usize = 128;

/// Longest name of a webhook, in bytes.
pub const MAX_WEBHOOK_NAME_BYTES: usize = 1024;

/// Longest URI that events are sent to, in bytes.
pub const MAX_CALLBACK_URI_BYTES: usize = 2 * 1024;

/// Most URIs of one job.
pub const MAX_CALLBACK_URIS: usize = 8;

/// Largest `user_metadata` of a job, in bytes of JSON: every delivery carries it back, and events
/// should have under 20 kB (Standard Webhooks).
pub const MAX_USER_METADATA_BYTES: usize = 16 * 1024;

/// Largest body that a diagnosis looks into, in bytes: it is written anew in many forms, each of
/// which is hashed.
pub const MAX_EXPLAINED_BODY_BYTES: usize = 256 * 1024;

/// Most MACs, or signatures checked, of one diagnosis in all: with one or two secrets enough for
/// every mistake that it knows.
pub const MAX_EXPLAIN_CHECKS: usize = 64;
