//! What a command says: for people, or as JSON lines for programs.

use std::fmt::Display;
use std::io::Write as _;

use anstream::AutoStream;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::style::{BAD, DIM, WARN};
use crate::text::{Shown, json_line};

/// Something to say: [`Display`] for people, [`Serialize`] for programs.
pub(crate) trait Report: Display + Serialize {
    /// What the member `kind` of the JSON line says.
    const KIND: &'static str;

    /// Whether it is a document whose lines stay as they are, wherever they are shown.
    const IS_DOCUMENT: bool = false;
}

/// Where it is said. Results go to standard output, everything else to standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

#[derive(Serialize)]
struct Line<'r, R> {
    kind: &'static str,
    #[serde(flatten)]
    report: &'r R,
}

#[derive(Serialize)]
struct FailureLine<'f> {
    kind: &'static str,
    message: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'f str>,
    exit_code: u8,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Tells whether programs read it.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Says a result.
    pub(crate) fn report<R: Report>(self, report: &R) -> Result<(), Failure> {
        if self.json {
            return write(&self.text(report)?);
        }
        match terminal_width().filter(|_| !R::IS_DOCUMENT) {
            Some(width) => write(&wrapped(&report.to_string(), width)),
            None => write(&report.to_string()),
        }
    }

    /// Returns a result as it stands in a file: one line of JSON, or what people read.
    pub(crate) fn text<R: Report>(self, report: &R) -> Result<String, Failure> {
        if self.json { json(&Line { kind: R::KIND, report }) } else { Ok(report.to_string()) }
    }

    /// Says why the command could not do its work.
    pub(crate) fn failure(self, failure: &Failure) {
        let Failure { exit, message, remedy } = failure;
        if *exit == Exit::Unread {
            return;
        }
        say(format_args!("{BAD}error:{BAD:#} {}", Shown(message)));
        for line in remedy.iter().flat_map(|remedy| remedy.lines()) {
            say(format_args!("  {}", Shown(line.trim_start())));
        }
        self.failure_line(failure);
    }

    /// The same for programs alone.
    pub(crate) fn failure_line(self, Failure { exit, message, remedy }: &Failure) {
        if !self.json {
            return;
        }
        let failure = FailureLine {
            kind: "error",
            message,
            remedy: remedy.as_deref(),
            exit_code: exit.code(),
        };
        // There is nobody left to tell that this failed, too.
        let _ = json(&failure).and_then(|line| write(&line));
    }
}

/// Says something that is no result: where we listen, what is waited for.
pub(crate) fn note(text: impl Display) {
    say(format_args!("{DIM}{text}{DIM:#}"));
}

/// Says something that the user had better know.
pub(crate) fn warning(text: impl Display) {
    say(format_args!("{WARN}warning:{WARN:#} {text}"));
}

/// A standard error that nobody reads is no reason to stop.
fn say(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says a text that is the result itself, such as a script, whoever reads it.
pub(crate) fn raw(text: &str) -> Result<(), Failure> {
    write(text)
}

fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    let json = serde_json::to_string(value).map_err(std::io::Error::from)?;
    Ok(json_line(&json) + "\n")
}

/// How wide the terminal is, if there is one.
fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(std::io::stdout())?;
    (width >= NARROWEST).then_some(width.into())
}

/// Narrower than this nothing is gained by breaking lines.
const NARROWEST: u16 = 40;

/// Breaks long lines between words, each as far to the right as it began.
fn wrapped(text: &str, width: usize) -> String {
    let wrap = |line: &str| {
        let indent = " ".repeat(line.len().saturating_sub(line.trim_start().len()));
        let options = textwrap::Options::new(width).subsequent_indent(&indent).break_words(false);
        textwrap::fill(line, options)
    };
    text.lines().map(wrap).collect::<Vec<_>>().join("\n")
}

/// Writes whole lines at once, so that those of two tasks, or of two programs, do not mix.
fn write(text: &str) -> Result<(), Failure> {
    let stdout = std::io::stdout();
    let mut coloured = AutoStream::new(Vec::new(), AutoStream::choice(&stdout));
    writeln!(coloured, "{}", text.trim_end_matches('\n'))?;
    let mut stdout = stdout.lock();
    stdout.write_all(&coloured.into_inner())?;
    Ok(stdout.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_between_words_and_keeps_its_place() {
        let text = "first\n    why: one two three four five six\n";
        assert_eq!(wrapped(text, 20), "first\n    why: one two\n    three four five\n    six");
        let coloured = format!("{WARN}why:{WARN:#} one two three");
        assert_eq!(wrapped(&coloured, 15), coloured.replace(" three", "\nthree"));
        assert_eq!(wrapped("https://example.com/long/path", 10), "https://example.com/long/path");
    }
}
