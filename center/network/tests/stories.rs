//! The network's small servers, asked by the programs that people use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod stories {
    mod answers;
    mod corpora;
    mod forwarders;
    mod lists;
    mod names;
    mod packets;
}
