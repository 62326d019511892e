//! The recipe does what every receiver must do.

use std::process::ExitCode;

use recipe_conformance::{Subject, check};

fn main() -> ExitCode {
    check(&[Subject::program("rocket", env!("CARGO_BIN_EXE_recipe-rocket"))])
}
