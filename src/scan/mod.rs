//! The engine: the only module that knows all stages.
