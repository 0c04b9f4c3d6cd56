//! Python source to facts.
