//! Where settings come from: flags, then the environment, then a file with a line `NAME=VALUE` each, as systemd reads it with
//! `EnvironmentFile=`. Every setting has one name, that of its environment variable; what the file says becomes its default.

use anyhow::{Context, Result, bail};
use clap::{Arg, Command};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the setting that names the file itself.
const FILE: &str = "HEGE_CONFIG";
/// What settings of this program begin with.
const PREFIX: &str = "HEGE_";

type Values = BTreeMap<String, String>;

/// An environment.
pub(crate) trait Environment {
    /// A variable.
    fn get(&self, name: &OsStr) -> Option<OsString>;
}

/// That of the process.
pub(crate) struct Process;

impl Environment for Process {
    fn get(&self, name: &OsStr) -> Option<OsString> {
        std::env::var_os(name)
    }
}

/// A command that takes what its flags and the environment do not say from the file that they name.
///
/// # Errors
/// Every line of the file at fault.
pub(crate) fn layered(command: Command, arguments: &[OsString], environment: &impl Environment) -> Result<Command> {
    let named = environment.get(OsStr::new(FILE)).filter(|name| !name.is_empty());
    let values = match flag(arguments).or(named) {
        Some(file) => read(Path::new(&file), &names(&command))?,
        None => Values::new(),
    };
    Ok(settle(command, &values, environment))
}

/// The file that a flag names. It is looked for before the command line is read, for it says what the defaults are.
fn flag(arguments: &[OsString]) -> Option<OsString> {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().cloned();
        }
        if let Some(file) = argument.to_str().and_then(|argument| argument.strip_prefix("--config=")) {
            return Some(PathBuf::from(file).into_os_string());
        }
    }
    None
}

/// The names of all settings, of every command.
pub(crate) fn names(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned));
    own.chain(command.get_subcommands().flat_map(names)).collect()
}

/// Variables that look like settings and are none: a name that was misspelt would otherwise count for nothing in silence.
pub(crate) fn strangers(command: &Command) -> Vec<String> {
    let known = names(command);
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    set.filter(|name| name.starts_with(PREFIX) && !known.contains(name)).collect()
}

/// Reads a file whose settings must be known.
fn read(file: &Path, known: &BTreeSet<String>) -> Result<Values> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the configuration {}", file.display()))?;
    let (mut values, mut problems) = (Values::new(), Vec::new());
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let Some((name, value)) = line.split_once('=').map(|(name, value)| (name.trim(), unquoted(value.trim())))
        else {
            problems.push(format!("line {number}: not NAME=VALUE"));
            continue;
        };
        if name == FILE || !known.contains(name) {
            problems.push(format!("line {number}: `{name}` is no setting of this program"));
        } else if values.insert(name.to_owned(), value.to_owned()).is_some() {
            problems.push(format!("line {number}: `{name}` stands twice"));
        }
    }
    if !problems.is_empty() {
        bail!("{}:\n  {}", file.display(), problems.join("\n  "));
    }
    values.retain(|_, value| !value.is_empty());
    Ok(values)
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

fn settle(command: Command, values: &Values, environment: &impl Environment) -> Command {
    let command = command.mut_args(|argument| layer(argument, values, environment));
    command.mut_subcommands(|command| settle(command, values, environment))
}

fn layer(argument: Arg, values: &Values, environment: &impl Environment) -> Arg {
    let Some(name) = argument.get_env().map(OsStr::to_owned) else { return argument };
    // A variable that is set to nothing is not set: compose files and units cannot leave one out.
    let is_blank = environment.get(&name).is_some_and(|value| value.is_empty());
    let argument = if is_blank { argument.env(None::<&'static str>) } else { argument };
    match name.to_str().and_then(|name| values.get(name)) {
        Some(value) => argument.default_value(value.clone()),
        None => argument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser, Debug)]
    struct Cli {
        #[arg(long, global = true, env = "HEGE_CONFIG")]
        config: Option<PathBuf>,
        #[command(subcommand)]
        command: Sub,
    }

    #[derive(clap::Subcommand, Debug)]
    enum Sub {
        Serve {
            // Nobody sets these two in the environment of a test.
            #[arg(long, env = "HEGE_OF_A_TEST", default_value = "plain")]
            first: String,
            #[arg(long, env = "HEGE_OF_ANOTHER_TEST")]
            second: Option<String>,
        },
    }

    struct Blank(&'static str);

    impl Environment for Blank {
        fn get(&self, name: &OsStr) -> Option<OsString> {
            (name == self.0).then(OsString::new)
        }
    }

    fn read_with(file: Option<&str>, arguments: &[&str]) -> Result<(String, Option<String>)> {
        use clap::{CommandFactory as _, FromArgMatches as _};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hege.conf");
        let mut all = vec![OsString::from("hege"), OsString::from("serve")];
        all.extend(arguments.iter().map(OsString::from));
        if let Some(text) = file {
            fs::write(&path, text).unwrap();
            all.extend([OsString::from("--config"), path.clone().into_os_string()]);
        }
        let command = layered(Cli::command(), &all, &Blank("HEGE_OF_ANOTHER_TEST"))?;
        let Cli { command: Sub::Serve { first, second }, .. } =
            Cli::from_arg_matches(&command.try_get_matches_from(all)?)?;
        Ok((first, second))
    }

    #[test]
    fn flags_come_before_the_file_and_the_file_before_the_default() {
        let file = "# a comment\n; another\n\nHEGE_OF_A_TEST = \"of the file\"\nHEGE_OF_ANOTHER_TEST='too'\n";
        let own = |first: &str, second: Option<&str>| (first.to_owned(), second.map(str::to_owned));
        assert_eq!(read_with(None, &[]).unwrap(), own("plain", None));
        assert_eq!(read_with(Some(file), &[]).unwrap(), own("of the file", Some("too")));
        assert_eq!(read_with(Some(file), &["--first", "flag"]).unwrap(), own("flag", Some("too")));
        assert_eq!(read_with(Some("HEGE_OF_A_TEST=\n"), &[]).unwrap(), own("plain", None));
    }

    #[test]
    fn every_line_at_fault_is_told_at_once() {
        let file = "HEGE_OF_A_TEST=1\nHEGE_OF_A_TSET=1\nnonsense\nHEGE_OF_A_TEST=2\nHEGE_CONFIG=other\n";
        let told = format!("{:#}", read_with(Some(file), &[]).unwrap_err());
        for part in
            ["line 2: `HEGE_OF_A_TSET`", "line 3: not NAME=VALUE", "line 4: `HEGE_OF_A_TEST` stands twice", "line 5"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("line 1:"), "{told}");
        assert!(layered(Cli::command_of(), &["--config".into(), "nowhere".into()], &Blank("")).is_err());
    }

    impl Cli {
        fn command_of() -> Command {
            use clap::CommandFactory as _;
            Self::command()
        }
    }

    #[test]
    fn the_flag_is_found_in_both_forms_and_not_behind_two_hyphens() {
        let found = |arguments: &[&str]| flag(&arguments.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(found(&["serve", "--config", "a"]), Some("a".into()));
        assert_eq!(found(&["--config=a", "serve"]), Some("a".into()));
        assert_eq!(found(&["judge", "--", "--config", "a"]), None);
    }
}
