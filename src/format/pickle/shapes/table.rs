//! The tables that the build makes of `policies/globals/*.yaml`.

use super::{ArrowCheck, Check, ContentsCheck, Fills, FrameCheck, Makes, Pattern, Shape, Spelling};

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
