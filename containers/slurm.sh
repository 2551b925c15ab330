#!/bin/bash
#SBATCH --job-name=cellion
#SBATCH --nodes=1
#SBATCH --ntasks=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=3G
#SBATCH --time=01:00:00
#
# One scenario on one node, with the MPI that comes with cellion's own environment:
#
#   sbatch containers/slurm.sh scenarios/ncm811_li6ps5cl.yaml results/ncm811
#
# Over several nodes use a DOLFINx that was built against the cluster's MPI (module, Spack; see
# docs/install.md), drop the two variables marked below and start with srun.
set -euo pipefail

scenario=${1:?the scenario file}
results=${2:?the result folder}
cellion=${CELLION:-.venv/bin}

export OMP_NUM_THREADS=1
export UCX_TLS=self,sm,tcp # one node only: on a fabric this would be slow
export HYDRA_LAUNCHER=fork # one node only
# Kernels are compiled once and kept; a folder that all ranks see.
export XDG_CACHE_HOME=${SLURM_SUBMIT_DIR:-$PWD}/.cache

"$cellion/mpirun" -n "${SLURM_NTASKS:-1}" "$cellion/cellion" run "$scenario" -o "$results"
