//! Lets the real verifiers judge one request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use gemini_webhooks::{Delivery, Envelope, Error, HeaderLookup};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::setup::{Setup, at};
use crate::{Result, peers, verdict};

#[derive(Deserialize)]
pub struct Request {
    kind: Kind,
    headers: Vec<(String, String)>,
    body: String,
    /// Seconds and nanoseconds since 1970.
    now: (u64, u32),
    /// Whether the headers come as an `http::HeaderMap`, and not as pairs.
    #[serde(default)]
    map: bool,
    /// Whether to ask other crates, too; they know no clock but the system's.
    #[serde(default)]
    peers: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Static,
    Dynamic,
    Mixed,
    /// The body alone is read as an event, strictly.
    Event,
}

type Verdict = std::result::Result<Delivery, Error>;

pub struct Judge {
    runtime: Runtime,
}

impl Judge {
    pub fn new() -> Result<Self> {
        Ok(Self { runtime: Builder::new_current_thread().build()? })
    }

    pub fn judge(&self, setup: Option<&Setup>, request: &Request) -> Result<Value> {
        let body = Bytes::from(BASE64.decode(&request.body)?);
        if let Kind::Event = request.kind {
            return Ok(verdict::of_event(&Envelope::from_slice(&body)));
        }
        let Some(setup) = setup else { return Ok(json!({ "refused": "config" })) };
        let pairs = request.headers.iter();
        let pairs = pairs.map(|(name, value)| Ok((name.clone(), BASE64.decode(value)?)));
        let pairs = pairs.collect::<Result<Vec<_>>>()?;
        let verdict = if request.map {
            self.verify(setup, request, &header_map(&pairs)?, body.clone())?
        } else {
            self.verify(setup, request, &pairs, body.clone())?
        };
        let mut answer = verdict::of_request(&verdict);
        if request.peers {
            answer["peers_clock"] = json!(peers::clock());
            answer["peers"] = match request.kind {
                Kind::Static => peers::standardwebhooks(setup, &header_map(&pairs)?, &body),
                _ => peers::jsonwebtoken(setup, &pairs),
            };
        }
        Ok(answer)
    }

    fn verify<H: HeaderLookup + Sync>(
        &self,
        setup: &Setup,
        request: &Request,
        headers: &H,
        body: Bytes,
    ) -> Result<Verdict> {
        let now = at(request.now.0, request.now.1);
        setup.clock.set(now);
        match (request.kind, setup) {
            (Kind::Static, Setup { static_verifier: Some(verifier), .. }) => {
                let checked = verifier.check_at(headers, &body, now);
                let verdict = verifier.verify_at(headers, body, now);
                agree(checked.map(drop), &verdict)?;
                Ok(verdict)
            }
            (Kind::Dynamic, Setup { dynamic_verifier: Some(verifier), .. }) => {
                Ok(verifier.verify_with_at(&setup.keys, headers, body, now))
            }
            (Kind::Mixed, Setup { mixed_verifier: Some(verifier), .. }) => {
                let late = std::future::ready(Ok(body.clone()));
                let received = self.runtime.block_on(verifier.receive(headers, late));
                let verdict = self.runtime.block_on(verifier.verify(headers, body));
                // The headers come first there, and the size of a body here.
                if !matches!(verdict, Err(Error::BodyTooLarge { .. })) {
                    agree(received.map(drop), &verdict)?;
                }
                Ok(verdict)
            }
            _ => Err("a request without a verifier for it".into()),
        }
    }
}

/// Two ways through one verifier must end alike.
fn agree(one: std::result::Result<(), Error>, other: &Verdict) -> Result<()> {
    let other = other.as_ref().map(|_| ()).map_err(Clone::clone);
    if one == other { Ok(()) } else { Err(format!("{one:?}, and {other:?}").into()) }
}

fn header_map(pairs: &[(String, Vec<u8>)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_bytes(value)?);
    }
    Ok(map)
}
