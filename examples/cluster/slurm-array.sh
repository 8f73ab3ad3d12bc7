#!/bin/bash
# One shard a task, on any node; then one job that puts the shards together:
#   first=$(sbatch --parsable --array=1-8 slurm-array.sh)
#   sbatch --dependency=afterok:$first slurm-array.sh merge
#SBATCH --job-name=figureground
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --requeue
set -euo pipefail

recipe=${RECIPE:-recipe.toml}   # its photos lie below a folder that all nodes mount by the same path
out=${OUT:-out}                 # a folder that all nodes mount, too

if [ "${1:-}" = merge ]; then
  exec figureground merge "$out"/shards/* --out "$out/whole"
fi
shard=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT
# a task that is begun again finishes what is missing
exec figureground build "$recipe" "$out/shards/$SLURM_ARRAY_TASK_ID" --shard "$shard" --workers "$SLURM_CPUS_PER_TASK"
