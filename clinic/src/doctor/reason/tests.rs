//! Stories of the reasoner.
