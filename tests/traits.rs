//! What the public types can do, and above all what they cannot, at compile time.

use std::fmt::Display;
use std::hash::Hash;

use gemini_webhooks::testing::{SignedRequest, StaticSigner};
use gemini_webhooks::{
    Checked, Delivery, Error, Event, Record, Secret, StaticVerifier, StaticVerifierBuilder,
    Verifier,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use static_assertions::{assert_impl_all, assert_not_impl_any};

// A secret is not printed, written, read, compared or copied. A comparison would take a time that
// depends on how much agrees, and a copy would not be wiped with the first.
assert_not_impl_any!(Secret: Clone, Copy, Default, Display, PartialEq, Eq, Hash);
assert_not_impl_any!(Secret: Serialize, DeserializeOwned, AsRef<[u8]>, AsRef<str>, Into<String>);

// Nor does what holds secrets give them away.
assert_not_impl_any!(StaticVerifierBuilder: Clone, Display, PartialEq, Serialize, DeserializeOwned);
assert_not_impl_any!(StaticVerifier: Display, PartialEq, Serialize, DeserializeOwned, Default);
assert_not_impl_any!(Verifier: Display, PartialEq, Serialize, DeserializeOwned, Default);
assert_not_impl_any!(StaticSigner: Display, PartialEq, Serialize, DeserializeOwned);

// What says that a request is authentic comes from a verifier alone.
assert_not_impl_any!(Delivery: DeserializeOwned, Default, From<Record>, From<Event>, Display);
assert_not_impl_any!(Delivery: From<SignedRequest>, TryFrom<Record>, TryFrom<Event>);
assert_not_impl_any!(Checked<'static>: DeserializeOwned, Default, Display);
assert_not_impl_any!(Checked<'static>: From<SignedRequest>, TryFrom<Record>, TryFrom<Event>);
assert_impl_all!(Delivery: Clone, Serialize, Send, Sync);
assert_impl_all!(Record: Serialize, DeserializeOwned);

// What a server shares between its threads.
assert_impl_all!(StaticVerifier: Clone, Send, Sync, Unpin);
assert_impl_all!(Verifier: Clone, Send, Sync, Unpin);
assert_impl_all!(Error: Clone, PartialEq, Send, Sync, Display, std::error::Error);

#[cfg(feature = "dynamic")]
mod dynamic {
    use super::*;
    use gemini_webhooks::{
        Binding, CachedKeys, CachedKeysBuilder, DynamicVerifier, DynamicVerifierBuilder, KeySet,
    };

    assert_not_impl_any!(Binding: Display, PartialEq, Serialize, DeserializeOwned, Default);
    assert_not_impl_any!(DynamicVerifier: Display, PartialEq, Serialize, DeserializeOwned, Default);
    assert_not_impl_any!(DynamicVerifierBuilder: Clone, Display, PartialEq, Serialize, Default);
    // The URL that keys come from can have credentials in it.
    assert_not_impl_any!(CachedKeysBuilder: Clone, Display, PartialEq, Serialize, DeserializeOwned);
    // Whoever could read one from anywhere could forge deliveries: `from_json` is the one way.
    assert_not_impl_any!(KeySet: DeserializeOwned, Default);
    assert_impl_all!(DynamicVerifier: Clone, Send, Sync, Unpin);
    assert_impl_all!(CachedKeys: Clone, Send, Sync, Unpin);
}

#[cfg(feature = "client")]
mod client {
    use super::*;
    use gemini_webhooks::client::{
        ApiKey, CreatedWebhook, NewSecret, WebhookClient, WebhookClientBuilder, WebhookConfig,
        WebhookConfigBuilder,
    };

    assert_not_impl_any!(ApiKey: Display, PartialEq, Serialize, DeserializeOwned, AsRef<str>);
    assert_not_impl_any!(NewSecret: Clone, Display, PartialEq, Serialize, DeserializeOwned);
    assert_not_impl_any!(NewSecret: AsRef<str>, Into<String>);
    assert_not_impl_any!(CreatedWebhook: Clone, Display, PartialEq, Serialize, DeserializeOwned);
    assert_not_impl_any!(WebhookClient: Display, PartialEq, Serialize, DeserializeOwned);
    assert_not_impl_any!(WebhookClientBuilder: Clone, Display, PartialEq, Serialize);
    // The token of a binding goes into the request that starts a job, and nowhere else.
    assert_impl_all!(WebhookConfig: Serialize);
    assert_not_impl_any!(WebhookConfig: Display, PartialEq, DeserializeOwned);
    assert_not_impl_any!(WebhookConfigBuilder: Clone, Display, PartialEq, Serialize);
}

#[cfg(feature = "fetch")]
assert_not_impl_any!(
    gemini_webhooks::HttpsFetch: Display, PartialEq, Serialize, DeserializeOwned
);

#[cfg(feature = "redis")]
assert_not_impl_any!(
    gemini_webhooks::RedisStore: Display, PartialEq, Serialize, DeserializeOwned
);

#[cfg(feature = "tower")]
mod tower {
    use super::*;
    use gemini_webhooks::tower::{Verify, VerifyLayer};

    assert_not_impl_any!(VerifyLayer: Display, PartialEq, Serialize, DeserializeOwned, Default);
    assert_not_impl_any!(Verify<()>: Display, PartialEq, Serialize, DeserializeOwned, Default);
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod signers {
    use super::*;
    use gemini_webhooks::testing::{Ed25519Signer, JwtSigner};

    assert_not_impl_any!(Ed25519Signer: Display, PartialEq, Serialize, DeserializeOwned);
    assert_not_impl_any!(JwtSigner: Display, PartialEq, Serialize, DeserializeOwned);
}

// A diagnosis is no response, nothing to pass on as an error, and nothing that vouches.
#[cfg(feature = "explain")]
mod explain {
    use super::*;
    use axum::response::IntoResponse;
    use gemini_webhooks::explain::{Explainer, Explanation};

    assert_not_impl_any!(Explanation: IntoResponse, std::error::Error, DeserializeOwned, Default);
    assert_not_impl_any!(Explanation: Into<Delivery>, Into<Record>, Into<http::StatusCode>);
    assert_not_impl_any!(Explainer: Clone, Display, PartialEq, Serialize, DeserializeOwned, Default);
    assert_impl_all!(Explanation: Clone, Display, Serialize, Send, Sync);
    assert_impl_all!(Explainer: Send, Sync);
}
