//! The house: who may depend on whom, what the pure crates may see, how long a file may be.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod files;

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The pure crates, each of which may depend on those before it.
const PURE: [&str; 5] = ["hege-core", "hege-sampling", "hege-lab", "hege-rates", "hege-alerts"];

/// What each of the others may use of ours, besides the pure crates. Tests may use the testkit on top.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("hege-store", &[]),
    ("hege-auth", &[]),
    ("hege-mail", &[]),
    ("hege-files", &[]),
    ("hege-tables", &[]),
    ("hege-app", &["hege-store", "hege-auth", "hege-mail", "hege-files", "hege-tables"]),
    ("hege-api", &["hege-app"]),
    ("hege", &["hege-store", "hege-auth", "hege-mail", "hege-files", "hege-tables", "hege-app", "hege-api"]),
    ("hege-testkit", &[]),
];

/// Everything that the pure crates may reach, at any depth. None of it reads a clock, a file, the network or chance.
const ALLOWED: [&str; 22] = [
    "approx",
    "arrayvec",
    "hege-alerts",
    "hege-core",
    "hege-lab",
    "hege-rates",
    "hege-sampling",
    "jiff",
    "jiff-core",
    "libm",
    "num-traits",
    "proc-macro2",
    "quote",
    "rust_decimal",
    "statrs",
    "syn",
    "thiserror",
    "thiserror-impl",
    "tinyvec",
    "unicode-ident",
    "unicode-normalization",
    "uuid",
];

/// Crates with one home: (dependency, the only packages that may name it).
const HOMES: [(&str, &[&str]); 14] = [
    ("diesel", &["hege-store"]),
    ("actix-web", &["hege-api", "hege"]),
    ("lettre", &["hege-mail"]),
    ("jsonwebtoken", &["hege-auth"]),
    ("argon2", &["hege-auth"]),
    ("chacha20poly1305", &["hege-auth"]),
    ("object_store", &["hege-files"]),
    ("reqwest", &["hege-files"]),
    ("image", &["hege-files"]),
    ("statrs", &["hege-rates"]),
    ("calamine", &["hege-tables"]),
    ("rust_xlsxwriter", &["hege-tables"]),
    ("encoding_rs", &["hege-tables"]),
    ("zip", &["hege-tables", "hege-files"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .unwrap()
}

/// What a package reaches when it is built alone, with the features: `cargo tree` resolves them without those that other
/// crates of the workspace switch on.
fn reached(package: &str) -> BTreeMap<String, String> {
    let arguments = ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--no-dedupe", "--format", "{p}|{f}"];
    let output = Command::new(env!("CARGO")).args(arguments).args(["--package", package]).current_dir(root()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let parts = lines.lines().filter_map(|line| line.split_once('|'));
    parts.map(|(package, features)| (package.split(' ').next().unwrap().to_owned(), features.to_owned())).collect()
}

#[test]
fn the_pure_crates_reach_nothing_that_does_io() {
    for name in PURE {
        let reached = reached(name);
        assert!(reached.contains_key("rust_decimal"), "{name}: the tree was not read");
        let strange: Vec<&String> = reached.keys().filter(|name| !ALLOWED.contains(&name.as_str())).collect();
        assert_eq!(strange, Vec::<&String>::new(), "{name} reaches what it may not");
    }
}

#[test]
fn the_pure_crates_switch_on_no_clock_and_no_chance() {
    for name in PURE {
        let reached = reached(name);
        // jiff reads the clock and the machine's time zones with "std"; uuid makes ids with its version features and "rng".
        assert_eq!(reached.get("jiff").map(String::as_str), Some("alloc"), "{name}");
        assert_eq!(reached.get("uuid").map(String::as_str), Some("std"), "{name}");
    }
}

#[test]
fn each_pure_crate_depends_only_on_those_before_it() {
    for package in metadata().workspace_packages() {
        let Some(place) = PURE.iter().position(|name| *name == package.name.as_str()) else { continue };
        let ours = |dependency: &&Dependency| dependency.name.starts_with("hege") && !is_testkit(dependency);
        for dependency in package.dependencies.iter().filter(ours) {
            let before = PURE.iter().position(|name| *name == dependency.name);
            assert!(before.is_some_and(|before| before < place), "{} depends on {}", package.name, dependency.name);
        }
    }
}

#[test]
fn each_other_crate_uses_only_those_of_ours_that_it_may() {
    for package in metadata().workspace_packages() {
        let name = package.name.as_str();
        // The tests look from outside and may use every crate.
        if PURE.contains(&name) || name == "hege-tests" {
            continue;
        }
        let (_, may_use) =
            MAY_USE.iter().find(|(rule, _)| *rule == name).unwrap_or_else(|| panic!("no rule for {name}"));
        for dependency in package.dependencies.iter().filter(|dependency| dependency.name.starts_with("hege")) {
            let used = dependency.name.as_str();
            let allowed = PURE.contains(&used) || may_use.contains(&used) || is_testkit(dependency);
            assert!(allowed, "{name} may not use {used}");
        }
    }
}

/// The testkit, and in tests only.
fn is_testkit(dependency: &Dependency) -> bool {
    dependency.name == "hege-testkit" && dependency.kind == DependencyKind::Development
}

#[test]
fn a_heavy_dependency_has_one_home() {
    for package in metadata().workspace_packages() {
        for dependency in &package.dependencies {
            let home = HOMES.iter().find(|(name, _)| *name == dependency.name);
            let allowed = home.is_none_or(|(_, homes)| homes.contains(&package.name.as_str()));
            assert!(allowed, "{} may not name {}", package.name, dependency.name);
        }
    }
}

#[test]
fn every_package_keeps_the_bounds_of_the_workspace() {
    for package in metadata().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let inherits = manifest.contains("[lints]\nworkspace = true");
        assert!(inherits || package.name.as_str() == "hege-tests", "{}", package.name);
        let bans = package.manifest_path.with_file_name("clippy.toml").exists();
        assert_eq!(
            bans,
            PURE.contains(&package.name.as_str()),
            "{}: the pure crates and only they ban I/O",
            package.name
        );
    }
}

#[test]
fn no_source_file_has_more_than_five_hundred_lines() {
    let mut long = Vec::new();
    visit(&root().join("crates"), &mut |path| {
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if is_source && !path.components().any(|part| part.as_os_str() == "tests") {
            let lines = std::fs::read_to_string(path).unwrap().lines().count();
            if lines > 500 {
                long.push(format!("{} {lines}", path.display()));
            }
        }
    });
    assert_eq!(long, Vec::<String>::new());
}

fn visit(folder: &Path, file: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() { visit(&path, file) } else { file(&path) }
    }
}
