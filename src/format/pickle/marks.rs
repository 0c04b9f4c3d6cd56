//! Marks: what is known of texts as names of attributes, and of what containers hold, in three bits of a value.

/// What is known of strings, and of what containers hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks(pub(super) u8);

impl Marks {
    /// Of a string: Python calls or follows an attribute of this name. Of a tuple: it holds one.
    pub(super) const SPECIAL: Self = Self(0x40);
    /// Of a string: an attribute of this name is part of every tensor of torch.
    pub(super) const OF_TENSORS: Self = Self(0x20);
    /// Of a string: pickle calls an attribute of this name on what it fills, and nothing else does.
    pub(super) const FILLING: Self = Self(0x60);
    /// Of a container: it holds a global, or something of which nothing is known. (No string is one.)
    pub(super) const CALLABLE: Self = Self(0x20);
    /// Of a dict: a key is special, and not only to what is filled.
    pub(super) const DUNDER_KEY: Self = Self(0x08);
    /// Of a dict: a key is special.
    pub(super) const SPECIAL_KEY: Self = Self(0x01);
    /// Of a dict: a key is an attribute of tensors.
    pub(super) const TENSOR_KEY: Self = Self(0x02);
    /// Of a dict: a key is no text.
    pub(super) const ODD_KEY: Self = Self(0x04);

    /// Whether all of these hold.
    #[inline]
    pub(super) const fn has(self, marks: Self) -> bool {
        self.0 & marks.0 == marks.0
    }

    #[inline]
    pub(super) fn add(&mut self, marks: Self) {
        self.0 |= marks.0;
    }

    /// Of a string: Python calls no attribute of this name of its own accord.
    pub(super) const fn is_plain_attribute(self) -> bool {
        !self.has(Self::SPECIAL) || self.has(Self::FILLING)
    }

    /// What is known of a text as the name of an attribute.
    pub(super) fn of_text(text: &[u8]) -> Self {
        // Python looks up no other: `__cached__device` is just a name. Nor does it look up where a graph of networkx keeps copies of itself.
        if text.starts_with(b"__") && text.ends_with(b"__") && text != b"__networkx_cache__" {
            return Self::SPECIAL;
        }
        match text {
            // What pickle itself calls on what it fills, and what is called in its place.
            b"append" | b"extend" | b"add" | b"update" => Self::FILLING,
            // What `torch.Tensor` answers by code of its own: setting it does more than to keep a value.
            b"data"
            | b"grad"
            | b"grad_fn"
            | b"requires_grad"
            | b"names"
            | b"real"
            | b"imag"
            | b"T"
            | b"H"
            | b"mT"
            | b"mH"
            | b"shape"
            | b"dtype"
            | b"device"
            | b"layout"
            | b"is_leaf"
            | b"retains_grad"
            | b"output_nr"
            | b"volatile"
            | b"_grad"
            | b"_grad_fn"
            | b"_backward_hooks"
            | b"_post_accumulate_grad_hooks"
            | b"_cdata"
            | b"_base"
            | b"_version" => Self::OF_TENSORS,
            _ => Self(0),
        }
    }
}
