//! Prints the public API that a JSON file of rustdoc describes, an item per line.
//!
//! Called by `scripts/public-api.sh`. Exits with 3 where the file is of another version of the format
//! than this program reads.

use std::env;
use std::process::ExitCode;

use public_api::{Builder, Error};

fn main() -> ExitCode {
    let Some(file) = env::args_os().nth(1) else {
        eprintln!("usage: gemini-webhooks-public-api FILE");
        return ExitCode::from(2);
    };
    let api = Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build();
    match api {
        Ok(api) => {
            print!("{api}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(if matches!(error, Error::SerdeJsonError(_)) { 3 } else { 1 })
        }
    }
}
