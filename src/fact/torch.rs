//! How `torch.load` takes an artifact, as far as the bytes decide it.

use serde::{Deserialize, Serialize};

use super::{GlobalName, Site, Text};

/// How `torch.load` would take an artifact. Which globals are listed by default is the policy's knowledge
/// (`policies/globals/torch-weights.yaml`), so this says what stands in the way besides them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TorchLoad {
    /// Which of torch's layouts it is.
    pub form: TorchForm,
    /// Every distinct global the weights-only unpickler would look up, in order, before it stops.
    pub globals: Vec<GlobalName>,
    /// Classes that have to be listed although no pickle names them: those of what is given state (`numpy.dtypes.Float64DType`
    /// for `numpy.dtype('f8')`).
    pub built: Vec<GlobalName>,
    /// What else stands in the way, oldest releases first. The first is for every release before the second's; never empty.
    pub takes: Vec<Take>,
}

impl TorchLoad {
    /// How a release takes the artifact.
    pub fn take(&self, release: (u16, u16)) -> Option<&Take> {
        let since = self.takes.iter().rev().find(|take| take.since <= release);
        since.or_else(|| self.takes.first())
    }

    /// Whether every release refuses it.
    pub fn never_loads(&self) -> bool {
        self.takes.iter().all(|take| take.obstacle.is_some())
    }
}

/// How torch takes an artifact since one of its releases, with every global listed that it names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Take {
    /// The release: `(2, 10)`.
    pub since: (u16, u16),
    /// The first thing that no list of globals can mend.
    pub obstacle: Option<Obstacle>,
    /// Memory outside a tensor's storage that is reached, where torch does not look.
    pub danger: Option<Obstacle>,
}

/// torch's layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TorchForm {
    /// A zip with `<root>/data.pkl`, as `torch.save` writes it since 1.6.
    Zip,
    /// A TorchScript archive.
    Script,
    /// The stream of pickles and raw storages that `torch.save` wrote before 1.6.
    Legacy,
    /// The tar of before 0.1.10.
    Tar,
    /// A bare pickle: `torch.load` runs it, then complains that it has no magic number.
    Bare,
}

/// What stands in the way of `torch.load(weights_only=True)` whatever globals are listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Obstacle {
    /// Where, from the artifact inwards.
    pub site: Site,
    /// What, readable: `opcode STACK_GLOBAL is not supported`.
    pub reason: Text,
}
