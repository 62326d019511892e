//! The adapters do what every receiver must do.

use std::process::ExitCode;

use recipe_conformance::{Subject, check};

fn main() -> ExitCode {
    check(&[
        Subject::program("axum", env!("CARGO_BIN_EXE_axum")),
        Subject::program("actix-web", env!("CARGO_BIN_EXE_actix_web")),
        Subject::program("tower-axum", env!("CARGO_BIN_EXE_tower_axum")),
        Subject::program("tower-hyper", env!("CARGO_BIN_EXE_tower_hyper")),
    ])
}
