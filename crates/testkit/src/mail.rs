//! A mail server that one test owns: Debian's `python3-aiosmtpd`, on the loopback.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Debian's own Python, which knows Debian's packages.
const PYTHON: &str = "/usr/bin/python3";

/// A mail server; gone when dropped. What an address begins with says how it is answered: `refused` 550 always, `later` 451
/// the first time.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    folder: TempDir,
    running: Option<Child>,
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/smtp.py")
}

impl MailServer {
    /// A mail server that listens.
    ///
    /// # Panics
    /// When it does not run: `python3-aiosmtpd` is missing, which `tests/tools/setup.sh` installs. A test without its server
    /// fails: one that is skipped would pass for the wrong reason.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let mut server = Self { port: 0, folder, running: None };
        server.go_on();
        server
    }

    /// Where it listens, as `SMTP_URL` names it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Ends it: who connects is refused until [`MailServer::go_on`].
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stdin.take());
            running.wait().unwrap_or_else(|error| panic!("the mail server does not end: {error}"));
        }
    }

    /// Lets it listen again, at the same port.
    ///
    /// # Panics
    /// When it does not run.
    pub fn go_on(&mut self) {
        let mut running = Command::new(PYTHON)
            .arg(script())
            .arg(self.port.to_string())
            .arg(self.folder.path().join("box"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{PYTHON} does not run: {error}"));
        let mut line = String::new();
        if let Some(stdout) = running.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).unwrap_or_else(|error| panic!("the mail server: {error}"));
        }
        self.port = line.trim().parse().unwrap_or_else(|_| panic!("no mail server: is python3-aiosmtpd installed?"));
        self.running = Some(running);
    }

    /// Every mail that it took, as bytes, in the order in which it took them.
    ///
    /// # Panics
    /// When its folder cannot be read.
    #[must_use]
    pub fn taken(&self) -> Vec<Vec<u8>> {
        let new = self.folder.path().join("box/new");
        let Ok(entries) = std::fs::read_dir(&new) else { return Vec::new() };
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap_or_else(|error| panic!("{}: {error}", new.display())).path())
            .map(|path| (std::fs::metadata(&path).and_then(|file| file.modified()).ok(), path))
            .collect();
        files.sort();
        let read = |(_, path): &(_, PathBuf)| {
            std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        files.iter().map(read).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stdin.take());
            // A second panic would abort the process and hide the first.
            drop(running.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_ends_and_listens_again_at_the_same_port() {
        let mut server = MailServer::start();
        let url = server.url();
        let connect = || std::net::TcpStream::connect(url.trim_start_matches("smtp://")).is_ok();
        assert!(connect());
        server.stop();
        assert!(!connect());
        server.go_on();
        assert!(connect());
        assert_eq!((server.url(), server.taken().len()), (url.clone(), 0));
    }
}
