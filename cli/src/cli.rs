//! The arguments, and which command they mean.

use std::process::ExitCode;

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::commands::{capture, completions, doctor, keys, listen, secret, send, verify, webhooks};
use crate::exit::{Exit, Failure, Run};
use crate::output::Output;
use crate::style;

/// Receive, send, verify and look into the webhooks of Google's Gemini API.
///
/// The Gemini API tells your server by a webhook when a batch, an interaction or a video is done.
/// A static webhook is registered for a project and signed with a secret (`v1`); a dynamic one
/// belongs to one job and is signed with Google's keys (a JWT, or `v1a`).
#[derive(Debug, Parser)]
#[command(
    name = "gemini-webhooks",
    version,
    styles = style::HELP,
    after_help = FIRST_STEPS,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Print JSON, one object per line, for programs
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,

    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub(crate) color: ColorChoice,
}

impl Global {
    /// Sets whether colours are used, everywhere in the program.
    pub(crate) fn choose_colours(&self) {
        match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// What to do; each says of itself what it is for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Listen(listen::Args),
    Send(send::Args),
    Verify(verify::Args),
    Capture(capture::Args),
    Keys(keys::Args),
    #[command(subcommand)]
    Secret(secret::Command),
    Webhooks(webhooks::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

impl Command {
    pub(crate) async fn run(self, output: Output) -> Run {
        match self {
            Self::Listen(args) => listen::run(args, output).await,
            Self::Send(args) => send::run(args, output).await,
            Self::Verify(args) => verify::run(args, output).await,
            Self::Capture(args) => capture::run(args, output).await,
            Self::Keys(args) => keys::run(args, output).await,
            Self::Secret(command) => secret::run(command, output),
            Self::Webhooks(args) => webhooks::run(args, output).await,
            Self::Doctor(args) => doctor::run(args, output).await,
            Self::Completions(args) => completions::run(&args),
        }
    }
}

/// Says what is wrong with the arguments, or the help that was asked for.
pub(crate) fn not_understood(error: &clap::Error) -> ExitCode {
    // There is nobody left to tell that this failed, too.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Ok.into();
    }
    // Whether JSON is asked for was not understood either.
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let message = text.trim().trim_start_matches("error: ");
        Output::new(true).failure_line(&Failure::usage(message));
    }
    Exit::Usage.into()
}

const FIRST_STEPS: &str = "\
First steps, in two terminals:
  gemini-webhooks secret new --secret-file secret
  gemini-webhooks listen --secret-file secret
  gemini-webhooks send http://127.0.0.1:8000/ --secret-file secret

Exit codes:
  0    it is as it should be
  1    refused: a delivery, an answer or a check is not as it should be
  2    nothing was tried: an argument, a file, a secret or another setting is wrong
  3    it could not be judged: the keys or the server could not be reached
  141  nobody reads the output any more";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
