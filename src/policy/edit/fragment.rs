//! What is to be added to a policy: a part of one, as YAML that could stand alone.

use super::super::locate;

/// A part of a policy: keys with what is to be added under each. Where a key is there already, a mapping is merged with the one
/// that is there, and the items of a list are appended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment(pub(super) Vec<(String, Value)>);

/// What stands under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    List(Vec<Item>),
    Map(Fragment),
    /// Flow YAML on one line. It is only written where the key is not there yet.
    Scalar(String),
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Flow YAML on one line: `app.models.Net`, `{global: app.make, as: [import]}`.
    pub(super) yaml: String,
    /// What a comment says of it and of those after it with the same comment.
    pub(super) comment: Option<String>,
}

impl Item {
    /// An item from flow YAML on one line.
    pub fn new(yaml: impl Into<String>) -> Self {
        Self {
            yaml: yaml.into(),
            comment: None,
        }
    }

    /// The same with a comment above it, unless the item before has the same.
    #[must_use]
    pub fn with_comment(mut self, comment: &str) -> Self {
        // A comment ends with its line, and what it shows may come from a file.
        let shown = locate::shown(comment);
        self.comment = Some(shown).filter(|shown| !shown.trim().is_empty());
        self
    }
}

impl Fragment {
    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| value.is_empty())
    }

    /// Items at the end of the list at some keys: `["globals", "allow"]`.
    #[must_use]
    pub fn with_items(self, keys: &[&str], items: impl IntoIterator<Item = Item>) -> Self {
        self.with(keys, Value::List(items.into_iter().collect()))
    }

    /// A key with a scalar, in flow YAML on one line.
    #[must_use]
    pub fn with_scalar(self, keys: &[&str], yaml: impl Into<String>) -> Self {
        self.with(keys, Value::Scalar(yaml.into()))
    }

    fn with(mut self, keys: &[&str], value: Value) -> Self {
        if !value.is_empty() {
            self.put(keys, value);
        }
        self
    }

    fn put(&mut self, keys: &[&str], value: Value) {
        let Some((key, below)) = keys.split_first() else {
            return;
        };
        let at = self.0.iter().position(|(name, _)| name == key);
        let at = at.unwrap_or_else(|| {
            let empty = match (below, &value) {
                ([], Value::List(_)) => Value::List(Vec::new()),
                ([], Value::Scalar(text)) => Value::Scalar(text.clone()),
                _ => Value::Map(Self::default()),
            };
            self.0.push(((*key).to_owned(), empty));
            self.0.len().saturating_sub(1)
        });
        match (self.0.get_mut(at).map(|(_, there)| there), value) {
            (Some(Value::List(items)), Value::List(more)) if below.is_empty() => {
                items.extend(more);
            }
            (Some(Value::Map(map)), value) if !below.is_empty() => map.put(below, value),
            _ => {}
        }
    }
}

impl Value {
    fn is_empty(&self) -> bool {
        match self {
            Self::List(items) => items.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::Scalar(_) => false,
        }
    }
}

/// How block YAML is indented in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// Columns of one level.
    pub(super) step: usize,
    /// Columns of a list's dash after its key.
    pub(super) dash: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { step: 2, dash: 2 }
    }
}

impl Fragment {
    /// Its lines in block style.
    pub(super) fn block(&self, indent: usize, style: Style) -> Vec<String> {
        let mut lines = Vec::new();
        for (key, value) in &self.0 {
            match value {
                Value::Scalar(yaml) => lines.push(format!("{:indent$}{key}: {yaml}", "")),
                value => {
                    lines.push(format!("{:indent$}{key}:", ""));
                    lines.extend(value.block(indent, style));
                }
            }
        }
        lines
    }

    /// Its pairs in flow style.
    pub(super) fn flow(&self) -> Vec<String> {
        let pairs = self.0.iter();
        pairs
            .map(|(key, value)| format!("{key}: {}", value.flow()))
            .collect()
    }
}

impl Value {
    /// The lines below a key in this column.
    pub(super) fn block(&self, indent: usize, style: Style) -> Vec<String> {
        match self {
            Self::List(items) => list(items, indent.saturating_add(style.dash)),
            Self::Map(map) => map.block(indent.saturating_add(style.step), style),
            Self::Scalar(yaml) => vec![format!(
                "{:width$}{yaml}",
                "",
                width = indent.saturating_add(style.step)
            )],
        }
    }

    pub(super) fn flow(&self) -> String {
        match self {
            Self::List(items) => {
                let items: Vec<&str> = items.iter().map(|item| item.yaml.as_str()).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(map) => format!("{{{}}}", map.flow().join(", ")),
            Self::Scalar(yaml) => yaml.clone(),
        }
    }
}

/// The items of a block list with their comments.
pub(super) fn list(items: &[Item], indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut said = None;
    for item in items {
        if let Some(comment) = &item.comment
            && said != Some(comment)
        {
            lines.push(format!("{:indent$}# {comment}", ""));
        }
        said = item.comment.as_ref();
        lines.push(format!("{:indent$}- {}", "", item.yaml));
    }
    lines
}
