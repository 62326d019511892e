//! Runs this program under valgrind's callgrind, and reads what it wrote.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The function that is counted, and those that are called once each for every case: see `main.rs`.
const MEASURED: &str = "*measured*";
const ONE_CASE: &str = "*one_case*";

/// Where the instructions of one call went, and how often a signature of a public key was checked.
#[derive(Default)]
pub struct Profile {
    /// In Rust, but for hashes.
    pub own: u64,
    /// In SHA-256 and SHA-512, in software: valgrind shows programs no SHA extensions.
    pub hashes: u64,
    /// In the C and assembler of the cryptographic backend.
    pub backend: u64,
    /// In the C library: copies, comparisons and the allocator, which differ from machine to machine.
    pub libc: u64,
    /// Calls of the backend's check.
    pub checks: u64,
}

/// Runs this program with `--count` and gives what it printed, and a profile per call.
pub fn run(folder: &Path) -> (String, Vec<Profile>) {
    let program = std::env::current_exe().unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--zero-before={MEASURED}"))
        .arg(format!("--dump-after={ONE_CASE}"))
        .args(["--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(&program)
        .arg("--count")
        .stderr(Stdio::inherit())
        .output()
        .expect("valgrind: see scripts/instructions.sh");
    assert!(output.status.success(), "a case did not end as it should");
    let read = |n: u32| fs::read_to_string(folder.join(format!("out.{n}"))).ok();
    // The first of each two is of what was not to be counted.
    let profiles = (2..).step_by(2).map_while(read).map(|text| Profile::read(&text)).collect();
    (String::from_utf8(output.stdout).unwrap(), profiles)
}

impl Profile {
    /// Sums the costs of each function itself, by where the function is from.
    fn read(text: &str) -> Self {
        let mut profile = Self::default();
        let (mut object, mut function, mut called) = ("", "", "");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("ob=") {
                object = name;
            } else if let Some(name) = line.strip_prefix("fn=") {
                function = name;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                called = name;
            } else if let Some(calls) = line.strip_prefix("calls=") {
                if called.ends_with("EVP_DigestVerify") {
                    profile.checks += first_number(calls);
                }
                // What the call cost in all, which the called function has as its own.
                lines.next();
            } else if line.starts_with(|c: char| c.is_ascii_digit()) {
                let cost = line.split(' ').nth(1).map_or(0, first_number);
                *profile.part(object, function) += cost;
            }
        }
        profile
    }

    fn part(&mut self, object: &str, function: &str) -> &mut u64 {
        if object.contains(".so") {
            &mut self.libc
        } else if function.contains("sha2") || function.contains("sha512") {
            &mut self.hashes
        } else if function.contains("::") || function.starts_with("_R") {
            &mut self.own
        } else {
            &mut self.backend
        }
    }
}

fn first_number(text: &str) -> u64 {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
