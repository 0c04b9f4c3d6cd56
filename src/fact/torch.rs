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
    /// The first thing that no list of globals can mend.
    pub obstacle: Option<Obstacle>,
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
