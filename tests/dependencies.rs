//! The build without features stays minimal: no runtime, no HTTP, no asymmetric crypto.

use std::collections::BTreeSet;
use std::process::Command;

/// The normal dependencies of the library with these features, by name.
fn tree(features: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package=gemini-webhooks", "--edges=normal", "--no-default-features"])
        .args(["--prefix=none", "--format={p}", "--locked", "--target=all"])
        .arg(format!("--features={}", features.join(",")))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn the_build_without_features_has_no_runtime_no_http_and_no_asymmetric_crypto() {
    let tree = tree(&[]);
    assert!(tree.contains("hmac") && tree.contains("serde_json"), "{tree:?}");
    let forbidden = [
        "tokio",
        "async-std",
        "smol",
        "futures",
        "futures-util",
        "hyper",
        "hyper-util",
        "reqwest",
        "tower",
        "axum",
        "axum-core",
        "actix-web",
        "rustls",
        "ring",
        "aws-lc-rs",
        "aws-lc-sys",
        "rsa",
        "ed25519-dalek",
        "curve25519-dalek",
        "jsonwebtoken",
        "moka",
        "redis",
        "openssl",
    ];
    for name in forbidden {
        assert!(!tree.contains(name), "{name} is in the minimal tree");
    }
}

#[test]
fn the_minimal_tree_grows_only_on_purpose() {
    let count = tree(&[]).len();
    assert!(count <= 40, "{count} packages");
}
