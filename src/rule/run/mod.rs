//! Run rules: judgements about all entries of a view together, made when each has been judged by itself.
//!
//! A run rule is one file and one word in `run_rules!`. It sees the index of what the entries' facts come to, and says what is
//! to be known of the run as a whole.

use crate::{link::Index, policy::Policy};

/// All entries of a view, judged.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What their facts come to together.
    pub index: &'a Index<'a>,
    /// The policy that judged them.
    pub policy: &'a Policy,
    /// git-lfs pointers whose content is not here, under names that are no model's.
    pub unfetched: usize,
}

/// A judgement about a run.
#[derive(Debug)]
pub struct RunRule {
    /// What it is called, kebab-case.
    pub id: &'static str,
    /// What is to be known of the run, a sentence each.
    pub check: fn(&Run<'_>, &mut Vec<String>),
}

/// Declares the modules and the one list of run rules.
macro_rules! run_rules {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every run rule, in alphabetical order.
        pub static RUN_RULES: &[&RunRule] = &[$(&$module::RULE),*];
    };
}

run_rules! {
    unfetched_pointers,
}
