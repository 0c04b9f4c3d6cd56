//! Entries: what is in a work tree, an index, a folder. The only user of `gix`.
