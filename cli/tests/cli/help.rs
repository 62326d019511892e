//! The help of every command, as a newcomer reads it, and the completions.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common::run;

#[test]
fn every_command_explains_itself() {
    let commands: [&[&str]; 19] = [
        &[],
        &["listen"],
        &["send"],
        &["verify"],
        &["capture"],
        &["keys"],
        &["secret"],
        &["secret", "new"],
        &["secret", "check"],
        &["webhooks"],
        &["webhooks", "create"],
        &["webhooks", "list"],
        &["webhooks", "get"],
        &["webhooks", "update"],
        &["webhooks", "delete"],
        &["webhooks", "rotate"],
        &["webhooks", "ping"],
        &["doctor"],
        &["completions"],
    ];
    for command in commands {
        let ran = run(&[command, &["--help"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command:?}");
        assert!(!ran.stdout.contains('\x1b'), "no colours where there is no terminal");
        let name = if command.is_empty() { "program".to_owned() } else { command.join("_") };
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(format!("help_{name}"), ran.stdout);
        });
    }
}

#[test]
fn every_command_names_its_exit_codes() {
    for command in ["listen", "send", "verify", "capture", "keys", "webhooks", "doctor"] {
        assert!(run(&[command, "--help"]).stdout.contains("Exit codes"), "{command}");
    }
    assert!(run(&["--help"]).stdout.contains("Exit codes"));
}

#[test]
fn without_a_command_it_helps_and_fails() {
    let ran = run(&[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("Usage:"), "{}", ran.stderr);
    assert_eq!(run(&["no-such-command"]).code, 2);
    assert_eq!(run(&["listen", "--no-such-flag"]).code, 2);
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        for command in ["listen", "capture", "webhooks", "doctor"] {
            assert!(ran.stdout.contains(command), "{shell} {command}");
        }
    }
}

#[test]
fn the_completions_for_bash_are_a_script_that_bash_reads() {
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    let script = run(&["completions", "bash"]).stdout;
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
}
