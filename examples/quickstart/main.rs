//! Plays the Gemini API against real receivers on loopback, and checks every answer.
//!
//! `cargo run --example quickstart`
//!
//! The receivers are axum servers, and Google's keys come from a server of their own. The other
//! side signs as the service does, and then does what attackers and accidents do. Exits non-zero
//! when any verdict is not the expected one.

mod dynamic_part;
mod static_part;
mod table;

use std::error::Error;
use std::process::ExitCode;

use self::table::Table;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut table = Table::new()?;
    static_part::play(&mut table).await?;
    dynamic_part::play(&mut table).await?;
    println!("{} wrong", table.wrong());
    Ok(if table.wrong() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
