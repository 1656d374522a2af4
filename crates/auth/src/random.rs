//! The one place where randomness comes in: the operating system's generator.

use rand::TryRng as _;
use rand::rngs::SysRng;

/// The operating system gave no random bytes: nothing secret may be made then.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoRandomness(String);

/// `N` bytes that nobody can foretell.
///
/// # Errors
/// When the operating system has none to give.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_are_not_blank() {
        let first = bytes::<32>().unwrap();
        assert_ne!(first, bytes::<32>().unwrap());
        assert_ne!(first, [0; 32]);
        assert_ne!(first, [1; 32]);
    }
}
