//! What the files of the repository may say, and where they may stand.

use crate::{PURE, root};
use std::collections::BTreeSet;
use std::process::Command;

/// What stands at the top, besides dot-files.
const TOP: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "Makefile",
    "README.md",
    "crates",
    "diesel.toml",
    "docker-compose.yml",
    "docs",
    "migrations",
    "tests",
];

/// What no file says: folders of one machine, hosts of package registries, things left for later. Each is put together here,
/// so that this file does not say it either.
const UNSAID: [&str; 8] = [
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/ho", "me/"),
    concat!("registry.", "npmjs"),
    concat!("pypi", ".org"),
    concat!("deb.", "debian.org"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
];

/// Every file of the repository as git sees it: new ones included, ignored ones not.
fn files() -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    names.split('\0').filter(|name| root().join(name).is_file()).map(str::to_owned).collect()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn nothing_new_stands_at_the_top() {
    let files = files();
    assert!(files.iter().any(|name| name == "Cargo.toml"), "git's list was not read");
    for name in files {
        let top = name.split('/').next().unwrap();
        assert!(top.starts_with('.') || TOP.contains(&top), "{top} does not belong at the top");
    }
}

#[test]
fn no_file_names_a_machine_or_leaves_something_for_later() {
    for name in files().iter().filter(|name| !name.ends_with(".lock")) {
        // A file that is not text says nothing.
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        for word in UNSAID {
            assert!(!text.contains(word), "{name} says {word}");
        }
    }
}

#[test]
fn every_dependency_is_named_and_pinned_at_the_top() {
    for name in files().iter().filter(|name| name.ends_with("/Cargo.toml")) {
        let mut in_dependencies = false;
        for line in read(name).lines() {
            if line.starts_with('[') {
                in_dependencies = line.ends_with("dependencies]");
            } else if in_dependencies && line.contains('=') && !line.starts_with('#') {
                assert!(line.contains("workspace = true"), "{name}: `{line}` belongs into the workspace's manifest");
            }
        }
    }
}

#[test]
fn every_pure_crate_carries_the_same_bans() {
    let bans = |package: &str| read(&format!("crates/{}/clippy.toml", package.trim_start_matches("hege-")));
    let first = bans(PURE[0]);
    for banned in ["SystemTime", "Instant", "HashMap", "std::fs::", "std::net::", "std::env::", "std::thread::"] {
        assert!(first.contains(banned), "the bans miss {banned}");
    }
    for package in PURE {
        assert_eq!(bans(package), first, "{package}");
    }
}

#[test]
fn both_databases_have_the_same_migrations_up_and_down() {
    let files = files();
    let of = |backend: &str| -> BTreeSet<&str> {
        files.iter().filter_map(|name| name.strip_prefix("migrations/")?.strip_prefix(backend)).collect()
    };
    let sqlite = of("sqlite/");
    assert_eq!(sqlite, of("postgres/"));
    for name in sqlite {
        let folder = name.trim_end_matches("up.sql").trim_end_matches("down.sql");
        assert_ne!(folder, name, "migrations/*/{name} is neither up.sql nor down.sql");
        for needed in ["up.sql", "down.sql"] {
            let file = format!("migrations/sqlite/{folder}{needed}");
            assert!(files.contains(&file), "{file} is missing");
        }
    }
}
