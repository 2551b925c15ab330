"""What this machine can give to a study."""

from __future__ import annotations

from pathlib import Path

__all__ = ["available_memory"]

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
