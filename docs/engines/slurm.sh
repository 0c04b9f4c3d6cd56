#!/bin/bash
# An audit by an array of sixteen tasks on a shared file system:
#
#   weighbridge audit plan --repos repos.csv --shards 16 --output plan.json
#   job=$(sbatch --parsable slurm.sh)
#   sbatch --dependency="afterany:$job" --wrap 'weighbridge audit merge "file://$PWD/results" --out whole'
#
# A task that is requeued continues with what is in `results`.
#SBATCH --job-name=audit
#SBATCH --array=1-16
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=audit-%A-%a.log
set -eu

# Of this task alone, and on a disk of its own node.
work=${TMPDIR:-/tmp}/weighbridge-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID
trap 'rm -rf "$work"' EXIT

# 1: something is refused. The merged run says so.
weighbridge audit --plan plan.json --policy org.yaml --history --shard auto \
    --out "file://$PWD/results" --work "$work" --jobs "${SLURM_CPUS_PER_TASK:-1}" || [ $? -eq 1 ]
