//! Argon2id whose memory goes back to the system after every hash.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, PasswordHasher, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// More than what glibc's allocator ever keeps for the next who asks for so much
/// (`DEFAULT_MMAP_THRESHOLD_MAX`, 32 MiB). It would otherwise keep the memory of a hash,
/// once for each core. What is never touched takes no memory.
const NEVER_KEPT_BYTES: usize = 33 << 20;

/// Hashes with the parameters given here, and checks with those of the hash.
pub(super) struct Argon2id(pub(super) Params);

impl PasswordHasher<PasswordHash> for Argon2id {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        self.hash_password_customized(password, salt, None, None, self.0.clone())
    }
}

impl CustomizedPasswordHasher<PasswordHash> for Argon2id {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or(Algorithm::Argon2id);
        let version = version.map(Version::try_from).transpose()?.unwrap_or(Version::V0x13);
        let (salt, fields) = (Salt::new(salt)?, ParamsString::try_from(&params)?);
        let blocks = params.block_count();
        let mut memory = Vec::with_capacity(blocks.max(NEVER_KEPT_BYTES / Block::SIZE));
        memory.resize(blocks, Block::new());
        let mut output = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(password, &salt, &mut output, memory.as_mut_slice())?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: fields,
            salt: Some(salt),
            hash: Some(Output::new(&output)?),
        })
    }
}
