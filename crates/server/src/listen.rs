//! Where the server listens, and what it must know of its surroundings to be safe there.

use crate::tls::{self, Certificates};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use hege_api::edge::Settings;
use hege_api::edge::address::{Header, Proxies, networks};
use hege_api::edge::limits::PerMinute;
use ipnet::IpNet;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

/// Where it listens.
#[derive(Debug, Clone, Args)]
pub(crate) struct Listen {
    /// Address and port; port 0 takes a free one.
    #[arg(long, env = "HEGE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: String,
    /// What people type to reach it, such as `https://hege.example.org`; needed beyond loopback.
    #[arg(long, env = "HEGE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Certificate with its chain, PEM: the server ends TLS itself. Read again at SIGHUP.
    #[arg(long, env = "HEGE_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, PEM.
    #[arg(long, env = "HEGE_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Proxies in front of it, as addresses or networks separated by commas; whom they say they speak for is believed.
    #[arg(long, env = "HEGE_TRUSTED_PROXIES", value_name = "ADDRESSES")]
    trusted_proxies: Option<String>,
    /// The header in which the proxies say it. They must write it themselves, whatever came.
    #[arg(long, env = "HEGE_FORWARDED_HEADER", value_enum, default_value = "x-forwarded-for", value_name = "NAME")]
    forwarded_header: Forwarding,
    /// Who may read /metrics besides this machine, as addresses or networks separated by commas.
    #[arg(long, env = "HEGE_METRICS_FROM", value_name = "ADDRESSES")]
    metrics_from: Option<String>,
    /// Logins and refreshes a minute for each address, or `off`.
    #[arg(long, env = "HEGE_LIMIT_LOGIN", default_value = "30", value_name = "NUMBER")]
    limit_login: String,
    /// Requests a minute for each address to what is public, or `off`.
    #[arg(long, env = "HEGE_LIMIT_PUBLIC", default_value = "120", value_name = "NUMBER")]
    limit_public: String,
    /// Other requests a minute for each address, or `off`.
    #[arg(long, env = "HEGE_LIMIT_REQUESTS", default_value = "3000", value_name = "NUMBER")]
    limit_requests: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Forwarding {
    XForwardedFor,
    Forwarded,
}

/// What follows from it.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) settings: Settings,
    pub(crate) certificates: Option<Arc<Certificates>>,
}

impl Surroundings {
    fn is_loopback(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().is_loopback())
    }

    /// A demonstration has passwords that everybody knows.
    pub(crate) fn check_demo(&self) -> Result<()> {
        if !self.is_loopback() {
            bail!("a demonstration has passwords that everybody knows: it listens on loopback only");
        }
        Ok(())
    }

    /// What strangers need to be safe there.
    fn objections(&self, problems: &mut Vec<String>) {
        if self.is_loopback() {
            return;
        }
        let Settings { public_origin, tls, proxies, .. } = &self.settings;
        if tls.is_none() && proxies.trusted.is_empty() {
            let ways = "HEGE_TLS_CERT and HEGE_TLS_KEY, or HEGE_TRUSTED_PROXIES when a proxy in front ends TLS";
            problems.push(format!("beyond loopback passwords and tokens need TLS: set {ways}"));
        }
        match public_origin {
            None => problems.push("beyond loopback HEGE_PUBLIC_URL is needed: what people type to reach it".to_owned()),
            Some(origin) if !origin.starts_with("https://") => {
                problems.push(format!("HEGE_PUBLIC_URL: beyond loopback it begins with https://, unlike {origin}"));
            }
            Some(_) => {}
        }
    }
}

/// `https://hege.example.org` of what was written, with `:port` where it is not the usual one.
fn origin(url: &str) -> Option<String> {
    let url = url.trim().to_ascii_lowercase();
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let usual = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.strip_suffix(usual).unwrap_or(authority);
    let parsed: actix_web::http::Uri = format!("{scheme}://{authority}").parse().ok()?;
    let is_bare = parsed.host().is_some_and(|host| !host.is_empty()) && !authority.contains(['/', '?', '#', '@']);
    is_bare.then(|| format!("{scheme}://{authority}"))
}

impl Listen {
    /// What follows, or everything that is wrong, a sentence each.
    pub(crate) fn read(&self, problems: &mut Vec<String>) -> Surroundings {
        let addresses = self.listen.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
        let surroundings = Surroundings {
            settings: Settings {
                public_origin: self.public_origin(problems),
                tls: None,
                proxies: Proxies {
                    trusted: listed(("HEGE_TRUSTED_PROXIES", self.trusted_proxies.as_deref()), problems),
                    header: match self.forwarded_header {
                        Forwarding::XForwardedFor => Header::XForwardedFor,
                        Forwarding::Forwarded => Header::Forwarded,
                    },
                },
                limits: PerMinute {
                    login: limit(("HEGE_LIMIT_LOGIN", &self.limit_login), problems),
                    public: limit(("HEGE_LIMIT_PUBLIC", &self.limit_public), problems),
                    request: limit(("HEGE_LIMIT_REQUESTS", &self.limit_requests), problems),
                },
                metrics_from: listed(("HEGE_METRICS_FROM", self.metrics_from.as_deref()), problems),
            },
            certificates: self.certificates(problems),
            addresses,
        };
        if surroundings.addresses.is_empty() {
            problems.push(format!("HEGE_LISTEN: `{}` is no address with a port, such as 127.0.0.1:8080", self.listen));
        }
        self.with_tls(surroundings, problems)
    }

    fn with_tls(&self, mut surroundings: Surroundings, problems: &mut Vec<String>) -> Surroundings {
        match surroundings.certificates.clone().map(tls::config).transpose() {
            Ok(config) => surroundings.settings.tls = config.map(Arc::new),
            Err(error) => problems.push(format!("TLS: {error:#}")),
        }
        // Files that cannot be read are one problem, not the lack of them as another.
        if self.tls_cert.is_none() && self.tls_key.is_none() || surroundings.settings.tls.is_some() {
            surroundings.objections(problems);
        }
        surroundings
    }

    fn public_origin(&self, problems: &mut Vec<String>) -> Option<String> {
        let url = self.public_url.as_ref()?;
        let origin = origin(url);
        if origin.is_none() {
            problems.push(format!(
                "HEGE_PUBLIC_URL: `{url}` is no address without a path, such as https://hege.example.org"
            ));
        }
        origin
    }

    fn certificates(&self, problems: &mut Vec<String>) -> Option<Arc<Certificates>> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => match Certificates::load(certificate, key) {
                Ok(certificates) => return Some(Arc::new(certificates)),
                Err(error) => problems.push(format!("TLS: {error:#}")),
            },
            (Some(_), None) => problems.push("HEGE_TLS_CERT needs HEGE_TLS_KEY beside it".to_owned()),
            (None, Some(_)) => problems.push("HEGE_TLS_KEY needs HEGE_TLS_CERT beside it".to_owned()),
            (None, None) => {}
        }
        None
    }
}

fn listed((name, text): (&str, Option<&str>), problems: &mut Vec<String>) -> Vec<IpNet> {
    networks(text.unwrap_or_default()).unwrap_or_else(|entry| {
        problems.push(format!("{name}: `{entry}` is neither an address nor a network, such as 10.0.0.2 or 10.0.0.0/8"));
        Vec::new()
    })
}

fn limit((name, text): (&str, &str), problems: &mut Vec<String>) -> Option<NonZeroU32> {
    match (text.trim(), text.trim().parse()) {
        ("off", _) => None,
        (_, Ok(number)) => Some(number),
        (text, Err(_)) => {
            problems.push(format!("{name}: `{text}` is neither a number from 1 on nor `off`"));
            None
        }
    }
}

/// Refuses what has problems, all of them at once.
pub(crate) fn refuse(problems: &[String]) -> Result<()> {
    match problems {
        [] => Ok(()),
        [one] => bail!("{one}"),
        several => bail!("{} settings cannot be used:\n  {}", several.len(), several.join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        listen: Listen,
    }

    fn read(arguments: &[&str]) -> (Surroundings, Vec<String>) {
        let cli = Cli::try_parse_from(["hege"].iter().chain(arguments)).unwrap();
        let mut problems = Vec::new();
        (cli.listen.read(&mut problems), problems)
    }

    fn problems(arguments: &[&str]) -> Vec<String> {
        read(arguments).1
    }

    const PUBLIC: [&str; 2] = ["--public-url", "https://hege.example"];

    #[test]
    fn beyond_loopback_a_public_address_and_tls_or_a_proxy_are_needed_and_no_demonstration_goes_there() {
        for loopback in ["127.0.0.1:0", "[::1]:0", "localhost:0"] {
            let (surroundings, problems) = read(&["--listen", loopback]);
            assert_eq!(problems, Vec::<String>::new(), "{loopback}");
            assert!(surroundings.check_demo().is_ok());
        }
        assert_eq!(problems(&["--listen", "0.0.0.0:80"]).len(), 2);
        assert_eq!(problems(&[&["--listen", "0.0.0.0:80"], &PUBLIC[..]].concat()).len(), 1);
        let proxied = ["--listen", "0.0.0.0:80", "--trusted-proxies", "10.0.0.2"];
        assert_eq!(problems(&proxied).len(), 1);
        assert_eq!(problems(&[&proxied[..], &["--public-url", "http://hege.example"]].concat()).len(), 1);
        let (whole, problems) = read(&[&proxied[..], &PUBLIC[..]].concat());
        assert_eq!(problems, Vec::<String>::new());
        assert!(whole.check_demo().is_err());
    }

    #[test]
    fn nonsense_is_refused_all_of_it_at_once_and_named() {
        let told = problems(&[
            "--listen",
            "nowhere",
            "--public-url",
            "hege.example/x",
            "--trusted-proxies",
            "proxy",
            "--metrics-from",
            "10.0.0.0/40",
            "--tls-cert",
            "cert.pem",
            "--limit-login",
            "0",
            "--limit-public",
            "1.5",
            "--limit-requests",
            "many",
        ]);
        let names = [
            "HEGE_PUBLIC_URL",
            "HEGE_TRUSTED_PROXIES",
            "HEGE_LIMIT_LOGIN",
            "HEGE_LIMIT_PUBLIC",
            "HEGE_LIMIT_REQUESTS",
            "HEGE_METRICS_FROM",
            "HEGE_TLS_CERT",
            "HEGE_LISTEN",
        ];
        assert_eq!(told.len(), names.len(), "{told:#?}");
        for (told, name) in told.iter().zip(names) {
            assert!(told.starts_with(name), "{name}: {told}");
        }
        let whole = format!("{:#}", refuse(&told).unwrap_err());
        assert!(whole.starts_with("8 settings cannot be used:\n  HEGE_PUBLIC_URL"), "{whole}");
        assert!(refuse(&[]).is_ok());
    }

    #[test]
    fn a_limit_is_a_number_or_off() {
        let (surroundings, problems) = read(&["--limit-login", "1", "--limit-public", "off"]);
        assert_eq!(problems, Vec::<String>::new());
        let limits = surroundings.settings.limits;
        assert_eq!(
            (limits.login.map(u32::from), limits.public, limits.request.map(u32::from)),
            (Some(1), None, Some(3000))
        );
    }

    #[test]
    fn an_origin_has_a_scheme_a_host_and_a_port_where_it_is_not_the_usual_one() {
        for (url, expected) in [
            ("https://Hege.example/", "https://hege.example"),
            ("https://hege.example:443", "https://hege.example"),
            ("https://hege.example:8443/", "https://hege.example:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(origin(url).as_deref(), Some(expected), "{url}");
        }
        for url in [
            "",
            "hege.example",
            "ftp://hege.example",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://a@b",
            "https://a b",
        ] {
            assert_eq!(origin(url), None, "{url}");
        }
    }
}
