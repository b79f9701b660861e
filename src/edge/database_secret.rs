//! The credentials of the ledger in AWS Secrets Manager, and the address that they are for.
//!
//! RDS keeps `username` and `password` alone in the secrets that it manages itself. Those
//! of AWS's rotation functions have `engine`, `host`, `port` and `dbname` too, the port as
//! a number or as text (Secrets Manager User Guide, "JSON structure of AWS Secrets Manager
//! secrets").

use super::aws::{AwsError, failure};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Map, Value};

/// All that is said of what is in a secret: no word of a parser, which may quote it.
const EXPECTED: &str = r#"it must be JSON like {"username": "…", "password": "…"}"#;

/// Which of the two versions that a secret has during a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The one in force.
    Current,
    /// The one that a rotation is about to put in force. The server may know its password
    /// already, for it is changed there first.
    Pending,
}

/// Why a secret gives no credentials; names it, and nothing of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseSecretError {
    /// It cannot be read.
    #[error("cannot read the secret {id} in AWS Secrets Manager: {error}")]
    Unread {
        /// Its name or ARN, as it was told.
        id: String,
        /// Why.
        error: AwsError,
    },
    /// It is not what RDS would have written.
    #[error("the secret {id} in AWS Secrets Manager {why}")]
    Wrong {
        /// Its name or ARN, as it was told.
        id: String,
        /// What is wrong.
        why: String,
    },
    /// The setting is no address.
    #[error(
        "the database address must look like mysql://host:3306/schema?ssl-mode=VERIFY_IDENTITY, \
         without user and password"
    )]
    Address,
}

/// A secret, and where its credentials are good.
#[derive(Clone, Debug)]
pub struct DatabaseSecret {
    client: Client,
    id: String,
    address: Url,
}

impl DatabaseSecret {
    /// A secret by its name or ARN. Without an address, the secret must name the host.
    ///
    /// # Errors
    /// [`DatabaseSecretError::Address`].
    pub fn new(
        config: &SdkConfig,
        id: String,
        address: Option<&str>,
    ) -> Result<Self, DatabaseSecretError> {
        Ok(Self {
            client: Client::new(config),
            id,
            address: parse_address(address.unwrap_or("mysql:///"))?,
        })
    }

    /// The URL of the ledger with the credentials of this version.
    ///
    /// # Errors
    /// Not [`DatabaseSecretError::Address`].
    pub async fn url(&self, version: Version) -> Result<SecretString, DatabaseSecretError> {
        let asking = self.client.get_secret_value().secret_id(&self.id);
        let answer = asking.version_stage(version.stage()).send().await;
        let answer = answer.map_err(|error| DatabaseSecretError::Unread {
            id: self.id.clone(),
            error: failure(&error),
        })?;
        let text = answer.secret_string().unwrap_or_default();
        url(&self.address, text).map_err(|why| DatabaseSecretError::Wrong {
            id: self.id.clone(),
            why,
        })
    }
}

impl Version {
    const fn stage(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
        }
    }
}

fn parse_address(text: &str) -> Result<Url, DatabaseSecretError> {
    let url = Url::parse(text).map_err(|_| DatabaseSecretError::Address)?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    if url.scheme() != "mysql" || url.cannot_be_a_base() || !anonymous {
        return Err(DatabaseSecretError::Address);
    }
    Ok(url)
}

/// The address with the credentials of the secret, and with what else it lacks.
fn url(address: &Url, secret: &str) -> Result<SecretString, String> {
    let fields: Map<String, Value> =
        serde_json::from_str(secret).map_err(|_| format!("is no JSON object: {EXPECTED}"))?;
    if let Some(engine) = text(&fields, "engine")
        && !engine.contains("mysql")
        && engine != "mariadb"
    {
        return Err("is for another kind of database than MySQL or MariaDB".to_owned());
    }
    let mut url = address.clone();
    if url.host_str().is_none_or(str::is_empty) {
        let host = text(&fields, "host");
        let host = host.ok_or("names no host: set RESTOCK_DATABASE_ADDRESS")?;
        url.set_host(Some(&host)).map_err(|_| "has a wrong host")?;
    }
    if url.port().is_none()
        && let Some(port) = text(&fields, "port")
    {
        let port = port.parse().map_err(|_| "has a wrong port")?;
        url.set_port(Some(port)).map_err(|()| "has a wrong port")?;
    }
    if matches!(url.path(), "" | "/") {
        let name = text(&fields, "dbname");
        let name = name.ok_or("names no schema as dbname: set RESTOCK_DATABASE_ADDRESS")?;
        url.set_path(&encoded(&name));
    }
    for (field, set) in [
        ("username", Url::set_username as fn(&mut Url, &str) -> _),
        ("password", |url, text| url.set_password(Some(text))),
    ] {
        let value = text(&fields, field).ok_or(format!("has no {field}: {EXPECTED}"))?;
        set(&mut url, &encoded(&value)).map_err(|()| format!("has a wrong {field}"))?;
    }
    Ok(SecretString::from(url.to_string()))
}

/// A field that is not empty; numbers count as text.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whatever has a meaning in a URL loses it, the percent sign too.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn joined(address: &str, secret: &str) -> Result<String, String> {
        let address = parse_address(address).map_err(|error| error.to_string())?;
        url(&address, secret).map(|url| url.expose_secret().to_owned())
    }

    #[test]
    fn a_secret_of_rds_itself_has_the_credentials_alone() {
        let url = joined(
            "mysql://db.example:3307/restock?ssl-mode=VERIFY_IDENTITY",
            r#"{"username": "admin", "password": "a%41:b@c/d?é"}"#,
        );
        assert_eq!(
            url.unwrap(),
            "mysql://admin:a%2541%3Ab%40c%2Fd%3F%C3%A9@db.example:3307/restock\
             ?ssl-mode=VERIFY_IDENTITY"
        );
    }

    #[test]
    fn a_secret_of_a_rotation_function_fills_in_what_the_address_lacks() {
        let secret = |port: &str| {
            format!(
                r#"{{"engine": "mysql", "host": "db.example", "port": {port}, "dbname": "shop",
                    "username": "u", "password": "p", "dbInstanceIdentifier": "db"}}"#
            )
        };
        for port in ["3307", "\"3307\""] {
            let url = joined("mysql:///?ssl-mode=REQUIRED", &secret(port)).unwrap();
            assert_eq!(url, "mysql://u:p@db.example:3307/shop?ssl-mode=REQUIRED");
        }
        let told = joined("mysql://proxy:3306/other", &secret("3307")).unwrap();
        assert_eq!(told, "mysql://u:p@proxy:3306/other", "the address wins");
    }

    #[test]
    fn what_is_wrong_is_named_and_not_quoted() {
        let cases = [
            ("hunter2", "is no JSON object"),
            ("\"hunter2\"", "is no JSON object"),
            (r#"{"password": "hunter2"}"#, "has no username"),
            (
                r#"{"username": "u", "password": ["hunter2"]}"#,
                "has no password",
            ),
            (
                r#"{"engine": "postgres", "password": "hunter2"}"#,
                "another kind",
            ),
        ];
        for (secret, words) in cases {
            let why = joined("mysql://h/n", secret).unwrap_err();
            assert!(why.contains(words) && !why.contains("hunter2"), "{why}");
        }
        let credentials = r#"{"username": "u", "password": "hunter2", "host": "h"}"#;
        let why = joined("mysql:///n", r#"{"username": "u", "password": "p"}"#);
        assert!(why.unwrap_err().contains("names no host"));
        let why = joined("mysql:///", credentials).unwrap_err();
        assert!(why.contains("names no schema"), "{why}");
    }

    #[test]
    fn an_address_has_no_credentials() {
        for wrong in [
            "db.example/restock",
            "postgres://db.example/restock",
            "mysql:restock",
            "mysql://user@db.example/restock",
            "mysql://user:hunter2@db.example/restock",
        ] {
            let why = parse_address(wrong).unwrap_err().to_string();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
