//! What the README tells a newcomer to type, typed.

use crate::common::{Directory, Listener, Running, finish, program};

const README: &str = include_str!("../../README.md");

/// The commands of a section, in their order; of the whole text for an empty heading.
fn commands(heading: &str) -> Vec<Vec<String>> {
    let section = match heading {
        "" => README,
        _ => README.split("\n## ").find(|section| section.starts_with(heading)).unwrap(),
    };
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" || ").next().unwrap());
    let of_ours = lines.filter_map(|line| line.strip_prefix("gemini-webhooks "));
    of_ours.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// The command in a directory, with addresses of this run in the place of those of the text.
fn typed(
    command: &[String],
    directory: &Directory,
    addresses: &[(&str, &str)],
) -> std::process::Command {
    let mut arguments = command.to_vec();
    for (written, meant) in addresses {
        for argument in &mut arguments {
            *argument = argument.replace(written, meant);
        }
    }
    let mut command = program(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    command.current_dir(directory.path(""));
    command
}

#[test]
fn the_first_section_works_as_it_is_written() {
    let directory = Directory::new("readme");
    let [new, listen, send, broken] = &commands("Try it")[..] else { panic!("other commands") };
    assert_eq!(finish(typed(new, &directory, &[])).code, 0);
    let mut listen = typed(listen, &directory, &[]);
    listen.args(["--listen", "127.0.0.1:0", "--count", "2"]);
    let listener = Running::start(listen);
    let first = listener.line();
    let url = first.split_whitespace().nth(2).unwrap().trim_end_matches(',').to_owned();
    let here = [("http://127.0.0.1:8000/", url.as_str())];
    assert_eq!(finish(typed(send, &directory, &here)).code, 0);
    assert_eq!(finish(typed(broken, &directory, &here)).code, 1);
    let said = listener.end().stdout;
    for line in README
        .split("```text\n")
        .skip(1)
        .flat_map(|block| block.split("```").next().unwrap().lines())
    {
        // The time and the id are others, and long lines are cut.
        let expected = line.get(9..).filter(|_| line.starts_with("12:")).unwrap_or(line);
        let expected = expected.split("msg_").next().unwrap().trim_end_matches("...").trim();
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
}

#[test]
fn the_section_on_dynamic_webhooks_works_as_it_is_written() {
    let directory = Directory::new("readme_dynamic");
    let [listen, jwt, v1a, stranger] = &commands("Dynamic webhooks")[..] else {
        panic!("other commands")
    };
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let keys = ("127.0.0.1:9000", port.as_str());
    let mut listen = typed(listen, &directory, &[keys]);
    listen.args(["--json", "--listen", "127.0.0.1:0"]);
    let listener = Listener::from(listen);
    let here = [("http://127.0.0.1:8000/", listener.url.as_str()), keys];
    for (command, code, expected) in
        [(jwt, 0, "accepted"), (v1a, 0, "accepted"), (stranger, 1, "refused")]
    {
        // As fast as nobody types: a look for keys is allowed once in a second.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let ran = finish(typed(command, &directory, &here));
        assert_eq!(ran.code, code, "{command:?}: {ran:?}");
        let line = listener.next();
        assert_eq!(line["verdict"], expected, "{line}");
        if code == 1 {
            assert_eq!(line["error"]["code"], "not_ours");
        }
    }
}

#[test]
fn every_command_is_one_that_the_program_knows() {
    let directory = Directory::new("readme_all");
    let all = commands("");
    assert!(all.len() > 12, "{all:?}");
    for mut command in all {
        if command[0] == "listen" {
            // An address of somebody else's (RFC 5737): it fails once all the rest is understood.
            command.extend(["--listen".to_owned(), "203.0.113.1:1".to_owned()]);
        }
        let ran = finish(typed(&command, &directory, &[("127.0.0.1:8000", "127.0.0.1:9")]));
        assert!(!ran.stderr.contains("Usage:"), "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn the_package_holds_both_licences() {
    let directory = env!("CARGO_MANIFEST_DIR");
    let mut list = std::process::Command::new(env!("CARGO"));
    list.args(["package", "--list", "--allow-dirty", "--offline"]).current_dir(directory);
    let listed = finish(list).stdout;
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert!(listed.lines().any(|line| line == name), "{name}: {listed}");
        let text = |path: String| std::fs::read_to_string(path).unwrap();
        assert_eq!(text(format!("{directory}/{name}")), text(format!("{directory}/../{name}")));
    }
}
