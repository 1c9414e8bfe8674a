//! Limits count only when signed (Ed25519, RFC 8032), newer than what is in force, and still valid.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cws_process::fault::Fault;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::limits::Limits;

/// Longest limits file, bytes.
pub const LIMITS_BYTES_MAX: u64 = 64 << 20;

/// Limits whose signature, version and time were checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedLimits {
    pub limits: Limits,
    /// BLAKE3 of the file.
    pub hash: [u8; 32],
}

/// `limits.toml` -> `limits.toml.sig`: 128 hex digits.
pub fn signature_path(limits: &Path) -> PathBuf {
    let mut path = limits.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// The signature over the bytes of a file, as the text of its signature file.
pub fn sign(bytes: &[u8], key: &SigningKey) -> String {
    hex(&key.sign(bytes).to_bytes())
}

/// Reads and checks the file at `path` and its signature.
///
/// # Errors
/// `CWS-LIMITS-001` unreadable, `-002` not signed by this key, `-003` malformed, `-004` not newer than `in_force`,
/// `-005` no longer valid. Whoever gets one keeps what is in force.
pub fn load(
    path: &Path,
    key: &VerifyingKey,
    in_force: Option<u64>,
    utc_ns: u64,
) -> Result<SignedLimits, Fault> {
    let bytes = read(path)?;
    let signature = read(&signature_path(path))?;
    check(&bytes, &signature, key, in_force, utc_ns).map_err(|fault| Fault {
        place: path.display().to_string(),
        ..fault
    })
}

/// The same on bytes.
pub fn check(
    bytes: &[u8],
    signature: &[u8],
    key: &VerifyingKey,
    in_force: Option<u64>,
    utc_ns: u64,
) -> Result<SignedLimits, Fault> {
    let fault = |code, what: String, fix| Fault::new(code, what, "limits", fix);
    let signed = std::str::from_utf8(signature)
        .ok()
        .and_then(|text| unhex::<64>(text.trim()))
        .is_some_and(|s| key.verify_strict(bytes, &Signature::from_bytes(&s)).is_ok());
    if !signed {
        let what = "the signature is not this key's over this file".into();
        return Err(fault(
            "CWS-LIMITS-002",
            what,
            "sign it: cws-risk sign --key FILE LIMITS",
        ));
    }
    let malformed =
        |what: String| fault("CWS-LIMITS-003", what, "correct the file and sign it again");
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    let limits = Limits::parse(text).map_err(malformed)?;
    if let Some(version) = in_force.filter(|version| limits.version <= *version) {
        let what = format!(
            "version {} is not above {version}, which is in force",
            limits.version
        );
        return Err(fault(
            "CWS-LIMITS-004",
            what,
            "raise version and sign again",
        ));
    }
    if limits.valid_until_ns <= utc_ns {
        let what = format!("valid until {}, it is {utc_ns}", limits.valid_until_ns);
        return Err(fault("CWS-LIMITS-005", what, "sign limits for today"));
    }
    let hash = *blake3::hash(bytes).as_bytes();
    Ok(SignedLimits { limits, hash })
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let refuse = |what: String| {
        Fault::new(
            "CWS-LIMITS-001",
            what,
            path.display().to_string(),
            "give limits and their .sig beside them",
        )
    };
    let fault = |error: std::io::Error| refuse(error.to_string());
    // A pipe has no length and may never end: whoever waits for it, or reads it, watches no order meanwhile.
    let mut options = OpenOptions::new();
    let opened = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(fault)?;
    let found = opened.metadata().map_err(fault)?;
    let len = found.len();
    if !found.is_file() || len > LIMITS_BYTES_MAX {
        return Err(refuse(format!(
            "no plain file of at most {LIMITS_BYTES_MAX} bytes, but {len}"
        )));
    }
    let mut bytes = Vec::new();
    opened
        .take(LIMITS_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    Ok(bytes)
}

/// A public key of 64 hex digits.
pub fn public_key(text: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&unhex::<32>(text.trim())?).ok()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// None where the text is not exactly N bytes in hex.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}
