//! How `torch.load` takes an artifact, as far as the bytes decide it.

use serde::{Deserialize, Serialize};

use super::{GlobalName, Site, TorchReason};

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
    /// What else stands in the way, in the order in which torch meets it.
    pub obstacles: Vec<Obstacle>,
    /// Where memory outside a tensor's storage is reached although torch loads the file.
    pub dangers: Vec<Obstacle>,
}

impl TorchLoad {
    /// The first thing that stops a release, by how it behaves.
    pub fn obstacle(&self, behaves: impl Fn(TorchBehaviour) -> bool) -> Option<&Obstacle> {
        first(&self.obstacles, behaves)
    }

    /// Whether every release refuses it.
    pub fn never_loads(&self) -> bool {
        self.obstacles.iter().any(|one| match one.when.as_slice() {
            [] => true,
            [condition] => self.obstacles.iter().any(|other| {
                let opposite = Condition {
                    holds: !condition.holds,
                    ..*condition
                };
                other.when == [opposite]
            }),
            _ => false,
        })
    }

    /// The first memory outside a storage that a release reaches, by how it behaves.
    pub fn danger(&self, behaves: impl Fn(TorchBehaviour) -> bool) -> Option<&Obstacle> {
        first(&self.dangers, behaves)
    }
}

fn first(said: &[Obstacle], behaves: impl Fn(TorchBehaviour) -> bool) -> Option<&Obstacle> {
    let holds = |condition: &Condition| behaves(condition.behaviour) == condition.holds;
    said.iter().find(|said| said.when.iter().all(holds))
}

/// What some releases of torch do when they load with `weights_only=True`, and others do not.
/// `policies/globals/torch-weights.yaml` says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TorchBehaviour {
    /// `NEWOBJ` makes any listed class, rather than a parameter only.
    NewobjOfAnyListedClass,
    /// `BUILD` sets the state of any listed class, rather than of tensors, parameters and ordered dicts only.
    BuildOfAnyListedClass,
    /// `SETITEM` and `SETITEMS` do not ask what they write to.
    SetitemOnAnything,
    /// The record `.storage_alignment` has to be a number.
    ReadsStorageAlignment,
    /// A record has to be as long as its storage.
    ComparesRecordSizes,
    /// A storage keeps the type under which it was loaded first.
    KeepsFirstStorageType,
    /// A tensor of a quantized type has to lie in its storage.
    ComparesQuantizedExtents,
    /// A tensor that is quantized along an axis has to have as many scales as it is long there.
    ComparesScales,
    /// The indices of sparse tensors are checked.
    ChecksSparseTensors,
}

impl TorchBehaviour {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NewobjOfAnyListedClass,
        Self::BuildOfAnyListedClass,
        Self::SetitemOnAnything,
        Self::ReadsStorageAlignment,
        Self::ComparesRecordSizes,
        Self::KeepsFirstStorageType,
        Self::ComparesQuantizedExtents,
        Self::ComparesScales,
        Self::ChecksSparseTensors,
    ];
}

/// Releases of torch that behave so, or that do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Condition {
    /// How.
    pub behaviour: TorchBehaviour,
    /// Whether they do.
    pub holds: bool,
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
    /// In which releases, by how they behave: in those where all of this holds. In all if it is empty.
    pub when: Vec<Condition>,
    /// Where, from the artifact inwards.
    pub site: Site,
    /// Why.
    pub reason: TorchReason,
}
