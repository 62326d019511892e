//! `completions`: the completions for a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{Exit, Failure, Run};
use crate::output;

/// Print the completions for a shell.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks completions bash > ~/.local/share/bash-completion/completions/gemini-webhooks
  gemini-webhooks completions zsh > ~/.zfunc/_gemini-webhooks
  gemini-webhooks completions fish > ~/.config/fish/completions/gemini-webhooks.fish")]
pub(crate) struct Args {
    /// For which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Run {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gemini-webhooks", &mut script);
    let script = String::from_utf8(script).map_err(Failure::usage)?;
    output::raw(&script)?;
    Ok(Exit::Ok)
}
