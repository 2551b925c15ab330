#!/bin/bash
#SBATCH --job-name=cellion-study
#SBATCH --nodes=1
#SBATCH --ntasks=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=3G
#SBATCH --time=12:00:00
#
# A study on one node, four ranks to a point, eight points at a time:
#
#   sbatch containers/slurm_study.sh scenarios/se_fraction.yaml results/se_fraction 4
#
# The job may be sent again when its time was too short: what is finished is kept. To spread a study
# over many nodes let cellion send an array of jobs instead, from a login node:
#
#   cellion study scenarios/se_fraction.yaml --submit slurm --workers 20 \
#       --submit-option timeout_min=240 --submit-option mem_gb=8 --submit-option slurm_partition=long
set -euo pipefail

scenario=${1:?the scenario file}
results=${2:?the result folder}
ranks=${3:-1}
cellion=${CELLION:-.venv/bin}

export OMP_NUM_THREADS=1
export UCX_TLS=self,sm,tcp # one node only: on a fabric this would be slow
export HYDRA_LAUNCHER=fork # one node only
# Kernels are compiled once and kept; a folder that all ranks see.
export XDG_CACHE_HOME=${SLURM_SUBMIT_DIR:-$PWD}/.cache

"$cellion/mpirun" -n "${SLURM_NTASKS:-1}" "$cellion/cellion" study "$scenario" -o "$results" \
    --ranks-per-point "$ranks" --resume
