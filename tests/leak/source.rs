//! What there is to look at, taken from the source, so that nothing new is forgotten.

use std::collections::BTreeSet;
use std::path::Path;

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap()
}

fn is_type(word: &&str) -> bool {
    word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase)
}

/// The types that a module re-exports.
pub(crate) fn exported(file: &str) -> BTreeSet<String> {
    let source = read(file);
    let exports = source.split("\npub use ").skip(1).filter_map(|rest| rest.split_once(';'));
    let words =
        exports.flat_map(|(names, _)| names.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.filter(is_type).map(str::to_owned).collect()
}

/// The types of a public module.
pub(crate) fn public_in(file: &str) -> BTreeSet<String> {
    let source = read(file);
    let lines = source.lines();
    let items = lines
        .filter_map(|line| line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum ")));
    items.map(|item| word(item).to_owned()).collect()
}

/// The variants of an enum.
pub(crate) fn variants(file: &str, name: &str) -> BTreeSet<String> {
    let source = read(file);
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(word).filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

/// The word that a text starts with.
pub(crate) fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}

#[test]
fn the_source_is_read() {
    let root = exported("lib.rs");
    assert!(root.contains("Delivery") && root.contains("HttpsFetch"));
    assert!(public_in("tower.rs").contains("VerifyLayer"));
    assert_eq!(
        variants("error/problem.rs", "SeenScheme"),
        ["Jwt", "Unknown", "V1", "V1a"].map(str::to_owned).into()
    );
}
