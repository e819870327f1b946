//! Stub: windows.
