//! What stories of power cuts and long years share: a disk in memory that loses power, and chance that can be repeated.

pub(crate) mod dice;
pub(crate) mod tree;
