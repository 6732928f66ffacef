//! Errors of the server that evict a connection. The module's documentation lists them.

/// How much of an ErrorResponse is looked at; severity and code are its first fields.
pub(super) const LOOKED_AT: usize = 256;

/// Whether the fields of an ErrorResponse say that the session is over, or stands at a server that accepts no writes.
pub(super) fn evicts(fields: &[u8]) -> bool {
    fields.split(|byte| *byte == 0).any(|field| match field.split_first() {
        // The severity, in the server's language and not; servers before 9.6 and some proxies send only the first.
        // The server closes the connection next, whatever the code.
        Some((b'S' | b'V', severity)) => matches!(severity, b"FATAL" | b"PANIC"),
        Some((b'C', code)) => is_elsewhere(code),
        _ => false,
    })
}

/// Connection exceptions (class 08), operator intervention that ends sessions (57P), read-only servers.
fn is_elsewhere(code: &[u8]) -> bool {
    code.starts_with(b"08") || code.starts_with(b"57P") || code == b"25006"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_and_code_tell_in_every_language() {
        for (fields, expected) in [
            ("SERROR\0VERROR\0C23505\0Mduplicate key\0\0", false),
            ("SERROR\0VERROR\0C25006\0Mread only\0\0", true),
            ("SFEHLER\0VERROR\0C57P04\0Mweg\0\0", true),
            ("SFATAL\0VFATAL\0C53300\0Mtoo many\0\0", true),
            ("SFATALE\0VFATAL\0C53300\0\0", true),
            ("SPANIC\0CXX000\0\0", true),
            ("SERROR\0C08P01\0\0", true),
            ("SERROR\0VERROR\0CP0001\0MC25006\0D08000\0\0", false),
            ("", false),
        ] {
            assert_eq!(evicts(fields.as_bytes()), expected, "{fields:?}");
        }
    }
}
