//! Configurations of a clinic's router as the manuals ask for them: written from data, and read with every mistake named.
#![doc = include_str!("../README.md")]

pub mod lint;
pub mod linux;
pub mod page;
pub mod site;
pub mod table;
pub mod write;
