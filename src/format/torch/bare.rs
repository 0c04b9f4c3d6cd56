//! A bare pickle under a name of torch's: `torch.load` takes it for a file of before 1.6, runs its first pickle, and only then
//! complains that there is no magic number.

use super::{Verdict, legacy_load};
use crate::{
    bytes::{ReadError, Window},
    fact::TorchForm,
    format::{
        Format, Home, Loader, Reading,
        pickle::{self, LoadedBy, Origin},
    },
};

/// `torch.load`, where it is given a bare pickle.
#[derive(Debug)]
struct BarePickle;

/// What loads a file of this format and name, if torch does: a suffix that other files have too (`.bin`) does not say so.
pub(super) fn loader_of(format: &Format, name: &[u8]) -> Option<&'static dyn Loader> {
    let suffix = super::zip::FORMAT.suffix_of(name);
    let is_named_so = suffix.is_some_and(|suffix| !matches!(suffix.home, Home::Shared(_)));
    let is_torch = format.id == pickle::FORMAT.id && is_named_so;
    is_torch.then_some(&BarePickle)
}

impl Loader for BarePickle {
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        // Also `joblib.load` opens it, whatever its name.
        let at = (0, LoadedBy::Joblib);
        let (first, outcomes) = pickle::read_torch_stream(window, at, Origin::Alone, reading);
        first.tell_format(reading);
        let mut verdict = Verdict::new(TorchForm::Bare);
        legacy_load::judge(window, reading, vec![outcomes], &mut verdict);
        reading.record(verdict.finish());
        pickle::read_following(window, first, LoadedBy::Joblib, reading);
        Ok(())
    }
}
