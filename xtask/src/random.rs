//! Secrets for the local parts.

use anyhow::{Result, anyhow};
use data_encoding::{BASE64, HEXLOWER};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

/// The fixed beginning of a P-256 public key in the form of RFC 5480.
const PUBLIC_KEY_PREFIX: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// 32 random bytes.
pub(crate) fn key() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| anyhow!("the system gives no random bytes"))?;
    Ok(bytes)
}

/// A password of 64 hexadecimal digits, which no URL or shell needs to quote.
pub(crate) fn password() -> Result<String> {
    Ok(HEXLOWER.encode(&key()?))
}

/// A fresh P-256 key pair as PEM: private (PKCS 8) and public.
pub(crate) fn key_pair() -> Result<(String, String)> {
    let random = SystemRandom::new();
    let failed = |_| anyhow!("cannot make a key pair");
    let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let private = private.map_err(failed)?;
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref(), &random)
            .map_err(|_| anyhow!("cannot read back a key pair"))?;
    let mut public = HEXLOWER.decode(PUBLIC_KEY_PREFIX.as_bytes())?;
    public.extend_from_slice(pair.public_key().as_ref());
    Ok((
        pem("PRIVATE KEY", private.as_ref()),
        pem("PUBLIC KEY", &public),
    ))
}

fn pem(kind: &str, der: &[u8]) -> String {
    let mut lines = vec![format!("-----BEGIN {kind}-----")];
    let text = BASE64.encode(der);
    // Base64 is ASCII, so every 64th byte is a boundary.
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        lines.push(line.to_owned());
        rest = more;
    }
    lines.push(format!("-----END {kind}-----\n"));
    lines.join("\n")
}
