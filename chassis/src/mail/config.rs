//! What an operator may say about sending mail, and the default of each: into a folder, where an operator reads it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};

use super::MailError;

/// How mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Into a folder, one file a mail.
    #[default]
    Folder,
    /// To a mail server.
    Smtp,
}

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Begins in the clear, then must become TLS (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// None; only to this machine itself.
    None,
}

/// The section `[mail]`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How mail leaves.
    pub way: Way,
    /// From whom: `Name <address>`. Its host ends every Message-ID.
    pub from: String,
    /// The folder of `way = "folder"`; empty means below the data.
    pub folder: PathBuf,
    /// The mail server's name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// The protection of the way there.
    pub security: Security,
    /// The name to log in with; empty means not at all.
    pub user: String,
    /// A file that holds the password, and nothing else but a line's end.
    pub password_file: PathBuf,
    /// A PEM file of the roots that the mail server's certificate must lead to; empty means those of the operating system.
    pub roots: PathBuf,
    /// Seconds for one mail to be taken over.
    pub timeout_seconds: u64,
    /// Days after which an undelivered mail is given up.
    pub give_up_days: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            way: Way::Folder,
            from: "onshi <noreply@localhost>".to_owned(),
            folder: PathBuf::new(),
            server: String::new(),
            port: 587,
            security: Security::Starttls,
            user: String::new(),
            password_file: PathBuf::new(),
            roots: PathBuf::new(),
            timeout_seconds: 30,
            give_up_days: 5,
        }
    }
}

impl Config {
    pub(super) fn sender(&self) -> Result<Mailbox, MailError> {
        self.from.parse().map_err(|_| {
            MailError::Config(format!("[mail] from「{}」は差出人として読めません。「名前 <番地>」の形で書いてください。", self.from))
        })
    }

    pub(super) fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
        if self.server.is_empty() {
            return Err(MailError::Config("[mail] way = \"smtp\" には server（メールサーバーの名前）が要ります。".to_owned()));
        }
        let local = matches!(self.server.as_str(), "127.0.0.1" | "::1" | "localhost");
        let tls = match self.security {
            Security::None if local => Tls::None,
            Security::None => {
                return Err(MailError::Config(
                    "[mail] security = \"none\" は、この機械自身のメールサーバーにだけ使えます。starttls か tls にしてください。"
                        .to_owned(),
                ));
            }
            Security::Starttls => Tls::Required(self.tls()?),
            Security::Tls => Tls::Wrapper(self.tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.server.as_str())
            .port(self.port)
            .tls(tls)
            .timeout(Some(Duration::from_secs(self.timeout_seconds)));
        if !self.user.is_empty() {
            let password = read(&self.password_file)?.trim_end_matches(['\r', '\n']).to_owned();
            builder = builder.credentials(Credentials::new(self.user.clone(), password));
        }
        Ok(builder.build())
    }

    fn tls(&self) -> Result<TlsParameters, MailError> {
        let wrong =
            |error: &dyn std::fmt::Display| MailError::Config(format!("[mail] のメールサーバーへの TLS を用意できません（{error}）。"));
        let mut tls = TlsParameters::builder(self.server.clone());
        if !self.roots.as_os_str().is_empty() {
            let roots = Certificate::from_pem(read(&self.roots)?.as_bytes()).map_err(|error| wrong(&error))?;
            tls = tls.certificate_store(CertificateStore::None).add_root_certificate(roots);
        }
        tls.build_rustls().map_err(|error| wrong(&error))
    }
}

fn read(path: &Path) -> Result<String, MailError> {
    std::fs::read_to_string(path).map_err(|error| MailError::Config(format!("[mail] の {} を読めません（{error}）。", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_named_before_anything_is_sent() {
        let smtp = Config { way: Way::Smtp, server: "mail.example.jp".to_owned(), ..Config::default() };
        let said = |config: &Config| config.transport().err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(said(&smtp), "");
        assert!(said(&Config { server: String::new(), ..smtp.clone() }).contains("server"));
        assert!(said(&Config { security: Security::None, ..smtp.clone() }).contains("starttls"));
        assert!(said(&Config { user: "desk".to_owned(), password_file: "missing".into(), ..smtp.clone() }).contains("missing"));
        assert!(said(&Config { roots: "missing.pem".into(), ..smtp }).contains("missing.pem"));
        assert!(Config { from: "nobody".to_owned(), ..Config::default() }.sender().is_err());
        assert!(Config::default().sender().is_ok());
    }
}
