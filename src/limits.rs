//! Every limit on hostile input, each with the reason for its number. Reaching one is a fact
//! ([`crate::fact::Unread`]), never silence.

/// Nesting of containers (a zip in a zip in a tar ...). Real artifacts reach 3: a served archive with a torch zip
/// that holds an npz. Each level costs one window, so 8 is generous and still finite.
pub const DEPTH: usize = 8;

/// Observations kept for one entry. The largest real artifact seen (a mixture-of-experts checkpoint of 60,000
/// tensors) makes a few hundred, because equal facts are counted, not repeated.
pub const OBSERVATIONS: usize = 20_000;

/// Findings of one rule that are told of one file; the others are counted. The largest honest file seen names 87 globals, and
/// nobody reads two hundred of one file. A finding takes a kilobyte or two, and a repository may have many such files.
pub const FINDINGS: usize = 200;

/// Bytes that decompression may produce for one entry, all members together. Real compressed members are
/// pickles and indexes of some megabytes; tensors are stored, not deflated.
pub const INFLATED_BYTES: u64 = 2 << 30;

/// How many times its compressed size a member may expand before it is called a bomb, once it is past
/// [`INFLATE_RATIO_FLOOR`]. Deflate cannot exceed 1032; arrays of zeros come near it, so the floor matters more.
pub const INFLATE_RATIO: u64 = 200;

/// Output below this is never called a bomb, whatever its ratio.
pub const INFLATE_RATIO_FLOOR: u64 = 32 << 20;

/// Members of an archive and of the one that is read inside it. The largest real torch zip seen has 62,000 records. Each costs
/// some 400 bytes while the archive is read.
pub const MEMBERS: usize = 200_000;

/// Bytes of one central directory: [`MEMBERS`] entries of ordinary names are 18 MB.
pub const DIRECTORY_BYTES: u64 = 32 << 20;

/// Bytes of an archive that no member accounts for and that are searched for hidden members. Honest archives have none,
/// self-extracting ones a program of some megabytes.
pub const ZIP_GAP_BYTES: u64 = 64 << 20;

/// Bytes of decompressed content that are held in memory, for a whole file and for a member of a compressed tar: reading it twice
/// would decompress all before it again. Pickles are smaller; what is larger is read as a stream.
pub const HELD_BYTES: u64 = 8 << 20;

/// Bytes of one extended header of a tar. They hold names and times, and access lists of some kilobytes.
pub const TAR_EXTENDED: u64 = 1 << 20;

/// Nesting of tuples, lists and dicts in an npy header. numpy's own structured types reach a handful.
pub const NPY_NESTING: usize = 32;

/// Opcodes of one pickle stream. A 200 MB pickle of a million objects has 17 million; a 10 GB one would have 850 million.
pub const OPCODES: u64 = 4_000_000_000;

/// Values on the pickle machine's stack. CPython's own grows until memory ends; a list of ten million floats
/// appended in one batch is the largest legitimate need seen.
pub const STACK: usize = 12 << 20;

/// Values on the stack of torch's weights-only unpickler, which takes twice the memory for each. `torch.save` appends a thousand at a
/// time.
pub const TORCH_STACK: usize = 3 << 20;

/// Containers that may still be filled of which more is known than their first children: as many stand on the stack at a time. Picklers
/// leave a thousand there in each level of nesting.
pub const OPEN_CONTAINERS: usize = 64 << 10;

/// Marks on the pickle machine's mark stack; real pickles nest below a thousand.
pub const MARKS: usize = 4 << 20;

/// Highest memo index accepted. CPython allocates an array that long; `LONG_BINPUT 0x7fffffff` would take 16 GB.
/// A pickle of 30 million distinct objects stays below.
pub const MEMO: u64 = 64 << 20;

/// Memo indexes beyond 63 bits that are told apart in one stream. No pickler writes one, and only one unpickler takes them.
pub const BIG_INDEXES: usize = 4_096;

/// Other readings of operands that cross the end of their frame that are followed in one stream. No pickler writes such an
/// operand, and one is a reason to refuse.
pub const STRADDLES: usize = 8;

/// Bytes of a string operand that are compared and shown as a module or qualified name.
pub const NAME_BYTES: u64 = 4096;

/// Bytes of a line operand (`GLOBAL`, `INT`, `STRING` ...): CPython reads to the newline however far it is.
pub const LINE_BYTES: u64 = 64 << 20;

/// Bytes that are searched for the line feed of a longer one. Tensors of zeros under a first byte that is by chance an opcode are
/// the only files that come here.
pub const LINE_SEARCH: u64 = 1 << 30;

/// Values that a pickle's containers come to when every reference is followed, before it is called a bomb. Shared references
/// make the largest honest ones a few thousand times their own size; forty lists of ten references each come to 10^40.
pub const EXPANDED_VALUES: u64 = 1 << 48;

/// Containers inside one another in a pickle. CPython's own pickler stops at its recursion limit, 1000 by default.
pub const PICKLE_NESTING: u32 = 10_000;

/// Distinct globals of one pickle stream. The richest real one seen names 87.
pub const GLOBALS: usize = 65_536;

/// Distinct calls (callee and argument preview) kept for each global; the others are counted.
pub const CALLS_PER_GLOBAL: usize = 16;

/// Pickle streams read one after another in one file. Legacy torch has five; logs of pickles have thousands.
pub const STREAMS: usize = 100_000;

/// Bytes of a safetensors header: the reference parser's own limit.
pub const SAFETENSORS_HEADER: u64 = 100_000_000;

/// Bytes of an npy header that are parsed; numpy itself refuses more than 10,000 unless told to trust the file.
pub const NPY_HEADER: u64 = 1 << 20;

/// Bytes of a source file that are parsed. The largest Python file in the standard library has 250 kB.
pub const SOURCE_BYTES: u64 = 16 << 20;

/// Nesting of brackets and indentation in a source file, checked before the parser recurses.
/// CPython's own parser stops at 200 parentheses and 100 indents.
pub const SOURCE_NESTING: usize = 200;

/// How deep the syntax tree of a source file may become by operators, attributes and calls chained without a
/// bracket (`a + b + ...`). CPython's own compiler gives up at 3,000 and below.
pub const SOURCE_CHAIN: usize = 3_000;

/// Steps spent on what one name in source may mean. Real names have one or two meanings.
pub const NAME_STEPS: usize = 4_096;

/// Steps spent on what all the names of a source file may mean. A file of 10,000 lines takes some hundred thousand.
pub const NAMES_STEPS: usize = 2_000_000;

/// Steps spent on whether what one call in source loads was written by the function around it. Round trips in real tests take
/// some tens.
pub const WRITTEN_CALL_STEPS: usize = 2_000;

/// Steps spent on that in all of a source file. What is not known by then is told like any other call.
pub const WRITTEN_STEPS: usize = 500_000;

/// Lines of disassembly kept of one artifact for a report. What a hostile pickle does fits in a hundred; a model of a thousand
/// tensors has some ten thousand lines that say the same.
pub const LISTING_LINES: usize = 1_000;

/// Artifacts of which a report keeps a disassembly, in the order of their paths. Each is read once more for it.
pub const LISTINGS: usize = 200;

/// Lines of a disassembly that `inspect` shows: more is for tools, which read the file themselves.
pub const INSPECT_LINES: usize = 1_000_000;

/// Results in a SARIF log. Code-scanning services keep so many of a run; the most important come first.
pub const SARIF_RESULTS: usize = 5_000;

/// Findings on an HTML page. A browser shows so many without delay, and nobody reads more on one page.
pub const HTML_FINDINGS: usize = 2_000;

/// Lines of disassembly on an HTML page, all artifacts together: some megabytes.
pub const HTML_LISTING_LINES: usize = 40_000;

/// Bytes of a policy file.
pub const POLICY_BYTES: u64 = 4 << 20;

/// Tensors that are listed for people and programs that look at one file; a large language model has some thousands.
pub const TENSORS_LISTED: usize = 100_000;

/// Bytes of a git-lfs pointer: the specification's own limit.
pub const LFS_POINTER: usize = 1024;

/// Bytes of a git object that is inflated into memory. Hosts refuse files of more than 100 MB outside git-lfs.
pub const BLOB_BYTES: u64 = 512 << 20;

/// Bytes of standard input that are kept in memory, where it is no file: a larger checkpoint is checked by its name.
pub const STANDARD_INPUT: u64 = 1 << 30;

/// Files up to this size are read whole when they are opened: one read instead of several. Most source files are smaller.
pub const SMALL_FILE: usize = 32 << 10;

/// Bytes that git may say to a hook about a push. A line for a ref has some 130 bytes: enough for half a million refs.
pub const PUSH_LINES: u64 = 64 << 20;

/// Bytes of memory that git objects may ask for at a time: an object of [`BLOB_BYTES`], what it is a delta of, and the delta.
pub const OBJECT_MEMORY: u64 = 1100 << 20;

/// Bytes of delta bases that one worker keeps: git's own default for `core.deltaBaseCacheLimit`.
pub const DELTA_BASES: usize = 96 << 20;

/// Bytes of trees that one worker keeps while it walks a history: those of 400,000 files.
pub const TREES_KEPT: usize = 32 << 20;

/// Folders that one commit may bring. The largest repository whose layout is known has 350,000; a tree of ten levels
/// with ten equal folders each has 10^10.
pub const COMMIT_FOLDERS: usize = 500_000;

/// Places in one commit at which the same folder may stand. Folders that hold one empty file are the same in thousands of places.
pub const SAME_FOLDERS: u32 = 20_000;

/// Folders that are compared in one history. Twenty years of a large operating system are 10 million; deep folders that every
/// commit touches are what would make more.
pub const HISTORY_FOLDERS: usize = 32_000_000;

/// Bytes that the list of what a history holds may take, paths and all. Five million files, the whole history of a large
/// operating system, take 900 MB.
pub const HISTORY_BYTES: usize = 2 << 30;

/// Bytes of a commit's author or summary that are kept to be shown.
pub const COMMIT_TEXT: usize = 200;

/// Paths that are looked at in the trees of one view. A few objects can stand for billions of paths; the largest public
/// repositories have half a million files.
pub const TREE_ENTRIES: u64 = 1_000_000;

/// Bytes of all those paths together. Folders nested without end have paths without end; half a million files have 40 MB.
pub const TREE_PATHS: u64 = 512 << 20;

/// Bytes of one folder in git, which is read whole: a million files.
pub const TREE_BYTES: u64 = 64 << 20;

/// Submodules that one view enters. Each is a repository to open; projects with a hundred are rare.
pub const SUBMODULES: usize = 1_000;

/// How deep submodules are nested. Real ones reach four.
pub const SUBMODULE_DEPTH: usize = 16;

/// Lines of both versions of a text that are compared with each other; of a longer one, all counts as changed. Texts can be
/// made of which comparing takes the square of their length. Real source has a tenth of it, and more at most in tables.
pub const DIFF_LINES: usize = 40_000;

/// Bytes of the `.gitattributes` files of one state of a repository. The largest repositories have some 100 kB of them.
pub const ATTRIBUTE_BYTES: u64 = 2 << 20;

/// Steps that one worker spends on comparing paths with the patterns of `.gitattributes`. A path and a file of a hundred lines take
/// some thousand; a file of lines made to be slow takes a billion for each path.
pub const ATTRIBUTE_STEPS: u64 = 4_000_000_000;

/// Bytes of the indices of one sparse tensor that are compared with its size. Eight million entries of a matrix stay below.
pub const SPARSE_INDEX_BYTES: u64 = 128 << 20;

/// Names below the folders that symbolic links lead to, for one worker: whether the policy excludes any is asked of each. A few links
/// to the whole of the largest repositories come to less.
pub const BEHIND_LINKS: usize = 2_000_000;
