//! A program around somebody else's package, asked over its standard input and output.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::Result;

#[derive(Clone, Copy)]
pub enum Language {
    Python,
    JavaScript,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
        })
    }
}

/// What a peer says to a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Signature(String),
    Verified(bool),
    /// Not verified, or not signed, with the peer's reason.
    Refused(String),
}

pub struct Peer {
    pub language: Language,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    pub fn start(language: Language, program: &str, script: &str) -> Result<Self> {
        let mut process = Command::new(program)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("cannot talk to {program}").into());
        };
        Ok(Self { language, process, input, output: BufReader::new(output) })
    }

    /// Sends a request and waits for its answer. An error means that the peer itself is broken.
    pub fn ask(&mut self, request: &Value) -> Result<Answer> {
        let broken = |what: &str| format!("the {} peer {what}", self.language);
        writeln!(self.input, "{request}").map_err(|_| broken("ended too early"))?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(broken("ended without an answer").into());
        }
        serde_json::from_str(&line)
            .map_err(|error| broken(&format!("answered {line:?}: {error}")).into())
    }

    /// Lets the peer come to its end, which must be a good one.
    pub fn stop(self) -> Result<()> {
        let Self { language, mut process, input, .. } = self;
        drop(input);
        let status = process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the {language} peer ended with {status}").into())
        }
    }
}
