//! Every diagnosis, of requests full of marks. Shown on purpose are the audience, the issuer and the
//! `kid` of a token, to the developer who asks why they are refused.

use bytes::Bytes;
use gemini_webhooks::explain::{Cause, Explainer, Explanation, secret_text};
use serde_json::Value;

use crate::marks::{Marks, mark};
use crate::requests::{
    self, Request, accepted, contents, refused, secret, secrets, set_up_wrongly, static_builder,
    static_request, verifier,
};

#[test]
fn no_diagnosis_shows_what_was_sent() {
    for request in refused() {
        explain(&Explainer::new(verifier()), &request);
    }
    for (verifier, request) in set_up_wrongly() {
        explain(&Explainer::new(verifier), &request);
    }
    for request in accepted() {
        assert_eq!(explain(&Explainer::new(verifier()), &request).cause(), Cause::NothingWrong);
        for body in changed(&request.body) {
            explain(&Explainer::new(verifier()), &Request { body, ..request.clone() });
        }
    }
    let new = static_builder().secret(secret("another")).build().unwrap();
    let explainer = Explainer::new(new).retired_secret(secret("secret"));
    secrets().must_not_be_in("an explainer", &format!("{explainer:?} {explainer:#?}"));
    assert_eq!(explain(&explainer, &static_request()).cause(), Cause::SecretRetired);
}

#[test]
fn no_diagnosis_of_a_secret_shows_it() {
    let good = requests::secret_text(mark("secret").as_bytes());
    let pasted = [
        good.clone(),
        format!("v1,{good}"),
        format!("\"{good}\""),
        format!("{good}\n"),
        format!("NAME_OF_IT={good}"),
        format!("{good} {}", mark("secret")),
        format!("AIza{}", mark("secret")),
        good.replace("whsec_", "whsk_"),
        good.replace('=', "\\u003d"),
    ];
    for text in pasted {
        search(&secrets(), &secret_text(&text));
    }
}

/// What may become of a body: each is taken for something else by a diagnosis.
fn changed(body: &Bytes) -> Vec<Bytes> {
    let json: Value = serde_json::from_slice(body).unwrap();
    let cut = body.len() / 2;
    vec![
        [body, b"\n".as_slice()].concat().into(),
        serde_json::to_string_pretty(&json).unwrap().into(),
        serde_json::to_string(&json.to_string()).unwrap().into(),
        body.slice(..cut),
        mark("body").into(),
    ]
}

fn explain(explainer: &Explainer, request: &Request) -> Explanation {
    let explanation = explainer.explain(&request.headers, &request.body);
    let shows = [Cause::AudienceDiffers, Cause::IssuerDiffers, Cause::KeyUnknown];
    let marks = if shows.contains(&explanation.cause()) {
        secrets().and_all(Marks::named(["id", "field", "body"]))
    } else {
        secrets().and_all(contents())
    };
    search(&marks.and_all(request.signatures()), &explanation);
    explanation
}

fn search(marks: &Marks, explanation: &Explanation) {
    let json = serde_json::to_string(explanation).unwrap();
    let all = format!("{explanation} {explanation:?} {explanation:#?} {json}");
    marks.must_not_be_in("a diagnosis", &all);
}
