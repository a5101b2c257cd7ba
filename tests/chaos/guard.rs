//! What a guarded broker asks of its clients: TLS under an authority made for the test, a name with a password by SCRAM, and
//! rights. Belongs to one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::start;

/// Who may enter.
pub(crate) const USER: &str = "shop";
/// How the shop proves it; must be in nothing that a program says.
pub(crate) const PASSWORD: &str = "hush-hush-5cram";

/// The broker's door.
pub(crate) struct Guard {
    room: PathBuf,
}

impl Guard {
    /// Makes the authority, the broker's certificate, and an authority that has signed nothing.
    pub(crate) fn new(room: &Path) -> Self {
        let guard = Self { room: room.to_owned() };
        guard.certify("authority", &["-subj", "/CN=authority"]);
        guard.certify("stranger", &["-subj", "/CN=authority"]);
        let (authority, key) = (guard.certificate("authority"), guard.key("authority"));
        let signed = ["-CA", authority.to_str().unwrap(), "-CAkey", key.to_str().unwrap()];
        let name = ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"];
        guard.certify("broker", &[signed.as_slice(), &name].concat());
        let both = [guard.key("broker"), guard.certificate("broker")];
        let both = both.map(|file| fs::read_to_string(file).unwrap()).concat();
        fs::write(guard.room.join("keystore.pem"), both).unwrap();
        guard
    }

    /// The file of the authority that has signed the broker's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.certificate("authority")
    }

    /// The file of one with the same name that has not.
    pub(crate) fn stranger(&self) -> PathBuf {
        self.certificate("stranger")
    }

    /// For a broker: the listener for clients with a detour asks for TLS and a password, and only the other one is free of rules.
    /// What stands later in a file of Java's properties counts.
    pub(crate) fn settings(&self) -> String {
        let keystore = self.room.join("keystore.pem");
        format!(
            "listener.security.protocol.map=CLIENTS:PLAINTEXT,PROXIED:SASL_SSL,CONTROLLER:PLAINTEXT\n\
             listener.name.proxied.ssl.keystore.type=PEM\n\
             listener.name.proxied.ssl.keystore.location={}\n\
             listener.name.proxied.sasl.enabled.mechanisms=SCRAM-SHA-512\n\
             listener.name.proxied.scram-sha-512.sasl.jaas.config=\
             org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS\n",
            keystore.display()
        )
    }

    /// For `kafka-storage format`.
    pub(crate) fn account() -> [String; 2] {
        let account = format!("SCRAM-SHA-512=[name={USER},password={PASSWORD}]");
        ["--add-scram".to_owned(), account]
    }

    fn certify(&self, name: &str, how: &[&str]) {
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]).args(how);
        openssl.arg("-keyout").arg(self.key(name)).arg("-out").arg(self.certificate(name));
        openssl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(start(&mut openssl).wait().unwrap().success(), "openssl makes no certificate");
    }

    fn certificate(&self, name: &str) -> PathBuf {
        self.room.join(format!("{name}.pem"))
    }

    fn key(&self, name: &str) -> PathBuf {
        self.room.join(format!("{name}.key"))
    }
}
