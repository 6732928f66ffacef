//! TLS by rustls: whom a backend trusts.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "http")]
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::config::{Invalid, Section};
use crate::error::class::{Judged, class};

/// A client that checks the server's certificate and name against the certificates in the file, or Mozilla's roots.
///
/// The provider is named, because rustls panics when two crates of a program bring different ones and none is chosen.
pub(super) fn client(section: &mut Section<'_>, ca_file: Option<&Path>) -> Result<ClientConfig, Invalid> {
    let roots = match ca_file {
        Some(path) => roots(path).map_err(|problem| section.invalid("ca_file", problem))?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| section.invalid("tls", format!("cannot be had: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Makes a provider of cryptography the program's own when it has none. The feature `http` turns on a part of reqwest that
/// panics without one, also in clients that are not made by lift.
#[cfg(feature = "http")]
pub(crate) fn provide_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // Somebody else was faster, which is as good.
        let _ = ring::default_provider().install_default();
    }
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let shown = path.display();
    let certificates =
        CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("`{shown}` cannot be read as certificates in PEM form: {error}"))?;
    let mut roots = RootCertStore::empty();
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(format!("`{shown}` holds no certificate")),
        _ => Ok(roots),
    }
}

/// What is wrong with a certificate, without the names in it.
pub(crate) fn judge<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    use tokio_rustls::rustls::{CertificateError, Error};

    let said = match error.downcast_ref::<Error>()? {
        Error::InvalidCertificate(fault) => match fault {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "TLS: the certificate is for another name".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "TLS: the certificate has expired".to_owned()
            }
            CertificateError::Other(_) => "TLS: the certificate is not valid".to_owned(),
            fault => format!("TLS: the certificate is not valid: {fault:?}"),
        },
        Error::AlertReceived(alert) => format!("TLS: the peer says {alert:?}"),
        _ => "TLS: the handshake failed".to_owned(),
    };
    class(said, None)
}
