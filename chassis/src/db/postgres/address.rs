//! Reads an address of PostgreSQL: which servers, and how the way to them is protected.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::super::DbError;

/// For one server to take the connection. Others are tried meanwhile.
const CONNECT: Duration = Duration::from_secs(5);
/// A server that vanished without a word (a power cut, a broken cable) is given up after this time.
const SILENCE: Duration = Duration::from_secs(10);
const SYSTEMS_DEFAULT: Duration = Duration::from_secs(2 * 60 * 60);

/// How the way to the server is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// Not at all.
    Plain,
    /// Encrypted. Without a root nobody knows for whom.
    Encrypted {
        /// A file with the roots that the server's certificate must lead to, PEM.
        root: Option<PathBuf>,
    },
    /// Encrypted, for the server whose name stands in the address and whose certificate leads to a root in this file.
    Verified {
        /// The file, PEM.
        root: PathBuf,
    },
}

/// An address taken apart.
pub(super) struct Address {
    /// The same settings once for each server, in the order of the address.
    pub(super) servers: Vec<Config>,
    pub(super) protection: Protection,
    /// As an operator would write it, the password left out.
    pub(super) shown: String,
}

impl Address {
    /// `postgres://user:password@host:port,host:port/name?sslmode=…&sslrootcert=…`, and everything else that such addresses may say.
    pub(super) fn read(url: &str) -> Result<Self, DbError> {
        let (plain, mode, root) = take_tls_words(url)?;
        // The parser's own message may repeat a part of the address, so it is not passed on.
        let unreadable = |what: &str| DbError::Address(what.to_owned());
        let whole: Config = plain.parse().map_err(|_| unreadable("not a PostgreSQL address"))?;
        let (hosts, ports) = (each_host(&whole), whole.get_ports());
        if hosts.is_empty() {
            return Err(unreadable("it names no host"));
        }
        if ports.len() > 1 && ports.len() != hosts.len() {
            return Err(unreadable("as many ports as hosts, or one for all"));
        }
        let protection = protection(mode.as_deref(), root, &hosts)?;
        let server = |(place, host): (usize, &Host)| {
            let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
            one_server(&whole, host, port, whole.get_hostaddrs().get(place).copied(), &protection)
        };
        Ok(Self { servers: hosts.iter().enumerate().map(server).collect(), shown: without_secret(&whole), protection })
    }
}

/// Takes `sslmode` and `sslrootcert` out of the address: the driver knows other words.
fn take_tls_words(url: &str) -> Result<(String, Option<String>, Option<PathBuf>), DbError> {
    let Some((start, query)) = url.split_once('?') else { return Ok((url.to_owned(), None, None)) };
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for word in query.split('&') {
        match word.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => {
                root = Some(PathBuf::from(decoded(value).ok_or_else(|| DbError::Address("sslrootcert cannot be read".to_owned()))?));
            }
            _ => rest.push(word),
        }
    }
    let plain = if rest.is_empty() { start.to_owned() } else { format!("{start}?{}", rest.join("&")) };
    Ok((plain, mode, root))
}

/// `%2F` and the like.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, after) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(after.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn protection(mode: Option<&str>, root: Option<PathBuf>, hosts: &[Host]) -> Result<Protection, DbError> {
    match (mode, root) {
        (Some("disable"), _) => Ok(Protection::Plain),
        (None, None) if hosts.iter().all(is_this_machine) => Ok(Protection::Plain),
        (Some("require"), root) => Ok(Protection::Encrypted { root }),
        (Some("verify-ca"), Some(root)) => Ok(Protection::Encrypted { root: Some(root) }),
        (Some("verify-full") | None, Some(root)) => Ok(Protection::Verified { root }),
        (Some("verify-ca" | "verify-full"), None) => Err(DbError::Protection(
            "sslrootcert=ファイル で、サーバーの証明書のルートを示してください / name the root certificate in sslrootcert".to_owned(),
        )),
        (None, None) => Err(DbError::Protection(
            "別の機械へは暗号化してつなぎます。sslmode=verify-full&sslrootcert=ファイル を加えてください。平文でよければ sslmode=disable と書いてください / \
            another machine is reached by TLS: add sslmode=verify-full&sslrootcert=FILE, or say sslmode=disable"
                .to_owned(),
        )),
        (Some(_), _) => Err(DbError::Protection(
            "sslmode は disable、require、verify-ca、verify-full のどれかです / sslmode is one of these".to_owned(),
        )),
    }
}

/// `?host=one,two` reaches the driver as one name with a comma in it.
fn each_host(config: &Config) -> Vec<Host> {
    config.get_hosts().iter().flat_map(apart).collect()
}

fn apart(host: &Host) -> Vec<Host> {
    match host {
        Host::Tcp(names) => names.split(',').map(|name| Host::Tcp(name.to_owned())).collect(),
        #[cfg(unix)]
        Host::Unix(folder) => vec![Host::Unix(folder.clone())],
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let name = name.trim_matches(['[', ']']);
            name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn one_server(whole: &Config, host: &Host, port: u16, address: Option<IpAddr>, protection: &Protection) -> Config {
    let mut config = Config::new();
    match host {
        Host::Tcp(name) => config.host(name.as_str()),
        #[cfg(unix)]
        Host::Unix(folder) => config.host_path(folder),
    };
    config.port(port);
    address.map(|address| config.hostaddr(address));
    whole.get_user().map(|user| config.user(user));
    whole.get_password().map(|password| config.password(password));
    whole.get_dbname().map(|name| config.dbname(name));
    whole.get_options().map(|options| config.options(options));
    config.application_name(whole.get_application_name().unwrap_or("onshi"));
    config.ssl_mode(if *protection == Protection::Plain { SslMode::Disable } else { SslMode::Require });
    config.ssl_negotiation(whole.get_ssl_negotiation());
    config.connect_timeout(whole.get_connect_timeout().copied().unwrap_or(CONNECT));
    config.tcp_user_timeout(whole.get_tcp_user_timeout().copied().unwrap_or(SILENCE));
    config.keepalives(whole.get_keepalives());
    let idle = Some(whole.get_keepalives_idle()).filter(|idle| *idle != SYSTEMS_DEFAULT);
    config.keepalives_idle(idle.unwrap_or(Duration::from_secs(5)));
    config.keepalives_interval(whole.get_keepalives_interval().unwrap_or(Duration::from_secs(2)));
    config.keepalives_retries(whole.get_keepalives_retries().unwrap_or(3));
    // A standby would refuse every write: it is passed over, unless the address says otherwise.
    config.target_session_attrs(match whole.get_target_session_attrs() {
        TargetSessionAttrs::Any => TargetSessionAttrs::ReadWrite,
        other => other,
    });
    config.channel_binding(whole.get_channel_binding());
    config
}

fn without_secret(config: &Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let ports = config.get_ports();
    let hosts = each_host(config).into_iter().enumerate().map(|(i, host)| {
        #[cfg_attr(not(unix), expect(clippy::infallible_destructuring_match, reason = "elsewhere there is a second kind"))]
        let host = match host {
            Host::Tcp(name) => name,
            #[cfg(unix)]
            Host::Unix(folder) => folder.display().to_string(),
        };
        ports.get(i).or(ports.first()).map_or(host.clone(), |port| format!("{host}:{port}"))
    });
    format!("postgres://{user}{}/{}", hosts.collect::<Vec<_>>().join(","), config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Address {
        Address::read(url).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refusal(url: &str) -> String {
        Address::read(url).err().unwrap().to_string()
    }

    #[test]
    fn plain_is_for_this_machine_or_said_aloud() {
        for url in [
            "postgres://a@127.0.0.1/x",
            "postgres://a@localhost:1/x",
            "postgres://a@[::1]:5/x",
            "postgres://a@db.example/x?sslmode=disable",
        ] {
            assert_eq!(read(url).protection, Protection::Plain, "{url}");
        }
        assert!(refusal("postgres://a@db.example/x").contains("another machine is reached by TLS"));
        assert!(refusal("postgres://a@127.0.0.1,db.example/x").contains("another machine is reached by TLS"));
        assert!(refusal("postgres://a@db.example/x?sslmode=verify-full").contains("sslrootcert"));
        assert!(refusal("postgres://a@db.example/x?sslmode=prefer").contains("verify-full"));
    }

    #[test]
    fn the_words_of_tls_are_taken_out_and_the_others_left() {
        let address = read("postgres://a@db.example/x?sslmode=verify-full&application_name=copy&sslrootcert=%2Fetc%2Froot%20one.pem");
        assert_eq!(address.protection, Protection::Verified { root: "/etc/root one.pem".into() });
        assert_eq!(address.servers[0].get_application_name(), Some("copy"));
        assert_eq!(address.servers[0].get_ssl_mode(), SslMode::Require);
        let root = Some(PathBuf::from("r.pem"));
        assert_eq!(read("postgres://a@h/x?sslrootcert=r.pem").protection, Protection::Verified { root: "r.pem".into() });
        assert_eq!(read("postgres://a@h/x?sslmode=verify-ca&sslrootcert=r.pem").protection, Protection::Encrypted { root });
        assert_eq!(read("postgres://a@h/x?sslmode=require").protection, Protection::Encrypted { root: None });
        assert!(refusal("postgres://a@h/x?sslrootcert=%zz").contains("sslrootcert"));
    }

    #[test]
    fn each_server_of_the_address_can_be_tried_by_itself() {
        let address = read("postgres://a:pw@one:1,two:2,three:3/x?sslmode=disable");
        let hosts: Vec<_> = address.servers.iter().map(|server| (server.get_hosts()[0].clone(), server.get_ports()[0])).collect();
        assert_eq!(hosts, [(Host::Tcp("one".into()), 1), (Host::Tcp("two".into()), 2), (Host::Tcp("three".into()), 3)]);
        assert!(address.servers.iter().all(|server| server.get_password() == Some(b"pw")));
        assert!(address.servers.iter().all(|server| server.get_target_session_attrs() == TargetSessionAttrs::ReadWrite));
        assert_eq!(address.shown, "postgres://a@one:1,two:2,three:3/x");
        assert_eq!(read("postgres://a@/x?host=one,two&port=7&sslmode=disable").servers[1].get_ports(), [7]);
        assert!(refusal("postgres://a@/x?host=one,two,three&port=1,2&sslmode=disable").contains("ports"));
    }
}
