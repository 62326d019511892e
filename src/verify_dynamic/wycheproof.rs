//! Wycheproof under the two forms of dynamic webhooks.
