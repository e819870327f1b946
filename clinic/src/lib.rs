//! The programs of the clinic's machine: the file bridge, its certificate, and one question from the command line.
#![doc = include_str!("../README.md")]

pub mod ask;
pub mod bridge;
pub mod center;
pub mod certificate;
pub mod config;
pub mod console;
mod disk;
pub mod doctor;
pub mod line;
pub mod roots;
#[cfg(test)]
mod simulation;
pub mod table;
