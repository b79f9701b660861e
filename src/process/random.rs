//! Randomness of the operating system.

use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};

/// 128 random bits in hex: no two draws of all processes ever meet.
pub fn hex_128() -> String {
    let mut bits = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bits)
        .expect("an operating system without randomness cannot run TLS either");
    HEXLOWER.encode(&bits)
}
