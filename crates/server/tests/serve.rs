//! `hege serve` as a program: its settings, TLS, its log, its end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PASSWORD: &str = "a-password-for-tests";

/// The program in a folder of its own, without the settings of whoever runs the test.
fn hege(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hege"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HEGE_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server of its own, ended when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut child = hege(folder, &all).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().to_owned();
        assert!(!address.is_empty(), "{}", fs::read_to_string(folder.join("log")).unwrap());
        Self { child, address }
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Tells it to stop; how long that took, and whether it ended well.
    fn stop(&mut self) -> (Duration, bool) {
        let begun = Instant::now();
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        (begun.elapsed(), status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn ask(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A peer that closes without taking leave of TLS has said what it had to say.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn plain(address: &str, request: &str) -> String {
    ask(TcpStream::connect(address).unwrap(), request)
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// Writes a certificate of its own and its key; the certificate as a client trusts it.
fn certificate(folder: &Path) -> rustls::pki_types::CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// Asks under TLS of one version, trusting one certificate; the error when that fails.
fn secure(
    address: &str,
    trusted: &rustls::pki_types::CertificateDer<'static>,
    only: &'static SupportedProtocolVersion,
) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[only]).unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    client.complete_io(&mut socket)?;
    Ok(ask(StreamOwned::new(client, socket), HEALTH))
}

#[test]
fn it_speaks_tls_and_shows_another_certificate_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let first = certificate(folder.path());
    let mut server = Server::start(folder.path(), &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    for version in [&version::TLS12, &version::TLS13] {
        let answer = secure(&server.address, &first, version).unwrap();
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    }
    assert!(!plain(&server.address, HEALTH).starts_with("HTTP/1.1 2"), "nothing is answered without TLS");
    let second = certificate(folder.path());
    assert!(secure(&server.address, &second, &version::TLS13).is_err());
    server.signal("HUP");
    let deadline = Instant::now() + Duration::from_secs(10);
    while secure(&server.address, &second, &version::TLS13).is_err() {
        assert!(Instant::now() < deadline, "the new certificate is never shown");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(secure(&server.address, &first, &version::TLS13).is_err());
    assert!(server.stop().1);
}

#[test]
fn settings_that_cannot_be_used_are_told_all_at_once_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["serve", "--listen", "0.0.0.0:0", "--tls-cert", "nowhere.pem", "--tls-key", "key.pem"];
    let output = hege(folder.path(), &arguments).env("HEGE_TRUSTED_PROXIES", "proxy").output().unwrap();
    let said = told(&output);
    assert!(!output.status.success());
    for part in ["2 settings cannot be used", "nowhere.pem", "HEGE_TRUSTED_PROXIES: `proxy`"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!folder.path().join("data").exists());
    fs::write(folder.path().join("hege.conf"), "HEGE_LISTEN=127.0.0.1:0\nHEGE_LISTNE=x\n").unwrap();
    let output = hege(folder.path(), &["serve", "--config", "hege.conf"]).output().unwrap();
    assert!(told(&output).contains("hege.conf:\n  line 2: `HEGE_LISTNE`"), "{}", told(&output));
    fs::write(folder.path().join("hege.conf"), "HEGE_LIMIT_LOGIN=many\n").unwrap();
    let output = hege(folder.path(), &["serve"]).env("HEGE_CONFIG", "hege.conf").output().unwrap();
    assert!(told(&output).contains("HEGE_LIMIT_LOGIN: `many`"), "{}", told(&output));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn commands_tell_what_they_did_and_what_there_is_to_choose_from() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| hege(folder.path(), arguments).output().unwrap();
    let missing = run(&["user", "reset", "admin"]);
    assert!(told(&missing).contains("there is no database at data/hege.db"), "{}", told(&missing));
    let migrated = run(&["migrate"]);
    assert_eq!(String::from_utf8_lossy(&migrated.stdout), "hege: data/hege.db is up to date\n");
    let nobody = run(&["user", "disable", "admin"]);
    assert!(told(&nobody).contains("there is no login `admin` in data/hege.db"), "{}", told(&nobody));
    let wrong = run(&["user", "add", "a", "--name", "b", "--organisation", "c", "--role", "boss"]);
    assert!(told(&wrong).contains("inspector, receiver, tester"), "{}", told(&wrong));
    let wrong = run(&["rates", "--stage", "field"]);
    assert!(told(&wrong).contains("farm, production, circulation, catering"), "{}", told(&wrong));
    let away = run(&["migrate", "--database-url", "postgres://hege:secret@127.0.0.1:1/hege"]);
    let said = told(&away);
    assert!(said.contains("postgres://127.0.0.1:1/hege") && !said.contains("secret"), "{said}");
    let rotated = run(&["key", "rotate"]);
    assert!(String::from_utf8_lossy(&rotated.stdout).ends_with(" signs from now on\n"));
}

fn first_person(folder: &TempDir) {
    assert!(hege(folder.path(), &["migrate"]).status().unwrap().success());
    let arguments = [
        "user",
        "add",
        "zhang.san",
        "--name",
        "张三丰",
        "--organisation",
        "演示办公室",
        "--found",
        "department",
        "--role",
        "administrator",
    ];
    let mut child = hege(folder.path(), &arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hege: `zhang.san` may log in, for 演示办公室\n");
}

fn login(password: &str) -> String {
    let body = format!("{{\"login\": \"zhang.san\", \"password\": \"{password}\"}}");
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
    format!("{head}\r\nx-request-id: of-this-test\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn its_log_is_json_with_ids_and_routes_and_nothing_of_people() {
    let folder = tempfile::tempdir().unwrap();
    first_person(&folder);
    let mut server = Server::start(folder.path(), &["--log", "debug"]);
    let answer = plain(&server.address, &login(PASSWORD));
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let [token, refresh] = ["access_token", "refresh_token"].map(|name| body[name].as_str().unwrap().to_owned());
    assert!(plain(&server.address, &login("not-the-password")).starts_with("HTTP/1.1 401"));
    let get = |path: &str| {
        let head = format!("GET /api/v1{path} HTTP/1.1\r\nhost: x\r\nconnection: close");
        plain(&server.address, &format!("{head}\r\nauthorization: Bearer {token}\r\n\r\n"))
    };
    assert!(get("/me").starts_with("HTTP/1.1 200"));
    assert!(get("/samples?form_no=%E5%BC%A0%E4%B8%89").starts_with("HTTP/1.1 200"));
    assert!(get("/samples/3301-0190b6c1-0000-7000-8000-000000000000").starts_with("HTTP/1.1 404"));
    assert!(server.stop().1);
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let answered = |route: &str, status: u64| {
        let mut found = lines.iter().filter(|line| line["route"] == route && line["status"] == status);
        found.next().unwrap_or_else(|| panic!("{route} {status}: {log}")).clone()
    };
    let begun = answered("/api/v1/session", 201);
    assert_eq!((&begun["method"], &begun["span"]["id"]), (&"POST".into(), &"of-this-test".into()), "{begun}");
    assert!(begun["elapsed_ms"].is_u64(), "{begun}");
    answered("/api/v1/session", 401);
    let seen = answered("/api/v1/samples/{id}", 404);
    assert_eq!(seen["person"], body["person"]["id"]);
    assert_eq!(seen["span"]["id"].as_str().map(str::len), Some(36));
    let secrets =
        ["zhang.san", "张三", "%E5%BC", PASSWORD, "not-the-password", &token, &refresh, "演示", "3301-0190b6c1"];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn it_finishes_what_is_in_hand_and_ends_within_ten_seconds() {
    let folder = tempfile::tempdir().unwrap();
    first_person(&folder);
    let mut server = Server::start(folder.path(), &[]);
    // Half a body, and half a head.
    let whole = login(PASSWORD);
    let mut half = TcpStream::connect(&server.address).unwrap();
    half.write_all(whole.split_at(whole.len() - 10).0.as_bytes()).unwrap();
    let mut head = TcpStream::connect(&server.address).unwrap();
    head.write_all(b"GET /heal").unwrap();
    // These are in hand for certain: the server has asked for their bodies, and gets them.
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let logins = [0; 4].map(|_| {
        let mut login = TcpStream::connect(&server.address).unwrap();
        login.write_all(format!("{head}\r\nexpect: 100-continue\r\n\r\n").as_bytes()).unwrap();
        let mut asked = [0; 25];
        login.read_exact(&mut asked).unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100"));
        login.write_all(body.as_bytes()).unwrap();
        login
    });
    let (took, is_well) = server.stop();
    assert!(is_well && took < Duration::from_secs(10), "{took:?}");
    for mut login in logins {
        let mut answer = String::new();
        drop(login.read_to_string(&mut answer));
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    assert!(TcpStream::connect(&server.address).is_err());
}
