//! TLS: certificate and key from files, read again when the process is told so by SIGHUP.

use anyhow::{Context, Result, bail};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The certificate that is shown, and where it came from.
#[derive(Debug)]
pub(crate) struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.with_context(|| format!("cannot read the certificate {}", certificate.display()))?;
    if chain.is_empty() {
        bail!("there is no certificate in {}", certificate.display());
    }
    let secret = PrivateKeyDer::from_pem_file(key).with_context(|| format!("cannot read the key {}", key.display()))?;
    CertifiedKey::from_der(chain, secret, provider)
        .with_context(|| format!("certificate {} and key {} do not fit", certificate.display(), key.display()))
}

impl Certificates {
    /// Reads certificate (with its chain) and key, both PEM.
    ///
    /// # Errors
    /// With the name of the file that is missing, is none, or does not fit the other.
    pub(crate) fn load(certificate: &Path, key: &Path) -> Result<Self> {
        let current = RwLock::new(Arc::new(read(certificate, key, &ring::default_provider())?));
        Ok(Self { certificate: certificate.to_path_buf(), key: key.to_path_buf(), current })
    }

    /// Reads them again; the old ones stay in use when the new ones are no good.
    pub(crate) fn renew(&self) -> Result<()> {
        let fresh = read(&self.certificate, &self.key, &ring::default_provider())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }
}

/// TLS 1.2 and 1.3 with whatever certificate is current.
pub(crate) fn config(certificates: Arc<Certificates>) -> Result<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    Ok(config.with_no_client_auth().with_cert_resolver(certificates))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_that_are_missing_empty_or_of_two_pairs_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let [cert, key, other, blank] =
            ["cert.pem", "key.pem", "other.pem", "blank.pem"].map(|name| folder.path().join(name));
        let [first, second] = [0, 1].map(|_| rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap());
        fs::write(&cert, first.cert.pem()).unwrap();
        fs::write(&key, first.signing_key.serialize_pem()).unwrap();
        fs::write(&other, second.signing_key.serialize_pem()).unwrap();
        fs::write(&blank, "").unwrap();
        let told = |cert: &Path, key: &Path| format!("{:#}", Certificates::load(cert, key).unwrap_err());
        assert!(told(Path::new("nowhere.pem"), &key).contains("nowhere.pem"));
        assert!(told(&cert, Path::new("nowhere.pem")).contains("nowhere.pem"));
        assert!(told(&blank, &key).contains("blank.pem"));
        assert!(told(&key, &key).contains("key.pem"));
        assert!(told(&cert, &cert).contains("cert.pem"));
        assert!(told(&cert, &other).contains("do not fit"));
        let good = Certificates::load(&cert, &key).unwrap();
        fs::write(&cert, "").unwrap();
        let before = Arc::clone(&good.current.read().unwrap());
        assert!(good.renew().is_err());
        assert!(Arc::ptr_eq(&before, &good.current.read().unwrap()));
        fs::write(&cert, first.cert.pem()).unwrap();
        good.renew().unwrap();
        assert!(!Arc::ptr_eq(&before, &good.current.read().unwrap()));
    }
}
