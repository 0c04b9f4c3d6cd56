//! A strict reader of small XML: what is not well-formed is no document.

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Its name.
    pub(crate) name: String,
    /// Its attributes, unescaped.
    pub(crate) attributes: Vec<(String, String)>,
    /// The elements in it.
    pub(crate) children: Vec<Element>,
    /// All text directly in it, unescaped.
    pub(crate) text: String,
}

impl Element {
    /// The value of an attribute that must be there.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        &found
            .unwrap_or_else(|| panic!("{} has no {name}", self.name))
            .1
    }

    /// The elements of a name in it.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// The root of a document.
pub(crate) fn parse(document: &str) -> Element {
    for c in document.chars() {
        let legal =
            matches!(u32::from(c), 0x9 | 0xa | 0xd | 0x20..=0xd7ff | 0xe000..=0xfffd | 0x10000..);
        assert!(legal, "{c:?} is no character of XML");
    }
    let body = document
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        .expect("a declaration");
    let mut open = vec![Element::default()];
    let mut rest = body;
    while let Some((text, tag)) = rest.split_once('<') {
        open.last_mut().unwrap().text.push_str(&unescape(text));
        // A value may hold no `<`, and ours holds no `>` either.
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let done = open.pop().expect("an open element");
            assert_eq!(done.name, name);
            open.last_mut().expect("one root").children.push(done);
            continue;
        }
        let (tag, empty) = tag
            .strip_suffix('/')
            .map_or((tag, false), |tag| (tag, true));
        let (name, mut list) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{name}"
        );
        let mut element = Element {
            name: name.to_owned(),
            ..Element::default()
        };
        while !list.is_empty() {
            let (key, value) = list.split_once("=\"").expect("a value");
            let (value, more) = value.split_once('"').expect("a value ends");
            assert!(
                !value.contains(['\n', '\t']),
                "a reader would change {value:?}"
            );
            let key = key.trim_start();
            assert!(
                element.attributes.iter().all(|(known, _)| known != key),
                "{key} twice"
            );
            element.attributes.push((key.to_owned(), unescape(value)));
            list = more;
        }
        if empty {
            open.last_mut().unwrap().children.push(element);
        } else {
            open.push(element);
        }
    }
    assert_eq!(rest.trim(), "");
    let mut top = open.pop().unwrap();
    assert!(open.is_empty(), "{} is not closed", top.name);
    assert_eq!((top.text.trim(), top.children.len()), ("", 1));
    top.children.pop().unwrap()
}

fn unescape(text: &str) -> String {
    assert!(!text.contains("]]>"), "{text}");
    let mut out = String::new();
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once(';').expect("an entity ends");
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            other => panic!("&{other}; is no entity"),
        });
        out.push_str(rest);
    }
    out
}
