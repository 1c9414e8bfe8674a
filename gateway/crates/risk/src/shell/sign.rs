//! `cws-risk keygen --key FILE` and `cws-risk sign --key FILE LIMITS`.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cws_process::fault::Fault;
use cws_risk::signing::{hex, sign, signature_path, unhex};
use ed25519_dalek::SigningKey;

fn fault(what: impl ToString, place: &Path) -> Fault {
    Fault::new(
        "CWS-RISK-009",
        what.to_string(),
        place.display().to_string(),
        "see gateway/docs/risk.md for keys and signatures",
    )
}

/// Makes a key from the kernel's randomness, mode 0600; gives the public key for `limits_public_key`.
pub fn keygen(path: &Path) -> Result<String, Fault> {
    let mut seed = [0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut seed))
        .map_err(|error| fault(error, Path::new("/dev/urandom")))?;
    let key = SigningKey::from_bytes(&seed);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| writeln!(file, "{}", hex(&seed)))
        .map_err(|error| fault(error, path))?;
    Ok(hex(key.verifying_key().as_bytes()))
}

/// Writes the signature beside the limits; gives the public key.
pub fn sign_file(key: &Path, limits: &Path) -> Result<String, Fault> {
    let text = std::fs::read_to_string(key).map_err(|error| fault(error, key))?;
    let seed = unhex::<32>(text.trim()).ok_or_else(|| fault("64 hex digits are expected", key))?;
    let key = SigningKey::from_bytes(&seed);
    let bytes = std::fs::read(limits).map_err(|error| fault(error, limits))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| fault(error, limits))?;
    cws_risk::limits::Limits::parse(text).map_err(|what| fault(what, limits))?;
    let target = signature_path(limits);
    // Whole or not at all: risk may be reading it.
    let draft = target.with_extension("sig.new");
    std::fs::write(&draft, format!("{}\n", sign(&bytes, &key)))
        .and_then(|()| std::fs::rename(&draft, &target))
        .map_err(|error| fault(error, &target))?;
    Ok(hex(key.verifying_key().as_bytes()))
}
