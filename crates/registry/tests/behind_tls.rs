//! A registry behind TLS. Makes its certificates with `openssl`, and so runs with the real services only.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod fake;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use chimera_registry::{RegistryError, RegistrySettings, ids_at_start};
use fake::Fake;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_native_tls::TlsAcceptor;
use tokio_native_tls::native_tls::{self, Identity};

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_behind_tls_is_believed_by_its_authority_only() {
    if std::env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!("left out: makes certificates with openssl; set CHIMERA_STACK=1");
        return;
    }
    let (room, fake) = (TempDir::new().unwrap(), Fake::start().await);
    let (certificate, stranger) = (certify(room.path(), "registry"), certify(room.path(), "other"));
    let address = front(&certificate, fake.address).await;
    let settings = |ca_file: &Path| RegistrySettings {
        url: format!("https://{address}"),
        ca_file: Some(ca_file.to_owned()),
        ..fake.settings()
    };
    let copy = room.path().join("copy");
    let refused = ids_at_start(&settings(&stranger), &copy).await.err().unwrap().to_string();
    assert!(refused.contains("certificate verify failed"), "{refused}");
    let missing = ids_at_start(&settings(Path::new("nowhere.pem")), &copy).await.err().unwrap();
    assert!(matches!(missing, RegistryError::Authority { .. }), "{missing}");
    assert_eq!(fake.held(|held| held.writes), 0);
    ids_at_start(&settings(&certificate), &copy).await.unwrap();
    assert!(fake.held(|held| held.writes) > 0);
}

/// A certificate that is its own authority; its key stands beside it.
fn certify(room: &Path, name: &str) -> PathBuf {
    let file = room.join(format!("{name}.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1"]);
    openssl.arg("-keyout").arg(file.with_extension("key")).arg("-out").arg(&file);
    assert!(openssl.output().unwrap().status.success(), "openssl makes no certificate");
    file
}

/// Ends TLS before the registry at `behind`.
async fn front(certificate: &Path, behind: SocketAddr) -> SocketAddr {
    let read = |file: PathBuf| std::fs::read(file).unwrap();
    let key = read(certificate.with_extension("key"));
    let identity = Identity::from_pkcs8(&read(certificate.to_owned()), &key).unwrap();
    let acceptor = TlsAcceptor::from(native_tls::TlsAcceptor::new(identity).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not believe us ends it.
            let Ok(mut outside) = acceptor.accept(stream).await else { continue };
            let mut inside = TcpStream::connect(behind).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut outside, &mut inside).await });
        }
    });
    address
}
