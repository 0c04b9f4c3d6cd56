//! What the files of transformers, peft, diffusers and sentence-transformers name.

use indexmap::{IndexMap, IndexSet};
use sha2::{Digest, Sha256};

use crate::{
    fact::{
        CodeHome, Fact, FileReference, FileRole, Global, GlobalName, Hop, NamedCode, ShardTensors,
        Text,
    },
    format::{
        Reading, called,
        json::{Document, Node, Places},
        lines::Lines,
        template,
    },
    limits,
};

/// How the shards are named whose tensors are compared with an index.
const SAFETENSORS: &str = ".safetensors";

/// Libraries whose classes a pipeline of diffusers is made of.
const PIPELINE_LIBRARIES: &[&str] = &["diffusers", "transformers"];

/// Modules of pipelines in diffusers, which it looks up before it imports a package of that name. Those of its releases from 0.2 to 0.39.
const PIPELINE_MODULES: &[&str] = &[
    "ace_step",
    "allegro",
    "alt_diffusion",
    "amused",
    "animatediff",
    "anyflow",
    "audioldm",
    "audioldm2",
    "audio_diffusion",
    "aura_flow",
    "blip_diffusion",
    "bria",
    "bria_fibo",
    "bria_fibo2",
    "chroma",
    "chronoedit",
    "cogvideo",
    "cogview3",
    "cogview4",
    "consisid",
    "consistency_models",
    "controlnet",
    "controlnet_hunyuandit",
    "controlnet_sd3",
    "controlnet_xs",
    "cosmos",
    "dance_diffusion",
    "ddim",
    "ddpm",
    "deepfloyd_if",
    "deprecated",
    "diffusion_gemma",
    "dit",
    "dreamlite",
    "easyanimate",
    "ernie_image",
    "flux",
    "flux2",
    "free_noise_utils",
    "glm_image",
    "helios",
    "hidream_image",
    "hunyuan_image",
    "hunyuan_video",
    "hunyuan_video1_5",
    "hunyuandit",
    "i2vgen_xl",
    "ideogram4",
    "joyimage",
    "kandinsky",
    "kandinsky2_2",
    "kandinsky3",
    "kandinsky5",
    "kandinsky6",
    "kolors",
    "krea2",
    "latent_consistency_models",
    "latent_diffusion",
    "latent_diffusion_uncond",
    "latte",
    "ledits_pp",
    "llada2",
    "longcat_audio_dit",
    "longcat_image",
    "ltx",
    "ltx2",
    "lucy",
    "lumina",
    "lumina2",
    "marigold",
    "mochi",
    "motif_video",
    "musicldm",
    "nucleusmoe_image",
    "omnigen",
    "ovis_image",
    "pag",
    "paint_by_example",
    "pia",
    "pixart_alpha",
    "pndm",
    "prx",
    "qwenimage",
    "qwenimage21",
    "repaint",
    "rfd4_proteina",
    "sana",
    "sana_video",
    "sana_wm",
    "score_sde_ve",
    "semantic_stable_diffusion",
    "shap_e",
    "skyreels_v2",
    "spectrogram_diffusion",
    "stable_audio",
    "stable_audio_3",
    "stable_cascade",
    "stable_diffusion",
    "stable_diffusion_3",
    "stable_diffusion_attend_and_excite",
    "stable_diffusion_diffedit",
    "stable_diffusion_gligen",
    "stable_diffusion_k_diffusion",
    "stable_diffusion_ldm3d",
    "stable_diffusion_panorama",
    "stable_diffusion_safe",
    "stable_diffusion_sag",
    "stable_diffusion_xl",
    "stable_video_diffusion",
    "stochastic_karras_ve",
    "t2i_adapter",
    "text_to_video_synthesis",
    "unclip",
    "unconditional_image_generation",
    "unidiffuser",
    "versatile_diffusion",
    "visualcloze",
    "vq_diffusion",
    "wan",
    "wuerstchen",
    "z_image",
];

/// Records what is found in one document.
struct Found<'d, 'r, 'a> {
    document: &'d Document,
    places: Places<'d>,
    reading: &'r mut Reading<'a>,
}

/// Settings of transformers and peft.
pub(super) fn read_settings(document: &Document, reading: &mut Reading<'_>) {
    let mut found = Found::new(document, reading);
    for (key, value) in document.root.entries() {
        match key.text.as_str() {
            "auto_map" => found.auto_map(value),
            // The parts of a processor, which transformers writes into one file.
            "audio_processor" | "audio_tokenizer" | "feature_extractor" | "image_processor"
            | "video_processor" => {
                for (_, map) in value.entries().iter().filter(|it| it.0.text == "auto_map") {
                    found.auto_map(map);
                }
            }
            "custom_pipelines" => found.custom_pipelines(value),
            "auto_mapping" => found.auto_mapping(value),
            "chat_template" => found.chat_templates(value),
            "megatron_core" => found.module(value),
            // A router of sentence-transformers, between parts for queries and for documents.
            "types" if document.root.get("structure").is_some() => {
                for (name, value) in value.entries() {
                    found.part(&format!("types.{}", name.text), value);
                }
            }
            "activation_function" | "sbert_ce_default_activation_function" => {
                found.activation(value);
            }
            "sentence_transformers" => {
                for (_, value) in value
                    .entries()
                    .iter()
                    .filter(|it| it.0.text == "activation_fn")
                {
                    found.activation(value);
                }
            }
            _ => {}
        }
    }
    found.kernels(&document.root, "");
}

/// A script of the name that transformers looks for in the folder `custom_generate`.
pub(super) fn read_generation(reading: &mut Reading<'_>) {
    let code = NamedCode {
        key: "custom_generate".into(),
        name: "generate.generate".into(),
        home: CodeHome::Here,
    };
    reading.record(Fact::NamedCode(Box::new(code)));
}

/// Parts of which nearly every pipeline has one.
pub(super) const PIPELINE_PARTS: &[&str] = &[
    "scheduler",
    "text_encoder",
    "tokenizer",
    "transformer",
    "unet",
    "vae",
];

/// Whether a document says of what a pipeline is made: its class, or a part that nearly every pipeline has. Who loads it as a certain class needs
/// none in the file.
fn is_pipeline(document: &Document) -> bool {
    const CLASSES: &[&str] = &["_blocks_class_name", "_class_name"];
    document.root.entries().iter().any(|(key, value)| {
        let is_part = matches!(value.items(), [module, ..] if module.text().is_some());
        let key = key.text.as_str();
        CLASSES.contains(&key) || is_part && PIPELINE_PARTS.contains(&key)
    })
}

/// The components of a pipeline of diffusers.
pub(super) fn read_pipeline(document: &Document, reading: &mut Reading<'_>) {
    if !is_pipeline(document) {
        return;
    }
    let mut found = Found::new(document, reading);
    for (key, value) in document.root.entries() {
        let [module, class, ..] = value.items() else {
            continue;
        };
        if key.text == "_class_name" {
            if let Some(module) = module.text() {
                let class = class.text().unwrap_or_default();
                found.code("_class_name", &format!("{module}.{class}"), value);
            }
            continue;
        }
        found.component(module, class);
        // A modular pipeline makes a component of the class that stands beside where it is loaded from.
        for part in value.items().iter().skip(2) {
            for (_, hint) in part.entries().iter().filter(|it| it.0.text == "type_hint") {
                if let [module, class, ..] = hint.items() {
                    found.component(module, class);
                }
            }
        }
    }
}

/// The modules of a model of sentence-transformers.
pub(super) fn read_modules(document: &Document, reading: &mut Reading<'_>) {
    let modules = document.root.items();
    let is_module = |it: &Node| it.get("type").is_some() && it.get("path").is_some();
    // Each is loaded before the next is looked at.
    if !modules.iter().any(is_module) {
        return;
    }
    let mut found = Found::new(document, reading);
    for (key, value) in modules.iter().flat_map(Node::entries) {
        let Some(text) = value.text() else { continue };
        match key.text.as_str() {
            "type" => found.part("type", value),
            "path" if !text.is_empty() => found.file(FileRole::Model, text, value),
            _ => {}
        }
    }
}

/// The files that the tensors of a model are in.
pub(super) fn read_shards(document: &Document, reading: &mut Reading<'_>) {
    let maps = document.root.entries().iter();
    let maps = maps.filter(|(key, value)| key.text == "weight_map" && value.is_object());
    let mut found = Found::new(document, reading);
    let mut files: IndexSet<&str> = IndexSet::new();
    let mut tensors: IndexMap<&str, (&Node, ShardTensors)> = IndexMap::new();
    let mut lines = Lines::default();
    let mut count: usize = 0;
    for (key, value) in maps.flat_map(|(_, map)| map.entries()) {
        if let Some(file) = value.text().filter(|file| file.ends_with(SAFETENSORS)) {
            count = count.saturating_add(1);
            let (_, of_file) = tensors
                .entry(file)
                .or_insert_with(|| (value, ShardTensors::default()));
            if count <= limits::SHARD_TENSORS {
                of_file.names.push(ShardTensors::digest(&key.text));
                of_file.lines.push(lines.line(document.bytes(), &key.range));
            }
        }
        // Keras lists the files of a layer whose weights are in several.
        for value in std::iter::once(value).chain(value.items()) {
            if let Some(file) = value.text()
                && files.insert(file)
            {
                found.file(FileRole::Weights, file, value);
            }
        }
    }
    if count > limits::SHARD_TENSORS {
        return;
    }
    for (file, (first, mut of_file)) in tensors {
        of_file.file = Some(Text::from(file));
        found.record(Fact::ShardTensors(Box::new(of_file)), first);
    }
}

impl<'d, 'r, 'a> Found<'d, 'r, 'a> {
    fn new(document: &'d Document, reading: &'r mut Reading<'a>) -> Self {
        Self {
            document,
            places: document.places(),
            reading,
        }
    }

    fn record(&mut self, fact: Fact, at: &Node) {
        let (place, excerpt) = self.places.at(&at.range);
        self.reading.record_at(fact, place, Some(excerpt));
    }

    /// Code of a repository: `org/name--module.Class`, or `module.Class` of this one.
    fn code(&mut self, key: &str, named: &str, at: &Node) {
        let (home, name) = match named.split_once("--") {
            Some((repository, name)) => (CodeHome::Elsewhere(repository.into()), name),
            None => (CodeHome::Here, named),
        };
        let code = NamedCode {
            key: key.into(),
            name: name.into(),
            home,
        };
        self.record(Fact::NamedCode(Box::new(code)), at);
    }

    /// A class of an installed package, or of a module beside the model, of which one is made.
    fn global(&mut self, module: &str, class: &str, at: &Node) {
        let sha256: [u8; 32] = Sha256::digest(self.document.bytes()).into();
        let global = Global::Named(GlobalName::new(module, class));
        let (place, excerpt) = self.places.at(&at.range);
        called::record(global, 1, (place, Some(excerpt)), sha256, self.reading);
    }

    /// A class of which a pipeline makes a component.
    fn component(&mut self, module: &Node, class: &Node) {
        if let Some(name) = module.text()
            && !PIPELINE_LIBRARIES.contains(&name)
            && !PIPELINE_MODULES.contains(&name)
        {
            self.global(name, class.text().unwrap_or_default(), module);
        }
    }

    fn file(&mut self, role: FileRole, path: &str, at: &Node) {
        let path = Text::from(path);
        self.record(
            Fact::FileReference(Box::new(FileReference::new(role, path))),
            at,
        );
    }

    /// Classes of code by the class of transformers that stands for them. A tokenizer has two, an image processor one for each backend.
    fn auto_map(&mut self, map: &Node) {
        // Of a tokenizer alone, its classes.
        self.classes("auto_map", map);
        for (key, value) in map.entries() {
            self.classes(&format!("auto_map.{}", key.text), value);
            for (_, class) in value.entries() {
                self.classes(&format!("auto_map.{}", key.text), class);
            }
        }
    }

    fn classes(&mut self, key: &str, value: &Node) {
        for class in std::iter::once(value).chain(value.items()) {
            if let Some(name) = class.text() {
                self.code(key, name, class);
            }
        }
    }

    fn custom_pipelines(&mut self, pipelines: &Node) {
        for (key, pipeline) in pipelines.entries() {
            for (name, value) in pipeline.entries() {
                if name.text == "impl"
                    && let Some(class) = value.text()
                {
                    self.code(&format!("custom_pipelines.{}", key.text), class, value);
                }
            }
        }
    }

    /// The class that an adapter is for.
    fn auto_mapping(&mut self, mapping: &Node) {
        let text = |key| mapping.get(key).and_then(Node::text);
        let Some(module) = text("parent_library") else {
            return;
        };
        let class = text("base_model_class").unwrap_or_default();
        let at = mapping.get("parent_library").unwrap_or(mapping);
        let package = module.split('.').next().unwrap_or_default();
        match package {
            "transformers" | "diffusers" | "peft" => {}
            "transformers_modules" => {
                self.code("auto_mapping", &format!("{module}.{class}"), at);
            }
            _ => self.global(module, class, at),
        }
    }

    /// A module that peft imports for layers of Megatron.
    fn module(&mut self, value: &Node) {
        if let Some(module) = value.text().filter(|it| *it != "megatron.core") {
            self.global(module, "", value);
        }
    }

    /// A class of which sentence-transformers makes a part of a model.
    fn part(&mut self, key: &str, value: &Node) {
        match value.text() {
            None => {}
            Some(text) if is_own_class(text) => {}
            Some(text) if text.contains("--") => self.code(key, text, value),
            Some(text) => {
                let (module, class) = text.rsplit_once('.').unwrap_or((text, ""));
                self.global(module, class, value);
            }
        }
    }

    /// A class that sentence-transformers makes the activation of a layer of. Names of transformers' own have no dot.
    fn activation(&mut self, value: &Node) {
        if let Some((module, class)) = value.text().and_then(|it| it.rsplit_once('.'))
            && !module.starts_with("torch.nn")
            && module != "torch"
        {
            self.global(module, class, value);
        }
    }

    /// A template, or several of which each has a name.
    fn chat_templates(&mut self, value: &Node) {
        if let Some(text) = value.text() {
            self.template("chat_template", text);
        }
        for item in value.items() {
            let name = item.get("name").and_then(Node::text).unwrap_or_default();
            if let Some(text) = item.get("template").and_then(Node::text) {
                self.template(&format!("chat_template.{name}"), text);
            }
        }
        for (key, item) in value.entries() {
            if let Some(text) = item.text() {
                self.template(&format!("chat_template.{}", key.text), text);
            }
        }
    }

    fn template(&mut self, key: &str, text: &str) {
        self.reading.recorder.enter(Hop::Key(key.into()));
        template::read(text, self.reading);
        self.reading.recorder.leave();
    }

    /// Implementations of attention that are fetched from a repository: `org/name`, with a revision and a function.
    fn kernels(&mut self, settings: &Node, path: &str) {
        for (key, value) in settings.entries() {
            let path = if path.is_empty() {
                key.text.clone()
            } else {
                format!("{path}.{}", key.text)
            };
            if key.text.ends_with("attn_implementation")
                || key.text.ends_with("attn_implementation_internal")
            {
                let named = value.entries().iter().map(|(_, value)| value);
                for value in std::iter::once(value).chain(named) {
                    if let Some(kernel) = value.text().filter(|it| is_kernel(it)) {
                        let code = NamedCode {
                            key: path.as_str().into(),
                            name: "kernel".into(),
                            home: CodeHome::Elsewhere(kernel.into()),
                        };
                        self.record(Fact::NamedCode(Box::new(code)), value);
                    }
                }
            } else if value.is_object() {
                self.kernels(value, &path);
            }
        }
    }
}

/// Whether a path is that of a class of sentence-transformers: the modules of the package hold others, which they import (`util.torch`).
fn is_own_class(path: &str) -> bool {
    let class = path.rsplit('.').next().unwrap_or_default();
    path.starts_with("sentence_transformers.")
        && class.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Whether transformers takes the name of an implementation for that of a repository.
fn is_kernel(name: &str) -> bool {
    let name = name.split_once('|').map_or(name, |(_, name)| name);
    let mut parts = name.split('/');
    let is_part = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    is_part(parts.next()) && is_part(parts.next()) && parts.next().is_none()
}
