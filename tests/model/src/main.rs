//! Judges requests by this crate's public API, for the model of the rules to compare with.
//!
//! `scripts/model.sh` starts it. It reads one JSON object a line: a configuration, which holds until
//! the next one, or a request. It answers each by one line, at the latest after an empty line.

mod judge;
mod peers;
mod setup;
mod verdict;

use std::error::Error;
use std::io::{self, BufRead as _, BufWriter, Write as _};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::judge::{Judge, Request};
use crate::setup::{Config, Setup};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Config(Box<Config>),
    Request(Request),
}

fn main() -> Result<()> {
    peers::install()?;
    let judge = Judge::new()?;
    let mut output = BufWriter::new(io::stdout().lock());
    let mut setup = None;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.is_empty() {
            output.flush()?;
            continue;
        }
        let answer = match serde_json::from_str(&line)? {
            Line::Config(config) => configure(*config, &mut setup)?,
            Line::Request(request) => judge.judge(setup.as_ref(), &request)?,
        };
        writeln!(output, "{answer}")?;
    }
    Ok(output.flush()?)
}

/// Takes over a configuration; an unusable one leaves nothing to ask.
fn configure(config: Config, setup: &mut Option<Setup>) -> Result<Value> {
    *setup = None;
    Ok(match Setup::new(config)? {
        Err(refused) => json!({ "refused": refused }),
        Ok(made) => json!({ "ok": setup.insert(made).describe_keys() }),
    })
}
