//! People for the register: invented ones, and the people CSV by which any are brought in.

mod calendar;
mod cells;
mod csv;
mod draw;
mod entry;
mod generate;
mod household;
mod import;
mod insurers;
mod lines;
mod names;

pub use generate::{INVENTED_AS_OF, Plan, generate};
pub use import::{ImportOptions, ImportReport, Refusal};

pub(crate) use entry::{Entry, Insurer};
pub(crate) use import::import;
