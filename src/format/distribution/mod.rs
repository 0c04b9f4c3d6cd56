//! What Python packages are published in: wheels, eggs and sdists. They hold source and data files; what is in them is read as what it is.

pub(super) mod egg;
pub(super) mod sdist;
pub(super) mod wheel;
