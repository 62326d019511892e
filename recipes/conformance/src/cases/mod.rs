//! The cases.

mod accepted;
mod bodies;
mod connections;
mod refused;

use crate::gemini::Endpoint;
use crate::server::Server;

/// One thing that every receiver must do.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) run: Box<dyn Fn(&Server) + Send + Sync>,
}

impl Case {
    fn new(
        name: impl Into<String>,
        endpoint: Endpoint,
        run: impl Fn(&Server) + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), endpoint, run: Box::new(run) }
    }
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    [accepted::cases(), refused::cases(), bodies::cases(), connections::cases()]
        .into_iter()
        .flatten()
        .collect()
}
