//! The HTTP headers of our own that a bridge and a center exchange beside the official ones.

/// Names one dropped file for ever, so that a center answers a repeated question once: 128 bits as 32 hexadecimal digits.
pub const DROP_ID: &str = "onshi-drop-id";

/// The incident number under which the center's log tells what went wrong.
pub const INCIDENT: &str = "onshi-incident";

/// When a closed service opens again, RFC 3339; beside `Retry-After`, for programs that plan (PX-10).
pub const REOPENS_AT: &str = "onshi-reopens-at";
