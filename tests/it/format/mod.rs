//! Tests of `format`.

mod pickle_oracle;
