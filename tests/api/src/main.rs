//! Prints the public API that a JSON file of rustdoc describes, an item per line.
//!
//! Called by `scripts/public-api.sh`. Exits with 3 where the file is of another version of the format
//! than this program reads.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use public_api::Builder;
use rustdoc_types::FORMAT_VERSION;
use serde_json::Value;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let file = env::args_os().nth(1).ok_or("usage: gemini-webhooks-public-api FILE")?;
    let version = format_version(file.as_ref())?;
    if version != u64::from(FORMAT_VERSION) {
        eprintln!("the format has version {version}, and {FORMAT_VERSION} is read here");
        return Ok(ExitCode::from(3));
    }
    let api = Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()?;
    print!("{api}");
    Ok(ExitCode::SUCCESS)
}

/// Whatever else has changed in the format, the version stands where it stood.
fn format_version(file: &Path) -> Result<u64, Box<dyn Error>> {
    let json: Value = serde_json::from_slice(&fs::read(file)?)?;
    Ok(json["format_version"].as_u64().ok_or("no format_version: this is no JSON of rustdoc")?)
}
