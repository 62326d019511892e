//! The one place for what a server cannot do.

/// Says what is not asked of a server, or what it does otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The servers, by the start of their names.
    pub servers: &'static [&'static str],
    /// The cases, by name.
    pub cases: &'static [&'static str],
    /// The code of the reason that is told there instead; `None` where the case is not asked.
    pub code: Option<&'static str>,
    /// Why.
    pub reason: &'static str,
}

/// Everything that is not asked of every server alike.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        servers: &["axum", "actix-web", "tower"],
        cases: &["a_sender_that_stops_in_the_middle_of_a_body"],
        code: None,
        reason: "the adapters leave the time of a request to a layer or a proxy around them",
    },
    Exception {
        servers: &["rocket"],
        cases: &[
            "a_second_that_is_not_utf_8_webhook_id",
            "a_second_that_is_not_utf_8_webhook_timestamp",
            "a_second_that_is_not_utf_8_webhook_signature",
        ],
        code: None,
        reason: "Rocket drops a header whose value is not UTF-8 before anybody sees it",
    },
    Exception {
        servers: &["rocket"],
        cases: &[
            "a_body_that_announces_too_much_is_not_waited_for",
            "no_body_is_waited_for_when_the_headers_are_refused",
        ],
        code: None,
        reason: "Rocket waits for the first 14 bytes of every body before it looks for a route",
    },
    Exception {
        servers: &["lambda"],
        cases: &[
            "a_body_that_announces_too_much_is_not_waited_for",
            "a_body_that_announces_too_much_is_not_read_to_its_end",
            "a_body_of_an_absurd_length_is_not_waited_for",
            "a_body_without_an_end_is_cut_off",
            "no_body_is_waited_for_when_the_headers_are_refused",
            "no_body_is_read_to_its_end_when_the_headers_are_refused",
            "a_chunk_that_is_none",
            "a_sender_that_hangs_up_in_the_middle_of_a_body",
            "a_sender_that_ends_in_the_middle_of_a_body",
            "a_sender_that_stops_in_the_middle_of_a_body",
        ],
        code: None,
        reason: "the gateway has the whole body before it asks the function",
    },
    Exception {
        servers: &["lambda"],
        cases: &["another_path", "another_method"],
        code: None,
        reason: "which path and method reach the function is up to the gateway",
    },
    Exception {
        servers: &["lambda-http-api", "lambda-function-url"],
        cases: &[
            "two_equal_webhook_id",
            "two_different_webhook_id",
            "two_in_two_letter_cases_webhook_id",
            "an_empty_second_webhook_id",
        ],
        code: Some("signature_mismatch"),
        reason: "payload 2.0 joins the values by a comma: an id that nobody has signed",
    },
];

impl Exception {
    pub(crate) fn of(server: &str, case: &str) -> Option<&'static Self> {
        EXCEPTIONS.iter().find(|exception| {
            let concerns = |names: &[&str]| names.iter().any(|name| server.starts_with(name));
            exception.cases.contains(&case) && concerns(exception.servers)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::cases;

    #[test]
    fn an_exception_is_for_a_case_that_there_is() {
        let cases: HashSet<_> = cases::all().into_iter().map(|case| case.name).collect();
        for case in EXCEPTIONS.iter().flat_map(|exception| exception.cases) {
            assert!(cases.contains(*case), "{case}");
        }
    }
}
