//! Which artifacts need a pin, and where the pins stand.

use super::{Comparison, Statement, conditions, layers};
use crate::{
    fact::{PolicyItem, Text},
    pins::Required,
    policy::Policy,
};

impl Comparison<'_> {
    pub(super) fn pins(&mut self) {
        let said = [self.old, self.new].map(|policy| {
            let said = layers(policy).filter_map(|(at, layer)| {
                let (required, _) = layer.pins.as_ref()?;
                Some(Statement {
                    conditions: conditions(policy, at),
                    says: *required,
                })
            });
            said.collect::<Vec<_>>()
        });
        if said[0] != said[1] {
            let required = |policy: &Policy, path: &Text| policy.scope(path).pins();
            let set = |policy: &Policy, path: &Text| policy.scope(path).pins_set_at();
            let item = |_: &Text, from: Required, to: Required| {
                key("pins.require", from.word(), to.word())
            };
            if let Some(paths) = self.paths(&said) {
                self.ordered(&paths, required, set, |_| false, item);
            } else {
                let [pair, _] = self.pairs();
                self.drafts
                    .undecided(pair, key("pins.require", "one value", "another"), None);
            }
        }
        let (old, new) = (self.old.lock_path(), self.new.lock_path());
        if old != new {
            // Other pins may be fewer.
            let [pair, _] = self.pairs();
            let line = self.new.scalars.lock.as_ref();
            self.drafts
                .undecided(pair, key("pins.lock", old, new), line);
        }
    }
}

pub(super) fn key(key: &str, from: &str, to: &str) -> PolicyItem {
    PolicyItem::Key {
        key: key.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
    }
}
