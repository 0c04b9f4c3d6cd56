//! The table of limits: the one place to add a row or to change a number.

use super::{Limit, Section, Unit, kebab};

limits! {
    "Every file" {
        /// Real artifacts reach 3: an archive for serving with a torch zip that holds an npz. Each level costs one window, so 8 is generous.
        DEPTH: usize = 8, Count "containers inside one another";

        /// The largest real artifact seen, a mixture-of-experts checkpoint of 60,000 tensors, has a few hundred, because equal
        /// observations are counted instead of repeated.
        OBSERVATIONS: usize = 20_000, Count "observations about one file";

        /// The others are counted. The largest honest file seen names 87 globals, and nobody reads two hundred findings about one
        /// file. A finding takes a kilobyte or two, and a repository may have many such files.
        FINDINGS: usize = 200, Count "findings of one rule about one file";

        /// Each is kept until all files are read, to be joined with the artifact that it names. The largest honest source file seen has a few dozen.
        LOADS: usize = 1_000, Count "calls in one source file that load a file by its name";

        /// One read instead of several when the file is opened. Most source files are smaller.
        SMALL_FILE: usize = 32 << 10, Bytes "of a file that is read whole when it is opened";

        /// What arrives through a pipe is kept in memory. Check a larger checkpoint by its path.
        STANDARD_INPUT: u64 = 1 << 30, Bytes "of standard input through a pipe";

        /// The largest model seen has 60,000, in all its shards together. Of one with more, which tensor is in which shard is not compared.
        SHARD_TENSORS: usize = 100_000, Count "tensors of an index or of a shard that are compared with each other";

        /// A large language model has some thousands.
        TENSORS_LISTED: usize = 100_000, Count "tensors listed by `inspect`";
    }

    "Archives and compression" {
        /// Opcodes of a pickle in so many bytes take half a minute. Memory does not grow with them: a part is kept at a time.
        INFLATED_BYTES: u64 = 4 << 30, Bytes "decompressed from one file, all its members together, unless `inflated-sizes` allows more";

        /// Models of random forests, which compress best, reach 10 times at most when they are small. Who sends a file of 500 MB
        /// makes others read it for minutes anyway.
        INFLATED_SIZES: u64 = 8, Count "times the size of a large file for all that is decompressed from it";

        /// bzip2 packs 300 MB of zeros into some hundred bytes, and a genuine array of zeros is such a file.
        INFLATED_FLOOR: u64 = 512 << 20, Bytes "decompressed from one file, all its members together, whatever `inflate-ratio` says";

        /// Deflate does not exceed it. What `joblib.dump` makes of an array of zeros comes near it.
        INFLATE_RATIO: u64 = 1_032, Count "times the size of a file for all that is decompressed from it";

        /// Content is decompressed once. To look back into it, or to read a member in each way in which loaders do, it is decompressed
        /// again from its beginning.
        INFLATED_AGAIN: u64 = 2 << 30, Bytes "decompressed a second time from one file";

        /// The largest real torch zip seen has 62,000 records. Each costs some 400 bytes while the archive is read.
        MEMBERS: usize = 200_000, Count "members of an archive and of the archives inside it";

        /// `members` entries with ordinary names take 18 MB.
        DIRECTORY_BYTES: u64 = 32 << 20, Bytes "of a central directory, or of the names in local headers that differ from it";

        /// Members of an honest archive do not overlap, so they come to less than the archive.
        OVERLAPPING: u64 = 2, Count "times an archive's size for its members together";

        /// Honest archives have none; self-extracting ones hold a program of some megabytes.
        ZIP_GAP_BYTES: u64 = 64 << 20, Bytes "that belong to no member and are searched for hidden members";

        /// To read compressed content twice, all of it before would have to be decompressed again. Pickles are smaller; larger
        /// content is read as a stream. Each step inwards halves it.
        HELD_BYTES: u64 = 16 << 20, Bytes "of decompressed content held in memory";

        /// The largest library measured, torch, has 53 MB of it.
        ARCHIVED_SOURCE: u64 = 256 << 20, Bytes "of source in one archive and in the archives inside it";

        /// The syntax tree of source takes a hundred times its size.
        ARCHIVED_SOURCE_FLOOR: u64 = 1 << 20, Bytes "of source in one archive and in those inside it, whatever `archived-source-ratio` says";

        /// Compressed source takes a fourth to a tenth of its size.
        ARCHIVED_SOURCE_RATIO: u64 = 16, Count "times the size of an archive for the source in it";

        /// They hold names, times and access lists of some kilobytes.
        TAR_EXTENDED: u64 = 1 << 20, Bytes "of an extended header of a tar archive";
    }

    "Pickles" {
        /// A 200 MB pickle of a million objects has 17 million opcodes; one of 10 GB would have 850 million.
        OPCODES: u64 = 4_000_000_000, Count "opcodes in one pickle stream";

        /// They take about a second. A list of a hundred million zeros, compressed into 200 kB, has as many.
        OPCODES_FLOOR: u64 = 128 << 20, Count "opcodes in the pickles of one file, whatever `opcodes-ratio` says";

        /// A file that is not compressed has one for each byte at most, in each way in which loaders read it.
        OPCODES_RATIO: u64 = 64, Count "times the size of a file for the opcodes of its pickles";

        /// Constants over 16 KiB are read only if something that no pack describes is given them: they are code or a table then.
        /// Past this many bytes of those over a megabyte, they count by their place.
        PAYLOAD_BYTES: u64 = 64 << 20, Bytes "of long constants in one stream that fingerprints tell apart";

        /// To tell apart what runs, a stream is followed a second time, which takes more time than the first. Whole models have
        /// some tens of thousands. Of a stream with more, its bytes count instead, so that saving it again changes its fingerprints.
        PAYLOAD_ACTIONS: u64 = 1 << 18, Count "containers, calls and additions in one stream that fingerprints tell apart";

        /// This is how much is read of a stream with more than `payload-actions`. A longer one counts by its length and place.
        PAYLOAD_STREAM: u64 = 256 << 20, Bytes "of a stream that fingerprints tell apart without following it";

        /// To compare them they are unpacked into memory. Of more, what is shown of a call counts.
        PAYLOAD_UNPACKED: usize = 16 << 20, Bytes "of a compressed pickle whose payloads fingerprints tell apart in full";

        /// Fingerprints tell further calls apart by their order as well. Each takes 32 bytes.
        PAYLOADS: usize = 65_536, Count "different calls of globals that no pack describes, in one stream";

        /// As many bytes as the file has come on top, so that no file costs more than its size; the rest is for small and compressed
        /// ones. It is enough for seven million objects.
        VALUE_BYTES: u64 = 60 << 20, Bytes "of memory for the stacks and memos of a file's pickles, beside as many bytes as the file has";

        /// CPython's own stack grows until memory ends. The largest legitimate need seen is a list of ten million floats that is
        /// appended in one batch.
        STACK: usize = 12 << 20, Count "values on the pickle stack";

        /// What is noted of a value takes as much memory as the value. `torch.save` appends a thousand at a time, and writes a
        /// tuple in one piece: one of a million numbers is no rarity.
        NOTED_STACK: usize = 3 << 20, Count "values on the stack of torch's weights-only unpickler";

        /// As many may stand on the stack at a time. Picklers leave a thousand there at each level of nesting.
        OPEN_CONTAINERS: usize = 64 << 10, Count "unfinished containers whose contents are followed in full";

        /// Of each, two bytes are kept while a tree is walked. A tree of scikit-learn that is grown to its end has two for each row
        /// that it was trained on.
        TREE_NODES: u64 = 16 << 20, Count "nodes of one tree that are followed";

        /// Libraries write the bytes of each array for itself. Those of pyarrow are read up to three times: how many there are, what they
        /// hold, and what they say of others.
        ARRAY_READS: u64 = 8, Count "times that the bytes before an opcode are read as contents of arrays";

        /// Real pickles nest less than a thousand deep.
        MARKS: usize = 4 << 20, Count "marks on the pickle stack";

        /// CPython allocates an array that long: `LONG_BINPUT 0x7fffffff` takes 16 GB. A pickle of 30 million distinct objects stays below.
        MEMO: u64 = 64 << 20, Count "as the highest memo index";

        /// They take 30 MiB. Picklers count up from 0.
        FAR_INDEXES: usize = 1 << 20, Count "memo indexes far beyond the others";

        /// No pickler writes one, and only one unpickler accepts them.
        BIG_INDEXES: usize = 4_096, Count "memo indexes beyond 63 bits in one pickle stream";

        /// No pickler writes such an operand, and one is a reason to refuse the file.
        STRADDLES: usize = 8, Count "operands across the end of a frame that are read in every way an unpickler reads them";

        /// The longest real names have some hundred bytes. A longer string is a value and no name.
        NAME_BYTES: u64 = 4096, Bytes "of a module or qualified name";

        /// CPython reads to the line feed, however far it is.
        LINE_BYTES: u64 = 64 << 20, Bytes "of a line in a pickle (the operand of `GLOBAL`, `INT` or `STRING`)";

        /// Only tensors of zeros whose first byte happens to be an opcode come this far.
        LINE_SEARCH: u64 = 1 << 30, Bytes "searched for the line feed of a longer line";

        /// Shared references make the largest honest pickles a few thousand times their own size. Forty lists of ten references
        /// each come to 10^40 values.
        EXPANDED_VALUES: u64 = 1 << 48, Count "values in a pickle's containers when every reference is followed";

        /// CPython's own pickler stops at its recursion limit, 1,000 by default.
        PICKLE_NESTING: u32 = 10_000, Count "containers inside one another in a pickle";

        /// The richest real pickle seen names 87, which takes some kilobytes. Each name is kept several times.
        GLOBAL_BYTES: usize = 2 << 20, Bytes "of the names of globals in one pickle stream";

        /// The richest real pickle seen names 87.
        GLOBALS: usize = 20_000, Count "distinct globals in one pickle stream";

        /// The others are counted.
        CALLS_PER_GLOBAL: usize = 16, Count "distinct calls kept for each global";

        /// Whatever would load one is itself a global to be judged.
        EMBEDDED: usize = 4_096, Count "constants in one pickle stream that are read as pickles themselves";

        /// Legacy torch writes five; logs of pickles have thousands.
        STREAMS: usize = 100_000, Count "pickle streams in one file";

        /// An entry takes 24 bytes and more; a thousand tensors on a thousand devices stay below.
        SHARD_PARTS: usize = 1 << 20, Count "parts of files that the index of a distributed checkpoint names";

        /// A model of gensim has some ten.
        COMPANIONS: usize = 1_000, Count "attributes and files that make up a model of gensim in several files";

        /// Eight million entries of a matrix stay below.
        SPARSE_INDEX_BYTES: u64 = 128 << 20, Bytes "of a sparse tensor's indices that are compared with its size";
    }

    "Other model formats" {
        /// The reference parser has the same limit.
        SAFETENSORS_HEADER: u64 = 100_000_000, Bytes "of a safetensors header";

        /// A vocabulary of 256,000 words with its merges takes some 20 MB. Long texts in it are stepped over.
        GGUF_HEADER: u64 = 64 << 20, Bytes "read of the header of a GGUF file";

        /// The specification has the same limit for keys, and a lower one for names of tensors.
        GGUF_KEY: usize = 65_535, Bytes "of a key, or of the name of a tensor, in a GGUF file";

        /// NumPy refuses more than 10,000 unless it is told to trust the file.
        NPY_HEADER: u64 = 1 << 20, Bytes "of an npy header";

        /// A cache is known by its first values; a database of this size is read in some ten milliseconds.
        SQLITE_SEARCHED: u64 = 16 << 20, Bytes "from the front of an SQLite database that are searched for pickles";

        /// NumPy's own structured types reach a handful.
        NPY_NESTING: usize = 32, Count "tuples, lists and dicts inside one another in an npy header";
    }

    "Programs of TorchScript and torch.export" {
        /// The code of the largest models seen, detectors and speech models, has less than 2 MB.
        SCRIPT_BYTES: u64 = 64 << 20, Bytes "of TorchScript code in one archive";

        /// The program of a model of 5,000 operators has some 20 MB, most of it the places in source that each came from.
        PROGRAM_BYTES: u64 = 64 << 20, Bytes "of JSON in an exported program";

        /// torch itself has some 2,300 operators; the program that names the most has some 200.
        OPERATORS: usize = 4_096, Count "operators and classes that a program names";
    }

    "Checkpoints of TensorFlow" {
        /// TensorFlow ends a block at 256 KiB, and today packs none. A larger one holds a tensor: only its keys are read.
        TABLE_BLOCK: u64 = 1 << 20, Bytes "of a block of a table that is held and compared with its checksum";

        /// A table that holds its tensors has a block for each. Large models have some ten thousand.
        TABLE_BLOCKS: u64 = 100_000, Count "blocks of a table";

        /// A computer of a cluster writes a shard or a few.
        CHECKPOINT_SHARDS: usize = 10_000, Count "shards of a TensorFlow checkpoint that are looked for beside its index";

        /// Names of variables have some hundred bytes.
        TABLE_KEY: u64 = 64 << 10, Bytes "of a key in a table";
    }

    "Flatbuffers" {
        /// A program of ExecuTorch for a language model has some 100,000, of which a reader visits a few thousand.
        FLATBUFFER_TABLES: u64 = 2_000_000, Count "tables of a flatbuffer that are visited, shared ones each time";

        /// Names of operators, functions and types have some hundred bytes.
        FLATBUFFER_TEXT: u64 = 64 << 10, Bytes "of a name in a flatbuffer";

        /// A program that is divided between delegates has some hundred parts.
        DELEGATE_PAYLOADS: usize = 4_096, Count "payloads of delegates in a program";
    }

    "GGML" {
        /// A vocabulary has up to some 250,000, and a file of an unknown program is read in some hundred ways, most of which end at once.
        GGML_WORDS: u64 = 10_000_000, Count "words of a GGML file that are passed to find its layout";

        /// Models have some thousand.
        GGML_TENSORS: usize = 1_000_000, Count "tensors of a GGML file that are passed to find its layout";
    }

    "XML of models" {
        /// A graph of 10,000 layers has some 10 MB.
        XML_BYTES: u64 = 64 << 20, Bytes "of XML in a model";

        /// Branches and loops inside one another add some ten levels each.
        XML_DEPTH: usize = 256, Count "elements of XML inside one another";

        /// Layers have up to some twenty.
        XML_ATTRIBUTES: usize = 1_000, Count "attributes of an element of XML";
    }

    "JSON of models" {
        /// A tokenizer of 250,000 words has some 20 MB.
        JSON_BYTES: u64 = 64 << 20, Bytes "of JSON in a model or beside it";

        /// Each takes some 60 bytes of memory. A vocabulary with its merges has some 700,000.
        JSON_VALUES: u64 = 1_000_000, Count "values in JSON of a model";

        /// Python stops at about 1,000; models of models have some 30.
        JSON_DEPTH: usize = 256, Count "levels of JSON";
    }

    "Arrays and vectors" {
        /// Names of parameters and dtypes have some ten bytes.
        MSGPACK_KEY: u64 = 64 << 10, Bytes "of a key in `msgpack`";

        /// A large model has some 10,000 arrays, and optimizers keep three times as many.
        MSGPACK_VALUES: u64 = 10_000_000, Count "values in a file of `msgpack`";

        /// The library stops at 512. Models have some 10.
        MSGPACK_DEPTH: usize = 512, Count "levels of `msgpack`";

        /// A model of thinc wraps a few others.
        MSGPACK_PARTS: usize = 10_000, Count "files of other libraries in a model of thinc";

        /// NumPy has at most 64.
        MSGPACK_RANK: u64 = 64, Count "dimensions of an array in `msgpack`";

        /// Web pages leave some of 1,000 bytes in a dictionary.
        VECTOR_WORD: usize = 64 << 10, Bytes "of a word with a vector";
    }

    "Protobuf messages" {
        /// The length of a message is a signed number of 32 bits in every parser.
        PROTOBUF_BYTES: u64 = (1 << 31) - 1, Bytes "of a protobuf message";

        /// Parsers stop at the same depth.
        PROTOBUF_DEPTH: usize = 100, Count "protobuf messages inside one another";

        /// A graph of 100,000 nodes has some two million.
        PROTOBUF_FIELDS: u64 = 10_000_000, Count "fields of protobuf messages that are passed";

        /// Names and paths have some hundred bytes.
        PROTOBUF_TEXT: u64 = 4 << 10, Bytes "of a name in a protobuf message";

        /// The names of 100,000 nodes have some 10 MB.
        PROTOBUF_TEXTS: u64 = 256 << 20, Bytes "of names in protobuf messages";

        /// The graph of a training that TensorFlow 1 leaves beside it has up to some 30 MB.
        PROTOBUF_AS_TEXT: u64 = 64 << 20, Bytes "of a protobuf message as text";

        /// A text of 64 MiB with a message in every two short lines.
        PROTOBUF_MESSAGES: usize = 4_000_000, Count "messages in a protobuf message as text";

        /// The saver of a large model takes some hundred. A path that is not decided by then counts as one of the graph's own.
        PATH_STEPS: usize = 1_000_000, Count "steps to find where the paths in a graph come from";

        /// Branches and loops of real models reach some ten.
        GRAPH_DEPTH: usize = 64, Count "graphs inside one another";

        /// A function of a model with 10,000 variables may use all of them.
        BOUND_INPUTS: usize = 1_000_000, Count "objects that are bound to the functions of a graph";

        /// Real tensors have up to six or eight.
        TENSOR_DIMENSIONS: usize = 1_024, Count "dimensions of a tensor in a graph";
    }

    "HDF5" {
        /// Weights of a large model are some 10,000 objects. Each takes some 100 bytes of memory.
        HDF5_OBJECTS: usize = 1_000_000, Count "objects, links or attributes in an HDF5 file";

        /// What several structures name is read each time; an honest file names nothing so often.
        HDF5_READ_RATIO: u64 = 4, Count "times the bytes of an HDF5 file for its structures";

        /// Structures of a file with a million objects take some 500 MB.
        HDF5_READ: u64 = 1 << 30, Bytes "of structures in an HDF5 file";

        /// A header of version 1 with 2,000 attributes has some 2,000.
        HDF5_BLOCKS: usize = 1_000_000, Count "pieces of an object header in an HDF5 file";

        /// The description of a large model has some 2 MB.
        HDF5_ATTRIBUTE: u64 = 64 << 20, Bytes "of an attribute or a chunk of references in an HDF5 file";

        /// A column of objects has some 100,000; each is read as a pickle.
        HDF5_ROWS: u32 = 1_000_000, Count "rows of objects in an HDF5 file";

        /// Models in models have some 10.
        HDF5_PATH: u64 = 64, Count "groups in the path of an HDF5 object, as it is shown";
    }

    "Chat templates" {
        /// Those of models that call tools have up to some 30 kB.
        TEMPLATE_BYTES: usize = 1 << 20, Bytes "of a chat template";

        /// The parser goes deeper with each. The longest tag seen has 57.
        TEMPLATE_TAG: usize = 1_000, Count "tokens of one tag of a chat template";

        /// The parser goes deeper with each. The template with the most has 20.
        TEMPLATE_BRANCHES: usize = 400, Count "`elif` tags of a chat template";

        /// After each the template is parsed again. Templates that are trained on have one or two.
        TEMPLATE_MARKED: usize = 64, Count "`generation` tags of a chat template";

        /// Values are followed through the names that they are given. The largest template seen takes some thousand.
        TEMPLATE_STEPS: u64 = 4_000_000, Count "steps to find what a chat template looks up";

        /// Names that stand for each other are followed so far. Real templates reach ten.
        TEMPLATE_NAMES: usize = 64, Count "names of a chat template that stand for one another in a row";

        /// A conversation has some thousand messages.
        TEMPLATE_ROUNDS: u64 = 1_000_000, Count "rounds of loops over numbers in a chat template";

        /// Templates indent by a few characters, and repeat tokens for images some thousand times.
        TEMPLATE_WIDTH: u64 = 1_000_000, Count "as the width of a text, or the times that it is repeated, in a chat template";
    }

    "Gradient-boosted trees" {
        /// A line of a tree has some 25 characters for each of its leaves, of which there are up to some hundred thousand.
        TREES_TEXT: u64 = 64 << 20, Bytes "of a text in a model of trees";

        /// A forest that was never pruned has a leaf for each row that it was trained on. A node takes some 30 bytes while its tree is read.
        MODEL_TREE_NODES: usize = 16 << 20, Count "nodes of one tree of a model";

        /// A hundred columns of texts with each kind of dictionary and calculation have some thousand.
        MODEL_PARTS: usize = 65_536, Count "dictionaries and calculations for the texts and embeddings of a model";
    }

    "Data of other languages" {
        /// The longest number that is written has some 25 digits.
        NUMBER_TEXT: usize = 64, Bytes "of a number in a text of R or Torch7";

        /// R's own reader stops at about 5,000. Lists of any length count once.
        R_NESTING: usize = 10_000, Count "items inside one another in an object of R";

        /// Each symbol and each environment is one, however often it is used. Each takes some 50 bytes.
        R_REFERENCES: usize = 1_000_000, Count "symbols and environments of an object of R";

        /// Modules of modules reach some hundred, each a table or two.
        T7_NESTING: usize = 10_000, Count "objects inside one another in a file of Torch7";

        /// A large network has some ten thousand.
        T7_OBJECTS: usize = 1_000_000, Count "objects of a file of Torch7";

        /// Real tables nest some ten deep.
        ARROW_DEPTH: usize = 64, Count "types inside one another in the schema of a table";

        /// A file of 1,000 columns in 1,000 groups of rows has some 30 million.
        THRIFT_FIELDS: u64 = 100_000_000, Count "fields of the description of a Parquet file";

        /// Structures of structures reach some ten.
        MATLAB_DEPTH: usize = 64, Count "matrices inside one another in a file of MATLAB";

        /// Each takes eight bytes of the file at least. A data set of cells has some hundred thousand.
        MATLAB_ELEMENTS: u64 = 10_000_000, Count "elements of a file of MATLAB";

        /// A file has some hundred classes, and properties of each have names.
        MATLAB_CLASSES: u64 = 1 << 20, Bytes "of the names and classes of objects of MATLAB";

        /// Each is a variable or stands in one. Each takes some 100 bytes.
        MATLAB_OBJECTS: usize = 100_000, Count "objects of a file of MATLAB";
    }

    "Models as XML" {
        /// A tag has some hundred bytes: tables stand between tags.
        PMML_TAG: u64 = 1 << 20, Bytes "of a tag of a PMML model";
    }

    "Configurations of models" {
        /// Those of speech models spell out vocabularies, and have up to some 500 kB.
        CONFIG_BYTES: u64 = 2 << 20, Bytes "of YAML in the configuration of a model";

        /// Parsers of YAML look at all of them for each token; readers of it stop at this depth.
        CONFIG_DEPTH: usize = 128, Count "lists and mappings in brackets inside one another in the configuration of a model";

        /// A compressed archive is read once, and holds them until it is known what it is.
        CONFIG_COPIES: usize = 4, Count "files with the name of a configuration before the weights of a compressed model";

        /// An alias counts as all that it stands for. A vocabulary of 100,000 words is one list.
        CONFIG_VALUES: u64 = 1_000_000, Count "values in the configuration of a model, with what its aliases stand for";

        /// A model that is made of others names some 50.
        CONFIG_TARGETS: usize = 256, Count "classes and functions that a configuration has called";
    }

    "Python source" {
        /// The largest Python file in the standard library has 250 kB.
        SOURCE_BYTES: u64 = 16 << 20, Bytes "of a source file";

        /// Larger files of YAML and scripts are data, or carry an archive.
        ENVIRONMENT_BYTES: u64 = 1 << 20, Bytes "of a script or a settings file that may set a variable of the environment";

        /// A syntax tree takes some 200 bytes for each. Statements that share no word with what is watched do not count, which leaves out
        /// tables of numbers. The largest real source that is parsed has 225,000.
        SOURCE_TOKENS: usize = 1_000_000, Count "tokens of a source file that are parsed";

        /// Each costs memory, and a file with more than a few is better allowed as a whole by the policy. Those beyond it do not count.
        SUPPRESSIONS: usize = 1_000, Count "comments in a source file that ask for findings not to count";

        /// This is checked before the parser recurses. CPython's own parser stops at 200 parentheses and 100 indents.
        SOURCE_NESTING: usize = 200, Count "brackets or indents inside one another in a source file";

        /// A chain of operators, attributes and calls makes the syntax tree deep without a bracket (`a + b + ...`). CPython's own
        /// compiler gives up at 3,000 or earlier.
        SOURCE_CHAIN: usize = 3_000, Count "operators in one expression";

        /// Real names have one or two meanings.
        NAME_STEPS: usize = 4_096, Count "steps to find what one name may mean";

        /// A file of 10,000 lines takes some hundred thousand.
        NAMES_STEPS: usize = 2_000_000, Count "steps to find what all names of a source file may mean";

        /// Round trips in real tests take some tens.
        WRITTEN_CALL_STEPS: usize = 2_000, Count "steps to find whether the function around a call wrote what the call loads";

        /// A call that is not decided by then is reported like any other.
        WRITTEN_STEPS: usize = 500_000, Count "such steps in one source file";

        /// Real lists of requirements include two or three. What is beyond them does not count.
        REQUIREMENT_LISTS: usize = 64, Count "lists of requirements that one includes";
    }

    "Reports" {
        /// What a hostile pickle does fits in a hundred. A model of a thousand tensors has some ten thousand lines that all say the same.
        LISTING_LINES: usize = 1_000, Count "lines of disassembly for each artifact in a report";

        /// They come in the order of their paths. Each is read once more for it.
        LISTINGS: usize = 200, Count "artifacts with a disassembly in a report";

        /// More lines are for tools, which read the file themselves.
        INSPECT_LINES: usize = 1_000_000, Count "lines of disassembly in `inspect`";

        /// Code-scanning services keep so many results of a run. The most important come first.
        SARIF_RESULTS: usize = 5_000, Count "results in a SARIF log";

        /// A browser shows so many without delay, and nobody reads more on one page.
        HTML_FINDINGS: usize = 2_000, Count "findings on an HTML page";

        /// These are some megabytes.
        HTML_LISTING_LINES: usize = 40_000, Count "lines of disassembly on an HTML page";
    }

    "Audits" {
        /// A list of them and their results are held in memory. Ten times the largest organisations known.
        AUDIT_REPOSITORIES: usize = 1_000_000, Count "repositories in one audit";

        /// A browser holds about five million cells before it becomes slow; the other outputs have all rows.
        DASHBOARD_ROWS: usize = 300_000, Count "rows of a table on the dashboard of an audit";

        /// A line for each of a million repositories.
        AUDIT_LIST: u64 = 256 << 20, Bytes "of a list of repositories";

        /// A repository with more loose refs is opened each time; git packs them into one file.
        REF_FILES: usize = 100_000, Count "files of refs that are compared with the last audit";

        /// Of a larger content that no store has, the digest is not recorded: it would be read for that alone.
        RECORDED_DIGEST: u64 = 16 << 20, Bytes "of a content whose digest is recorded beside its facts";

        /// A commit takes some ten microseconds. In a longer history it is not said which commit a line of a policy came with.
        LINE_ORIGINS: usize = 100_000, Count "commits in which lines of a policy are looked for";

        /// Of a repository with more, the files themselves are read.
        LOOKED_AT: usize = 20_000, Count "files and folders whose times tell whether a repository has changed";

        /// A result with two hundred thousand findings has some hundred megabytes.
        AUDIT_RESULT: u64 = 1 << 30, Bytes "of the result or the record of one repository";

        /// The facts about a model of ten thousand tensors take some kilobytes. A content with more is read again each time.
        STORED_FACTS: usize = 16 << 20, Bytes "of the facts about one content in a store";

        /// A hostile file has few names of its own; a file with more shows the first.
        KEPT_EXCERPTS: usize = 16, Count "excerpts that are stored with the facts about one content";

        /// Sixteen excerpts of the usual length.
        KEPT_EXCERPT_BYTES: usize = 8 << 10, Bytes "of the excerpts that are stored with the facts about one content";

        /// Facts about a hundred million files. Nothing more is stored then; removing the folder begins anew.
        STORE_BYTES: u64 = 64 << 30, Bytes "of a store of facts";
    }

    "Policies and git" {
        /// Real policies have some kilobytes.
        POLICY_BYTES: u64 = 4 << 20, Bytes "of a policy file";

        /// A hundred thousand artifacts with some dozens of names each.
        LOCK_BYTES: u64 = 128 << 20, Bytes "of a lock file";

        /// As many large files as a lock file pins; each takes some 200 bytes.
        CACHED_DIGESTS: usize = 100_000, Count "digests that are kept between runs";

        /// A hundred thousand of them, with long paths.
        CACHED_DIGEST_BYTES: u64 = 64 << 20, Bytes "of the digests that are kept between runs";

        /// A whole model of the largest libraries names a few hundred. What is left out is counted, and the sha256 covers it.
        PIN_GLOBALS: usize = 1_000, Count "globals of one artifact in a lock file";

        /// Fifty long patterns need some 100 KiB. Where it is not enough, two policies are compared by their lines.
        POLICY_AUTOMATON: usize = 4 << 20, Bytes "of memory for the patterns of one list of paths";

        /// Two lists of paths have some hundred; the comparison takes a tenth of a second with as many as this.
        POLICY_PATHS: usize = 100_000, Count "states of patterns that two policies are compared in";

        /// The specification of git-lfs has the same limit.
        LFS_POINTER: usize = 1024, Bytes "of a git-lfs pointer";

        /// A stage takes some 200 bytes of `dvc.lock`: this is enough for 20,000.
        DVC_BYTES: u64 = 4 << 20, Bytes "of a file of DVC";

        /// A file takes some 80 bytes of its folder's list: this is enough for half a million.
        DVC_LIST_BYTES: u64 = 64 << 20, Bytes "of the list of a folder that DVC keeps";

        /// Each is opened and read like a file that git has; more are data sets, and are said to be left out.
        DVC_FILES: usize = 200_000, Count "files that DVC keeps";

        /// Hosts refuse files of more than 100 MB outside git-lfs.
        BLOB_BYTES: u64 = 512 << 20, Bytes "of a blob";

        /// A line for a ref has some 130 bytes: this is enough for half a million refs.
        PUSH_LINES: u64 = 64 << 20, Bytes "of standard input of a hook about a push";

        /// This is a blob of `blob-bytes`, its delta base, and the delta.
        OBJECT_MEMORY: u64 = 1100 << 20, Bytes "of memory for one git object";

        /// Objects are read as packs hold them, so that a base is soon followed by what is made of it: four hundred versions of a
        /// file of 80 kB. git keeps three times as much, for reading in any order.
        DELTA_BASES: usize = 32 << 20, Bytes "of delta bases kept by one worker";

        /// The trees of 200,000 files take so much.
        TREES_KEPT: usize = 16 << 20, Bytes "of trees kept by one worker while it walks a history";

        /// The commits of some 15,000 changes: they are read to walk a history, and again to name who brought what.
        COMMITS_KEPT: usize = 4 << 20, Bytes "of commits kept by one worker while it walks a history";

        /// The largest repository whose layout is known has 350,000. A tree of ten levels with ten equal folders each has 10^10.
        COMMIT_FOLDERS: usize = 500_000, Count "changed folders in one commit";

        /// Folders that hold one empty file are the same in thousands of places.
        SAME_FOLDERS: u32 = 20_000, Count "paths of the same folder in one commit";

        /// A quarter of `history-bytes`: no commit alone fills the list.
        COMMIT_PATHS: usize = 512 << 20, Bytes "of paths in one commit";

        /// A tag may name another; real ones do not.
        TAGS_OF_TAGS: usize = 64, Count "tags of tags";

        /// Twenty years of a large operating system come to 10 million. Only deep folders that every commit changes make more.
        HISTORY_FOLDERS: usize = 32_000_000, Count "folders compared in one history";

        /// Five million files, the whole history of a large operating system, take 900 MB.
        HISTORY_BYTES: usize = 2 << 30, Bytes "of memory for the list of a history's files";

        /// Longer ones are cut where a report shows them.
        COMMIT_TEXT: usize = 200, Bytes "of a commit's author or summary";

        /// A few objects can stand for billions of paths. The largest public repositories have half a million files.
        TREE_ENTRIES: u64 = 1_000_000, Count "paths in the trees of a view";

        /// Folders nested without end have paths without end. Half a million files have paths of 40 MB.
        TREE_PATHS: u64 = 512 << 20, Bytes "of paths in the trees of a view";

        /// A folder is read whole. A million files take so much.
        TREE_BYTES: u64 = 64 << 20, Bytes "of one tree object";

        /// Each is a repository to open. Projects with a hundred are rare.
        SUBMODULES: usize = 1_000, Count "submodules in a view";

        /// Real ones reach four.
        SUBMODULE_DEPTH: usize = 16, Count "submodules inside one another";

        /// In a longer text, every line counts as changed. Some texts take the square of their length to compare. Real source has
        /// a tenth of it; tables may have more.
        DIFF_LINES: usize = 40_000, Count "lines compared between two versions of a text";

        /// The largest repositories have some 100 kB of them.
        ATTRIBUTE_BYTES: u64 = 2 << 20, Bytes "of `.gitattributes` files in one state of a repository";

        /// A path and a file of a hundred lines take some thousand. A file made to be slow takes a billion for each path.
        ATTRIBUTE_STEPS: u64 = 4_000_000_000, Count "steps to match paths with the patterns of `.gitattributes`, for one worker";

        /// Real trees are a tenth as deep.
        ATTRIBUTE_FOLDERS: usize = 128, Count "folders above a file whose `.gitattributes` are read";

        /// It is held in memory twice.
        CHECKOUT_BYTES: u64 = 64 << 20, Bytes "of a file whose bytes git changes on checkout";

        /// Whether the policy excludes a file is asked of each name. A few links to the whole of the largest repositories stay below.
        BEHIND_LINKS: usize = 2_000_000, Count "names below folders that symbolic links lead to, for one worker";
    }
}
