//! 回線認証: the portal and the carrier's notifier of line information.
#![doc = include_str!("../README.md")]
