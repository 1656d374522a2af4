//! The house: who may depend on whom, what the pure crates may see, how long a file may be.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod files;

use cargo_metadata::{Metadata, MetadataCommand};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The pure crates, each of which may depend on those before it.
const PURE: [&str; 4] = ["hege-core", "hege-lab", "hege-rates", "hege-alerts"];

/// Everything that the pure crates may reach, at any depth. None of it reads a clock, a file, the network or chance.
const ALLOWED: [&str; 21] = [
    "approx",
    "arrayvec",
    "hege-alerts",
    "hege-core",
    "hege-lab",
    "hege-rates",
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
const HOMES: [(&str, &[&str]); 7] = [
    ("diesel", &["hege-store", "hege-testkit"]),
    ("actix-web", &["hege-api", "hege"]),
    ("lettre", &["hege-mail"]),
    ("jsonwebtoken", &["hege-auth"]),
    ("argon2", &["hege-auth"]),
    ("object_store", &["hege-files"]),
    ("statrs", &["hege-rates"]),
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

/// What a package reaches when it is built alone: `cargo tree` resolves its features without those of other crates.
fn reached(package: &str) -> BTreeSet<String> {
    let arguments =
        ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", package];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_pure_crates_reach_nothing_that_does_io() {
    for name in PURE {
        let reached = reached(name);
        assert!(reached.contains("rust_decimal"), "{name}: the tree was not read");
        let strange: Vec<&String> = reached.iter().filter(|name| !ALLOWED.contains(&name.as_str())).collect();
        assert_eq!(strange, Vec::<&String>::new(), "{name} reaches what it may not");
    }
}

#[test]
fn each_pure_crate_depends_only_on_those_before_it() {
    for package in metadata().workspace_packages() {
        let Some(place) = PURE.iter().position(|name| *name == package.name.as_str()) else { continue };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.name.starts_with("hege")) {
            let before = PURE.iter().position(|name| *name == dependency.name);
            assert!(before.is_some_and(|before| before < place), "{} depends on {}", package.name, dependency.name);
        }
    }
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
