"""Memory: what a run needs, and what the machines that it runs on can give."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cellion.errors import SetupError

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["available_memory", "bytes_text", "check_fits", "free_memory", "memory_of"]

MOST_UNKNOWNS = 2**31 - 1
"""Largest number of unknowns: DOLFINx and PETSc number them with 32 bits."""

# Measured with benchmarks/transport.py and generated packings on one rank of a desktop processor.
_BASE_MEMORY = 0.35e9  # [bytes]
_MEMORY_PER_VERTEX = 2.6e3  # [bytes]

_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")


def available_memory(proc: Path = _PROC, cgroup: Path = _CGROUP) -> float | None:
    """Return the memory that processes may still use on this machine [bytes].

    The limit of a container or of a job of a batch system counts, where the system tells it.

    Args:
        proc: Where the kernel tells the state of the machine.
        cgroup: Where it tells the limits of groups of processes.

    Returns:
        Bytes; None where the system does not say.
    """
    found = [value for value in (_free(proc), _left_to_group(proc, cgroup)) if value is not None]
    return min(found, default=None)


def free_memory(comm: MPI.Comm) -> float | None:
    """Return the memory that all machines of a run may still give it [bytes] (collective).

    Args:
        comm: Communicator.
    """
    from mpi4py import MPI

    beside = comm.Split_type(MPI.COMM_TYPE_SHARED)
    own = available_memory() if beside.rank == 0 else 0.0
    beside.Free()
    found = comm.allgather(own)
    return None if None in found else sum(value for value in found if value is not None)


def memory_of(vertices: int, ranks: int = 1) -> float:
    """Estimate the peak memory of a run, on all ranks together [bytes]."""
    return _BASE_MEMORY * ranks + _MEMORY_PER_VERTEX * vertices


def check_fits(vertices: int, *, memory: float | None = None, ranks: int = 1) -> None:
    """Refuse a mesh that cannot be solved on.

    Args:
        vertices: Its vertices, about.
        memory: What the run may use on all ranks together [bytes]; None for no limit.
        ranks: Number of ranks.

    Raises:
        SetupError: It has more unknowns than can be numbered, or would not fit into the memory.
    """
    needed = memory_of(vertices, ranks)
    said = f"about {bytes_text(needed)} of memory are needed for about {vertices:,} unknowns"
    remedy = "choose a larger mesh.size or mesh.surface_size, or a smaller box"
    if vertices > MOST_UNKNOWNS:
        raise SetupError(
            f"{said}, and at most {MOST_UNKNOWNS:,} unknowns can be numbered; {remedy}"
        )
    if memory is not None and needed > memory:
        raise SetupError(
            f"{said} on {ranks} ranks, but {bytes_text(memory)} are free for this run; {remedy}, "
            "or fewer runs at a time"
        )


def bytes_text(size: float) -> str:
    """A size in the unit that suits it: ``0.4 GB``, ``12 GB``, ``192 PB``."""
    value, unit = size / 1e9, "GB"
    for larger in ("TB", "PB", "EB"):
        if value >= 1000.0:
            value, unit = value / 1000.0, larger
    return f"{value:.1f} {unit}" if value < 10.0 else f"{value:,.0f} {unit}"


def _free(proc: Path) -> float | None:
    for line in _text(proc / "meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return 1024.0 * float(rest.split()[0])
    return None


def _left_to_group(proc: Path, cgroup: Path) -> float | None:
    """Limit of the group of this process, or of one around it, less what it uses."""
    own = next(
        (line[3:] for line in _text(proc / "self" / "cgroup").splitlines() if line[:3] == "0::"), ""
    )
    place = cgroup / own.strip("/")
    left: list[float] = []
    for group in (place, *place.parents):
        limit, used = _text(group / "memory.max").strip(), _text(group / "memory.current").strip()
        if limit.isdecimal() and used.isdecimal():
            left.append(max(0.0, float(limit) - float(used)))
        if group == cgroup:
            break
    return min(left, default=None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
