//! The command line of `gemini-webhooks`: receives, sends, verifies and looks into the webhooks of
//! Google's Gemini API.

mod api;
mod captured;
mod cli;
mod commands;
mod endpoint;
mod error_view;
mod exit;
mod files;
mod jwks;
mod moment;
mod output;
mod receiver;
mod secrets;
mod signals;
mod signing;
mod style;
mod text;
mod view;
mod web;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return cli::not_understood(&error),
    };
    global.choose_colours();
    let output = Output::new(global.json);
    let exit = command.run(output).await.unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit
    });
    exit.into()
}
