//! The keys of `pins`: where the lock file is, and which files need a pin.

use super::super::{
    decode::{Decoder, Key, list},
    error::near,
    node::Node,
    raw::{Body, Raw},
};
use crate::{
    fact::Text,
    pins::{NAME as LOCK, Required, is_path},
};

/// What a policy says of pins.
pub(super) const fn pins() -> Key<Raw> {
    Key {
        name: "pins",
        value: "a mapping",
        summary: "which files need a [pin](../docs/pins.md), and where the lock file is",
        decode: |this, node, raw| this.keys("`pins`", node, PINS, raw),
    }
}

/// What an override says of them.
pub(super) const fn pins_of_paths<T: AsMut<Body>>() -> Key<T> {
    Key {
        name: "pins",
        value: "a mapping",
        summary: "which files need a [pin](../docs/pins.md)",
        decode: |this, node, into| this.keys("`pins`", node, OVERRIDE_PINS, into.as_mut()),
    }
}

/// The keys of `pins`.
pub(super) const PINS: &[Key<Raw>] = &[
    Key {
        name: "lock",
        value: "a path",
        summary: "the lock file, from the root of the repository; `weighbridge.lock` if it is not said",
        decode: |this, node, raw| {
            let origin = this.origin(false);
            let text = this.text("`pins.lock`", node);
            raw.lock = text
                .filter(|text| is_inside(this, text, LOCK))
                .map(|text| (text, origin));
        },
    },
    require(),
];

/// The keys of `pins` in an override.
pub(super) const OVERRIDE_PINS: &[Key<Body>] = &[require()];

const fn require<T: AsMut<Body>>() -> Key<T> {
    Key {
        name: "require",
        value: "`never`, `executable` or `all`",
        summary: "which files need a pin: none, those that can run code, or every model file",
        decode: |this, node, into| {
            let origin = this.origin(false);
            into.as_mut().pins = required(this, node).map(|required| (required, origin));
        },
    }
}

/// Whether a file of the repository can be at a path, such as `name`.
pub(super) fn is_inside(decoder: &mut Decoder<'_>, path: &str, name: &str) -> bool {
    let inside = is_path(&Text::from(path)) && !path.contains('\\');
    if !inside {
        decoder.error(
            format!("`{path}` is not a path in the repository"),
            format!("name it from the root, with slashes: `{name}`"),
        );
    }
    inside
}

/// Which artifacts need a pin.
fn required(decoder: &mut Decoder<'_>, node: &Node) -> Option<Required> {
    let words: Vec<&str> = Required::WORDS.iter().map(|(word, _)| *word).collect();
    let wanted = list(&words).replace(" and ", " or ");
    let help = format!("write {wanted}");
    let Node::Str(text) = node else {
        decoder.wrong_type("`pins.require`", &wanted, node, &help);
        return None;
    };
    if let Some((_, required)) = Required::WORDS.iter().find(|(word, _)| **text == **word) {
        return Some(*required);
    }
    // How others say it.
    let meant = match &**text {
        "none" | "off" | "no" => Some("never"),
        "always" | "every" | "any" => Some("all"),
        "code" => Some("executable"),
        other => near(other, words),
    };
    let help = meant.map_or(help, |it| format!("did you mean `{it}`?"));
    decoder.error(format!("`{text}` is not a value of `pins.require`"), help);
    None
}
