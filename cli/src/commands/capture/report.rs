//! The report: what was seen, in a form that can be pasted into an issue.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::evidence::{Evidence, Shape};
use super::topic::Topic;
use crate::output::Report as Said;

/// All that was seen.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    verified: u64,
    refused: BTreeMap<&'static str, u64>,
    questions: Vec<Question>,
    shapes: Vec<Seen>,
    left_out: u64,
    accepted_by: String,
}

#[derive(Debug, Serialize)]
struct Question {
    topic: Topic,
    asks: &'static str,
    answers: Vec<Answer>,
}

#[derive(Debug, Serialize)]
struct Answer {
    seen: String,
    times: u64,
}

#[derive(Debug, Serialize)]
struct Seen {
    times: u64,
    #[serde(flatten)]
    shape: Shape,
}

impl Report {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let answer = |(seen, times): (&str, u64)| Answer { seen: seen.to_owned(), times };
        let question = |topic: &Topic| Question {
            topic: *topic,
            asks: topic.asks(),
            answers: evidence.answers(*topic).into_iter().map(answer).collect(),
        };
        let shapes = evidence.shapes.iter();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            verified: evidence.verified,
            refused: evidence.refused.clone(),
            questions: Topic::ALL.iter().map(question).collect(),
            shapes: shapes
                .map(|(shape, times)| Seen { times: *times, shape: shape.clone() })
                .collect(),
            left_out: evidence.left_out,
            accepted_by: evidence.needs.to_rust(),
        }
    }
}

impl Said for Report {
    const KIND: &'static str = "capture";
    const IS_DOCUMENT: bool = true;
}

/// Markdown.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, verified, refused, questions, shapes, left_out, accepted_by } = self;
        writeln!(f, "## What Gemini webhooks look like\n")?;
        writeln!(
            f,
            "Recorded by `gemini-webhooks capture` {version}: names, kinds, forms and counts. It"
        )?;
        writeln!(
            f,
            "holds no value, token, signature, secret or body of a delivery, and nothing from"
        )?;
        writeln!(f, "inside `user_metadata`.\n")?;
        writeln!(f, "{verified} verified.{}\n", refusals(refused))?;
        writeln!(f, "| question | seen |\n|---|---|")?;
        for Question { asks, answers, .. } in questions {
            writeln!(f, "| {asks} | {} |", cell(answers))?;
        }
        for Seen { times, shape: Shape { type_name, form, members } } in shapes {
            writeln!(f, "\n### {type_name}, {form}, {times} ×\n\n```text")?;
            for member in members {
                writeln!(f, "{member}")?;
            }
            writeln!(f, "```")?;
        }
        if *left_out > 0 {
            writeln!(f, "\n{left_out} findings more found no place.")?;
        }
        if !accepted_by.is_empty() {
            writeln!(f, "\n### Accepted by\n\n```rust\n{accepted_by}\n```")?;
        }
        Ok(())
    }
}

fn refusals(refused: &BTreeMap<&'static str, u64>) -> String {
    if refused.is_empty() {
        return String::new();
    }
    let codes = refused.iter().map(|(code, times)| format!("{times} × `{code}`"));
    format!(" Not verified: {}.", codes.collect::<Vec<_>>().join(", "))
}

fn cell(answers: &[Answer]) -> String {
    if answers.is_empty() {
        return "–".to_owned();
    }
    let texts = answers.iter().map(|Answer { seen, times }| format!("{seen} ({times} ×)"));
    texts.collect::<Vec<_>>().join("<br>").replace('|', "\\|")
}
