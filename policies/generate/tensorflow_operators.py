#!/usr/bin/env python3
"""Writes `policies/operators/tensorflow.txt`: the operators that TensorFlow brings, and what those reach that do more than compute.

    python3 policies/generate/tensorflow_operators.py > policies/operators/tensorflow.txt

A line is a name, or a name and what the operator reaches. Names come from the registry of the release; what they reach was reviewed by hand,
below. The script fails if a name there is in no release, and lists operators with an argument that looks like a path, an address or
a program and that nobody reviewed.
"""

import os
import re
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

REACHES = {
    # Files are read: paths are inputs or attributes of the graph.
    "reads-file": """
        CSVDataset CSVDatasetV2 ExperimentalCSVDataset ExperimentalLMDBDataset ExperimentalMatchingFilesDataset ExperimentalSqlDataset
        FixedLengthRecordDataset FixedLengthRecordDatasetV2 FixedLengthRecordReader FixedLengthRecordReaderV2
        FixedUnigramCandidateSampler GenerateVocabRemapping InitializeTableFromTextFile InitializeTableFromTextFileV2 LMDBDataset
        LMDBReader ListSnapshotChunksDataset LoadAndRemapMatrix LoadDataset MatchingFiles MatchingFilesDataset
        DecodeProtoV2 EncodeProto ReadFile RecordInput Restore RestoreSlice RestoreV2 DTensorRestoreV2 Skipgram SnapshotChunkDataset SnapshotDatasetReader
        SnapshotNestedDatasetReader SqlDataset TFRecordDataset TFRecordDatasetV2 TFRecordReader TFRecordReaderV2 TextLineDataset
        TextLineReader TextLineReaderV2 WholeFileReader WholeFileReaderV2
    """,
    # Files are written, or removed.
    "writes-file": """
        CacheDataset CacheDatasetV2 CalibrationStatisticsSaver CreateSummaryDbWriter CreateSummaryFileWriter DatasetToTFRecord
        DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary DebugNumericSummaryV2 DumpTensor
        ExperimentalDatasetToTFRecord ImportEvent MergeV2Checkpoints Save SaveDataset SaveDatasetV2 SaveSlices SaveV2
        SnapshotDataset SnapshotDatasetV2 WriteFile
    """,
    # Functions of Python are called by a token that the process knows.
    "python": "EagerPyFunc PyFunc PyFuncStateless",
    # Functions run in other processes.
    "remote-call": """
        RemoteCall RpcCall RpcCheckStatus RpcClient RpcGetValue RpcServer RpcServerRegister RpcServerStart DeleteRpcFutureResource
    """,
    # Data comes from other processes, or goes there; machines of a cluster are set up or shut down.
    "exchange": """
        CollectiveAllToAllV2 CollectiveAllToAllV3 CollectiveAssignGroupV2 CollectiveBcastRecv CollectiveBcastRecvV2
        CollectiveBcastSend CollectiveBcastSendV2 CollectiveGather CollectiveGatherV2 CollectiveInitializeCommunicator
        CollectivePermute CollectiveReduce CollectiveReduceScatterV2 CollectiveReduceV2 CollectiveReduceV3 DataServiceDataset
        DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 DistributedSave RegisterDataset RegisterDatasetV2
        ConfigureAndInitializeGlobalTPU ConfigureDistributedTPU ConnectTPUEmbeddingHosts ShutdownDistributedTPU ShutdownTPUSystem
        Recv Send _Recv _Send _HostRecv _HostSend _NcclBroadcastRecv _NcclBroadcastSend _NcclReduceRecv _NcclReduceSend
        _ConfigureDistributedTPU _DisconnectHostFromDistributedTPUSystem _InitializeHostForDistributedTPU _ShutdownDistributedTPU
        _WaitForDistributedTPU
    """,
    # A graph that a tensor holds as bytes, in which anything may stand.
    "other-graph": "DatasetFromGraph",
    # The process ends.
    "ends-process": "Abort",
    # How the process opens files from then on.
    "settings": "FileSystemSetConfiguration",
    # Code for an accelerator or a compiler in a form of its own: named, and not read.
    "compiled": "XlaCallModule XlaCustomCall XlaCustomCallV2 TPUCompile _TPUCompileMlir",
}

LOOKS_FAR = re.compile(r"file|(?<!top_)paths?$|dir(ectory)?$|url|uri$|address|server|socket|token$|librar|prefix|dsn|data_source", re.I)



def registry():
    operators = op_def_pb2.OpList()
    operators.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {operator.name: operator for operator in operators.op}


def main() -> None:
    known = registry()
    reach = {name: kind for kind, names in REACHES.items() for name in names.split()}
    missing = [name for name in reach if name not in known]
    if missing:
        sys.exit(f"in no release: {' '.join(missing)}")
    for name, operator in sorted(known.items()):
        arguments = [argument.name for argument in [*operator.input_arg, *operator.attr]]
        far = [argument for argument in arguments if LOOKS_FAR.search(argument)]
        if far and name not in reach:
            print(f"{name}: {' '.join(far)}", file=sys.stderr)
    print(f"# Operators of tensorflow {tensorflow.__version__}, by tensorflow_operators.py.")
    for name in sorted(known):
        print(name, reach[name]) if name in reach else print(name)


if __name__ == "__main__":
    main()
