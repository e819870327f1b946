//! Answers names as the region and the service of the asker want them, from dated data, over UDP and TCP.
//!
//! A [`List`] says which zones there are: the manuals' own on a day, or an operator's file. [`Desk::compile`] turns it into every view's zones
//! with their answers ready as bytes; a [`Door`] chooses the view by the server address asked and the asker's prefix; [`start`] opens the
//! sockets. Records, messages and zone files are read and written with the crate `domain`; the engine is our own.

mod asking;
mod choice;
mod config;
mod desk;
mod explain;
mod fair;
mod figures;
mod list;
mod packet;
mod serve;
mod source;
mod tcp;
mod template;
mod tree;
mod udp;
mod zone;

pub use asking::explain_at;
pub use choice::{Door, ViewSettings, Why, view_of_a_region, views_of_the_manuals};
pub use config::{Config, PORT};
pub use desk::{ABOUT, Desk, Outcome, Over, question};
pub use domain::base::iana::{Class, Rtype};
pub use explain::{Explanation, explain};
pub use figures::describe_figures;
pub use list::{LONGEST_FILE, List, Service, Zone};
pub use serve::{Running, ServeError, Settings, start};
pub use source::{ListError, Source};
