//! Claims to signed path and back.

use crate::domain::arrival::{Claims, KeyRing, TokenError};
use crate::domain::time::Time;
use data_encoding::BASE64URL_NOPAD;
use ring::hmac;

/// What stands before the key id in the path of every callback.
pub const PATH_PREFIX: &str = "/v1/arrivals";

/// Longest path of the public base URL, in characters: it goes into every order, and the
/// whole head of a callback must fit into what the receiver reads.
pub const BASE_PATH_CHARACTERS_MAX: usize = 256;

/// Separates these MACs from any other use that a key may ever have.
const MAC_PREFIX: &[u8] = b"restock-operator/arrival/v1";

/// Claims longer than this are none of ours: the longest words in every field make
/// about 1,200 characters. Refused before they are hashed.
const CLAIMS_CHARACTERS_MAX: usize = 2048;

impl KeyRing {
    /// The path of the callback URL for these claims:
    /// `/v1/arrivals/{key id}/{claims}/{mac}`.
    pub fn sign(&self, claims: &Claims) -> String {
        let key = self.signing();
        let json = serde_json::to_vec(claims).expect("claims are words and numbers");
        let text = BASE64URL_NOPAD.encode(&json);
        let tag = hmac::sign(&key.mac, &mac_input(&key.id, &text));
        format!(
            "{PATH_PREFIX}/{}/{text}/{}",
            key.id,
            BASE64URL_NOPAD.encode(tag.as_ref())
        )
    }

    /// The claims of a callback's path, if it is authentic and not over at `now`. A path
    /// before ours is the public base URL's: what is signed is the key id and the claims.
    ///
    /// # Errors
    /// [`TokenError`]; [`TokenError::UnknownKey`] is worth another look at the key file.
    pub fn verify_path(&self, path: &str, now: Time) -> Result<Claims, TokenError> {
        let mut segments = path.rsplitn(4, '/');
        let (Some(mac), Some(claims), Some(id), Some(rest)) = (
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
        ) else {
            return Err(TokenError::Bad);
        };
        let base = rest.strip_suffix(PATH_PREFIX).ok_or(TokenError::Bad)?;
        if base.len() > BASE_PATH_CHARACTERS_MAX {
            return Err(TokenError::Bad);
        }
        self.verify(id, claims, mac, now)
    }

    /// The claims, if `mac` is theirs under the key `id` and they are not over at `now`.
    ///
    /// # Errors
    /// As [`KeyRing::verify_path`].
    pub fn verify(
        &self,
        id: &str,
        claims: &str,
        mac: &str,
        now: Time,
    ) -> Result<Claims, TokenError> {
        if claims.len() > CLAIMS_CHARACTERS_MAX {
            return Err(TokenError::Bad);
        }
        let key = self.find(id).ok_or(TokenError::UnknownKey)?;
        let tag = BASE64URL_NOPAD
            .decode(mac.as_bytes())
            .map_err(|_| TokenError::Bad)?;
        // Compares in constant time. Nothing of the claims is looked at before this.
        hmac::verify(&key.mac, &mac_input(id, claims), &tag).map_err(|_| TokenError::Bad)?;
        let json = BASE64URL_NOPAD
            .decode(claims.as_bytes())
            .map_err(|_| TokenError::Bad)?;
        let claims: Claims = serde_json::from_slice(&json).map_err(|_| TokenError::Bad)?;
        if now > claims.not_after {
            return Err(TokenError::Expired(Box::new(claims)));
        }
        Ok(claims)
    }
}

/// The text as it travels is what is signed: there is no second spelling of a token.
fn mac_input(id: &str, claims: &str) -> Vec<u8> {
    let mut input = Vec::with_capacity(MAC_PREFIX.len() + id.len() + claims.len() + 2);
    input.extend_from_slice(MAC_PREFIX);
    // Separators that neither part can hold: no two pairs give the same input.
    input.push(0);
    input.extend_from_slice(id.as_bytes());
    input.push(0);
    input.extend_from_slice(claims.as_bytes());
    input
}
