//! Documentation from the registries.
