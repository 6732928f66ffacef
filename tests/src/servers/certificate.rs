//! A certificate for this machine's loopback, for servers that speak TLS.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use tempfile::TempDir;

/// A self-signed certificate for `localhost` and 127.0.0.1, with its key; its folder goes with it.
#[derive(Debug)]
pub struct Certificate {
    dir: TempDir,
}

impl Certificate {
    /// Makes one with `openssl`.
    ///
    /// # Panics
    ///
    /// When there is no `openssl`.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("a folder of our own");
        let certificate = Self { dir };
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args([
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(certificate.key())
            .arg("-out")
            .arg(certificate.path())
            .output()
            .expect("openssl starts");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        certificate
    }

    /// The certificate, which is also what a client has to trust.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("certificate.pem")
    }

    /// The key, readable by this user only.
    pub fn key(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    /// Copies both into a folder as `server.crt` and `server.key`.
    ///
    /// # Errors
    ///
    /// When they cannot be copied.
    pub fn copy_to(&self, folder: &Path) -> io::Result<()> {
        fs::copy(self.path(), folder.join("server.crt"))?;
        fs::copy(self.key(), folder.join("server.key"))?;
        Ok(())
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}
