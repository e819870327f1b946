//! Keeps passwords as Argon2id hashes and checks them away from the threads that answer.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};

/// The hash could not be made or the checking thread was lost.
#[derive(Debug, thiserror::Error)]
#[error("パスワードを処理できません。")]
pub struct PasswordFailure;

/// Hashes `password` (Argon2id, 19 MiB, 2 passes) into a PHC string.
///
/// # Errors
/// [`PasswordFailure`] if no memory or randomness can be had.
pub async fn hash(password: SecretString) -> Result<String, PasswordFailure> {
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string()).map_err(|_| PasswordFailure)
    })
    .await
    .map_err(|_| PasswordFailure)?
}

/// Whether `password` fits `hash`. Pass `None` for an account that does not exist: as much time goes by, and the answer is no.
///
/// # Errors
/// [`PasswordFailure`] if the stored hash cannot be read.
pub async fn fits(password: SecretString, hash: Option<String>) -> Result<bool, PasswordFailure> {
    tokio::task::spawn_blocking(move || {
        let given = password.expose_secret().as_bytes();
        match hash {
            Some(hash) => match Argon2::default().verify_password(given, hash.as_str()) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(PasswordFailure),
            },
            None => {
                // The time is what matters here, not the hash.
                let _time_spent = Argon2::default().hash_password(given);
                Ok(false)
            }
        }
    })
    .await
    .map_err(|_| PasswordFailure)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_and_an_absent_account_never_does() {
        let hash = hash("正しい password 1".into()).await.unwrap();
        assert!(!hash.contains("password 1"));
        assert!(fits("正しい password 1".into(), Some(hash.clone())).await.unwrap());
        assert!(!fits("正しい password 2".into(), Some(hash)).await.unwrap());
        assert!(!fits("x".into(), None).await.unwrap());
        assert!(fits("x".into(), Some("not a hash".into())).await.is_err());
    }
}
