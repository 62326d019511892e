//! The page `docs/LIMITS.md`: its tables are written from the source of the limits and from the
//! baseline.

use std::fs;
use std::path::{Path, PathBuf};

use crate::baseline::{Count, Counts};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn read() -> String {
    fs::read_to_string(path("docs/LIMITS.md")).unwrap()
}

/// Writes the tables into the page.
pub fn write(counts: &Counts) {
    fs::write(path("docs/LIMITS.md"), renewed(&read(), counts)).unwrap();
}

/// Tells whether the page says what the source and the baseline say.
pub fn is_current(counts: &Counts) -> bool {
    read() == renewed(&read(), counts)
}

fn renewed(page: &str, counts: &Counts) -> String {
    let source = fs::read_to_string(path("src/limits.rs")).unwrap();
    with_part(&with_part(page, "limits", &limits(&source)), "costs", &costs(counts))
}

/// Replaces what stands between two comments.
fn with_part(page: &str, name: &str, part: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = page.split_once(&start).expect("the start of a part");
    let (_, after) = rest.split_once(&end).expect("the end of a part");
    format!("{before}{start}\n{part}\n{end}{after}")
}

/// A row for each public constant, with its value as the source has it and its documentation.
fn limits(source: &str) -> String {
    let mut table = "| limit | value | why |\n|---|---|---|\n".to_owned();
    let mut reason = Vec::new();
    for item in source.split('\n') {
        if let Some(line) = item.strip_prefix("/// ") {
            reason.push(line);
        } else if let Some(constant) = item.strip_prefix("pub const ") {
            let (name, rest) = constant.split_once(": ").unwrap();
            let (_, value) = rest.split_once(" = ").unwrap();
            let value = value.trim_end_matches(';').replace("std::time::", "");
            let reason = reason.join(" ").replace("[`", "`").replace("`]", "`");
            table += &format!("| `{name}` | `{value}` | {reason} |\n");
        } else {
            reason.clear();
        }
        if item.starts_with("pub const ") {
            reason.clear();
        }
    }
    table
}

fn costs(counts: &Counts) -> String {
    let mut table =
        "| stage | request | instructions | in hashes | signature checks | allocations | bytes |\n\
                     |---|---|---:|---:|---:|---:|---:|\n"
            .to_owned();
    for count in &counts.cases {
        let Count {
            stage,
            name,
            instructions,
            hash_instructions,
            signature_checks,
            allocations,
            allocated_bytes,
        } = count;
        let [instructions, hashes, bytes] =
            [*instructions, *hash_instructions, *allocated_bytes].map(grouped);
        table += &format!(
            "| {stage} | {name} | {instructions} | {hashes} | {signature_checks} | {allocations} | {bytes} |\n"
        );
    }
    table
}

/// Groups the digits by threes.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(|group| str::from_utf8(group).unwrap()).collect::<Vec<_>>().join(" ")
}
