//! `keys`: the key set of dynamic webhooks, key by key.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gemini_webhooks::{KeySet, SkippedKey};
use serde::Serialize;
use serde_json::Value;

use crate::exit::{Exit, Failure, Run};
use crate::jwks::{Document, JwksArgs, KeysFrom};
use crate::output::{Output, Report};
use crate::style::{BAD, BOLD, GOOD, WARN};
use crate::text::{Shown, count};

/// Show and check the keys of dynamic webhooks
///
/// Each key is shown, or why it is not used, and how long the set may be kept.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks keys                        what Google publishes
  gemini-webhooks keys --jwks keys.json       a file
  gemini-webhooks keys --json | jq .usable    how many can be used

Exit codes: 0 there is a usable key, 1 there is none, 2 usage, 3 it could not be fetched")]
pub(crate) struct Args {
    #[command(flatten)]
    jwks: JwksArgs,
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    let from = args.jwks.keys_from();
    let document = from.document().await?;
    let report = KeysReport::new(&from, &document)?;
    output.report(&report)?;
    Ok(if report.usable > 0 { Exit::Ok } else { Exit::Refused })
}

#[derive(Debug, Serialize)]
struct KeysReport {
    from: String,
    bytes: usize,
    usable: usize,
    keys: Vec<Key>,
    headers: Vec<Header>,
}

#[derive(Debug, Serialize)]
struct Key {
    index: usize,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

#[derive(Debug, Serialize)]
struct Header {
    name: &'static str,
    value: Option<String>,
}

/// The headers that say how old an answer is and how long it may be kept.
const CACHE_HEADERS: [&str; 7] =
    ["cache-control", "age", "date", "expires", "last-modified", "etag", "content-type"];

impl KeysReport {
    fn new(from: &KeysFrom, document: &Document) -> Result<Self, Failure> {
        let keys = KeySet::from_json(&document.body)
            .map_err(|problem| Failure::refused(format_args!("{from}: {problem}")))?;
        Ok(Self {
            from: from.to_string(),
            bytes: document.body.len(),
            usable: keys.len(),
            keys: list(&document.body, keys.skipped()),
            headers: match from {
                KeysFrom::File(_) => Vec::new(),
                _ => CACHE_HEADERS.map(|name| header(document, name)).into(),
            },
        })
    }
}

fn header(document: &Document, name: &'static str) -> Header {
    let value = document.headers.get(name);
    Header {
        name,
        value: value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    }
}

/// The keys of the document in their order, as far as the library looks at them.
fn list(document: &[u8], skipped: &[SkippedKey]) -> Vec<Key> {
    let document: Value = serde_json::from_slice(document).unwrap_or_default();
    let keys = document.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let describe = |(index, key): (usize, &Value)| {
        let text = |name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
        let reason = skipped.iter().find(|skipped| skipped.index == index);
        Key {
            index,
            kind: kind(key),
            kid: text("kid"),
            usage: text("use"),
            alg: text("alg"),
            skipped: reason.map(|skipped| skipped.reason.to_string()),
        }
    };
    keys.iter().enumerate().take(gemini_webhooks::limits::MAX_JWKS_KEYS).map(describe).collect()
}

/// `RSA 2048 bits`, `OKP Ed25519`, or whatever it says of itself.
pub(crate) fn kind(key: &Value) -> String {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let kty = text("kty").unwrap_or("(no kty)").to_owned();
    let bits = text("n").and_then(|n| BASE64_URL_SAFE_NO_PAD.decode(n).ok()).map(|n| bits(&n));
    match (bits, text("crv")) {
        (Some(bits), _) => format!("{kty} {bits} bits"),
        (None, Some(crv)) => format!("{kty} {crv}"),
        (None, None) => kty,
    }
}

fn bits(modulus: &[u8]) -> usize {
    let leading = modulus.first().map_or(0, |first| first.leading_zeros());
    modulus.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or(0))
}

impl Report for KeysReport {
    const KIND: &'static str = "keys";
}

impl fmt::Display for KeysReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, bytes, usable, keys, headers } = self;
        let style = if *usable > 0 { GOOD } else { BAD };
        writeln!(f, "{BOLD}{}{BOLD:#} ({})", Shown(from), count(*bytes, "byte"))?;
        writeln!(f, "{style}{} of {} usable{style:#}", usable, count(keys.len(), "key"))?;
        for key in keys {
            writeln!(f, "  {key}")?;
        }
        for Header { name, value } in headers {
            match value {
                Some(value) => writeln!(f, "  {name}: {}", Shown(value))?,
                None => writeln!(f, "  {name}: not sent")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, kind, kid, usage, alg, skipped } = self;
        write!(f, "{index}. {}", Shown(kind))?;
        for (name, value) in [("kid", kid), ("use", usage), ("alg", alg)] {
            match value {
                Some(value) => write!(f, ", {name} {}", Shown(value))?,
                None => write!(f, ", no {name}")?,
            }
        }
        match skipped {
            Some(reason) => write!(f, "\n     {WARN}not used:{WARN:#} {reason}"),
            None => Ok(()),
        }
    }
}
