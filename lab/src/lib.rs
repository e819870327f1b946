#![cfg_attr(not(target_os = "linux"), doc = "Only Linux has network namespaces: elsewhere, this crate is empty.")]
