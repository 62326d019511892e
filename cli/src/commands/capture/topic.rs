//! What nobody has published of the wire, as questions: what a capture may answer.

use serde::Serialize;

macro_rules! topics {
    ($($(#[$doc:meta])* $name:ident: $asks:literal;)*) => {
        /// A question that is open.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum Topic {
            $($(#[$doc])* $name,)*
        }

        impl Topic {
            /// All of them, in the order of the report.
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The question.
            pub(super) const fn asks(self) -> &'static str {
                match self {
                    $(Self::$name => $asks,)*
                }
            }
        }
    };
}

topics! {
    Form: "Which form has webhook-signature: v1, a JWT as documented, v1a as observed?";
    Entries: "How many entries has the header, during a rotation of the secret too?";
    BothSchemes: "Do v1 and v1a stand in one header?";
    SecretMatched: "Which of the configured secrets match, during a rotation too?";
    SecretReading: "Is the key of a secret its base64, or its text (before 2026-05-04)?";
    WebhookId: "What does a webhook-id look like?";
    Transport: "Which content type, content encoding and user agent?";
    TokenHeader: "What does the header of a JWT say?";
    Audience: "What is `aud`: an id of the project, the endpoint's URL, something else?";
    Claims: "Which of iss, sub, exp, nbf, iat and jti are there, and of what type?";
    Lifetime: "How long does a JWT live, and how old is it when it arrives?";
    EventPlace: "Is the event in the claims of the JWT, and what is the body then?";
    KeyKinds: "Which kinds of keys are published: Ed25519, RSA beside them?";
    KeyMembers: "Do the keys carry kid, use and alg?";
    KeyCaching: "Which cache headers has the key set?";
    UserMetadata: "Where does user_metadata stand?";
    UnknownTypes: "Which types come that are not in the catalogue; what does a ping send?";
    JobId: "What does data.id look like, by type?";
    ErrorCode: "Is error_code a text or a number?";
    EventTimestamp: "How is the event's timestamp written?";
    Retries: "What changes between the attempts of one delivery?";
    RetryIntervals: "How long does the sender wait between attempts?";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_is_a_question_of_its_own() {
        let mut questions: Vec<_> = Topic::ALL.iter().map(|topic| topic.asks()).collect();
        assert!(questions.iter().all(|question| question.ends_with('?')));
        questions.sort_unstable();
        questions.dedup();
        assert_eq!(questions.len(), Topic::ALL.len());
    }
}
