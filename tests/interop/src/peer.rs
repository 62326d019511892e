//! A program around somebody else's package, asked over its standard input and output.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::Result;
use crate::judge::{Side, Verdict};

/// What a peer says to a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Signature(String),
    /// With what was read of the message, if anything.
    Verified(Value),
    /// A public key, as a JWK.
    Key(Value),
    /// A private key.
    Pem(String),
    /// Not verified, or not signed, with the peer's reason.
    Refused(String),
}

pub struct Peer {
    pub side: Side,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    pub fn start(side: Side, program: &str, script: &str) -> Result<Self> {
        let mut process = Command::new(program)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("cannot talk to {program}").into());
        };
        Ok(Self { side, process, input, output: BufReader::new(output) })
    }

    /// Sends a request and waits for its answer. An error means that the peer itself is broken.
    pub fn ask(&mut self, request: &Value) -> Result<Answer> {
        let broken = |what: &str| format!("the {} peer {what}", self.side);
        writeln!(self.input, "{request}").map_err(|_| broken("ended too early"))?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(broken("ended without an answer").into());
        }
        serde_json::from_str(&line)
            .map_err(|error| broken(&format!("answered {line:?}: {error}")).into())
    }

    /// Asks for a verification.
    pub fn verify(&mut self, request: &Value) -> Result<Verdict> {
        match self.ask(request)? {
            Answer::Verified(read) => Ok(Ok(read)),
            Answer::Refused(reason) => Ok(Err(reason)),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Asks for a signature, which the peer must not refuse.
    pub fn sign(&mut self, request: &Value) -> Result<String> {
        match self.ask(request)? {
            Answer::Signature(signature) => Ok(signature),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Asks for a public key, which the peer must not refuse.
    pub fn key(&mut self, request: &Value) -> Result<Value> {
        match self.ask(request)? {
            Answer::Key(key) => Ok(key),
            other => Err(self.unexpected(&other)),
        }
    }

    /// The error for an answer that is none to the question.
    pub fn unexpected(&self, answer: &Answer) -> Box<dyn Error> {
        format!("the {} peer answered {answer:?}", self.side).into()
    }

    /// Lets the peer come to its end, which must be a good one.
    pub fn stop(self) -> Result<()> {
        let Self { side, mut process, input, .. } = self;
        drop(input);
        let status = process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the {side} peer ended with {status}").into())
        }
    }
}
