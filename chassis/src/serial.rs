//! Writes serial numbers of certificates the one way in which people and tables name them.

/// Writes a serial number the way logs, tables and operators name it: lower-case hexadecimal without leading zeros.
#[must_use]
pub fn serial_text(serial: &[u8]) -> String {
    let text = data_encoding::HEXLOWER.encode(serial);
    let short = text.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}
