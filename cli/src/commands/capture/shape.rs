//! The shape of a JSON document: the names of its members and what kind of value each has.

use serde_json::{Map, Value};

use super::form::{kind, safe_name};

/// How deep is looked.
const MAX_DEPTH: usize = 4;

/// How many members are told.
const MAX_LINES: usize = 64;

/// What the user put there: its members' names may be values.
const USERS_OWN: &str = "user_metadata";

/// Lists the members of an object, each with its path and its kind.
pub(super) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match value {
        Value::Object(members) => list(members, "", MAX_DEPTH, &mut lines),
        other => lines.push(format!("(no object): {}", kind(other))),
    }
    if lines.len() > MAX_LINES {
        let more = lines.len().saturating_sub(MAX_LINES);
        lines.truncate(MAX_LINES);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn list(members: &Map<String, Value>, path: &str, depth_left: usize, lines: &mut Vec<String>) {
    let mut not_shown = 0_usize;
    for (name, value) in members {
        let Some(name) = safe_name(name) else {
            not_shown = not_shown.saturating_add(1);
            continue;
        };
        lines.push(format!("{path}{name}: {}", kind(value)));
        if name == USERS_OWN || depth_left == 0 || lines.len() > MAX_LINES {
            continue;
        }
        let (path, depth_left) = (format!("{path}{name}"), depth_left.saturating_sub(1));
        match value {
            Value::Object(members) => list(members, &format!("{path}."), depth_left, lines),
            Value::Array(items) => {
                if let Some(Value::Object(members)) = items.first() {
                    list(members, &format!("{path}[]."), depth_left, lines);
                }
            }
            _ => {}
        }
    }
    if not_shown > 0 {
        lines.push(format!("{path}(names that are not shown): {not_shown}"));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_kinds_and_nothing_else() {
        let document = json!({
            "type": "batch.succeeded",
            "data": {"id": "SECRET1", "output_file_uri": "gs://SECRET2", "list": [{"a": 1.5}]},
            "user_metadata": {"SECRET3": "SECRET4"},
            "someone@example.com": true,
        });
        let lines = lines(&document).join("\n");
        assert_eq!(
            lines,
            "data: object of 3\n\
             data.id: text\n\
             data.list: array of 1\n\
             data.list[].a: number with a fraction\n\
             data.output_file_uri: text (gs:// URI)\n\
             type: text\n\
             user_metadata: object of 1\n\
             (names that are not shown): 1"
        );
    }

    #[test]
    fn a_hostile_document_has_a_small_shape() {
        let wide: Map<String, Value> = (0..10_000_u32)
            .map(|n| (format!("m{}", "a".repeat(usize::try_from(n % 12).unwrap())), json!(n)))
            .collect();
        assert!(
            lines(&json!({"a": wide, "b": {"c": {"d": {"e": {"f": {"g": 1}}}}}})).len()
                <= MAX_LINES + 1
        );
        let many: Map<String, Value> = ('a'..='z')
            .flat_map(|a| ('a'..='z').map(move |b| (format!("{a}{b}"), Value::Null)))
            .collect();
        let lines = lines(&Value::Object(many));
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert!(lines.last().unwrap().starts_with("and "));
    }

    proptest! {
        #[test]
        fn no_value_and_no_odd_name_is_told(name in "[ -~]{1,40}", value in "[A-Z]{6,20}") {
            let document = json!({
                "user_metadata": { &name: &value }, "data": { &name: &value }, &name: 1
            });
            let told = lines(&document);
            let told_of = |path: &str| told.iter().any(|line| line.starts_with(&format!("{path}{name}: ")));
            prop_assert!(!told.iter().any(|line| line.contains(&value)), "{:?}", told);
            prop_assert!(!told_of("user_metadata."), "{:?}", told);
            prop_assert_eq!(told_of(""), safe_name(&name).is_some(), "{:?}", told);
            prop_assert_eq!(told_of("data."), safe_name(&name).is_some(), "{:?}", told);
        }
    }
}
