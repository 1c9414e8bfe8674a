//! A signed statement: at `seq` the chain had `hash`. Whoever holds it can tell whether history was rewritten.

use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::error::JournalError;
use crate::reader::Journal;
use crate::writer::Head;

const DOMAIN: &[u8; 16] = b"CWS-CHECKPOINT-1";
/// Domain 16, created_ns 8, seq 8, ts_ns 8, hash 32; little-endian.
const MESSAGE_LEN: usize = 72;

/// `created_ns` names the journal: two journals of one process have other headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub created_ns: u64,
    pub seq: u64,
    /// When the statement was made, UTC ns.
    pub ts_ns: u64,
    pub hash: [u8; 32],
}

/// Ed25519 (RFC 8032) over the message of [`Checkpoint::message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub checkpoint: Checkpoint,
    pub signature: [u8; 64],
}

impl Checkpoint {
    pub fn of(head: Head, ts_ns: u64) -> Self {
        Self {
            created_ns: head.created_ns,
            seq: head.seq,
            ts_ns,
            hash: head.hash,
        }
    }

    /// The bytes that are signed.
    pub fn message(&self) -> [u8; MESSAGE_LEN] {
        let mut bytes = [0; MESSAGE_LEN];
        bytes[..16].copy_from_slice(DOMAIN);
        bytes[16..24].copy_from_slice(&self.created_ns.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.seq.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.ts_ns.to_le_bytes());
        bytes[40..].copy_from_slice(&self.hash);
        bytes
    }

    pub fn sign(self, key: &SigningKey) -> SignedCheckpoint {
        SignedCheckpoint {
            checkpoint: self,
            signature: key.sign(&self.message()).to_bytes(),
        }
    }
}

impl SignedCheckpoint {
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), JournalError> {
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&self.checkpoint.message(), &signature)
            .map_err(|_| refused("the signature is not this key's"))
    }

    /// Verifies the signature, and that the journal at `path` has this hash at this seq.
    pub fn prove(&self, path: &Path, key: &VerifyingKey) -> Result<(), JournalError> {
        self.verify(key)?;
        let mut journal = Journal::open(path)?;
        if journal.created_ns() != self.checkpoint.created_ns {
            return Err(refused("it speaks of another journal"));
        }
        for record in journal.by_ref() {
            let record = record?;
            if record.seq == self.checkpoint.seq {
                return if record.hash == self.checkpoint.hash {
                    Ok(())
                } else {
                    Err(refused("the chain has another hash at this seq"))
                };
            }
        }
        Err(refused("the journal ends before this seq"))
    }
}

fn refused(what: &str) -> JournalError {
    JournalError::Checkpoint { what: what.into() }
}
