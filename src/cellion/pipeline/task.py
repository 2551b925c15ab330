"""Questions that a sample answers: effective transport, a steady cell, and others to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray

from cellion.cell.response import CellResponse
from cellion.pipeline.sample import MeshedSample
from cellion.results.accuracy import AccuracyRecord
from cellion.results.record import CarrierResult
from cellion.transport.primal.solution import Solution

__all__ = ["Answer", "Listener", "Task"]

type Listener = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a task finds.

    Attributes:
        sample: The sample that answered, on its last mesh.
        solutions: Potentials by name: carriers, or ``cell``.
        imbalance: By the same names and direction, current in less current out over current [-].
        carriers: Effective transport by carrier.
        cell: Response of a cell.
        accuracy: What bounds certify, None without them.
        fields: Further values per owned cell, by name.
        notes: What the user should know, those of the sample not among them.
    """

    sample: MeshedSample
    solutions: Mapping[str, Solution]
    imbalance: Mapping[str, Mapping[str, float]]
    carriers: Mapping[str, CarrierResult] = field(default_factory=dict)
    cell: CellResponse | None = None
    accuracy: AccuracyRecord | None = None
    fields: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Task(Protocol):
    """A question about a sample."""

    def answer(self, sample: MeshedSample, watch: Stopwatch, say: Listener) -> Answer:
        """Answer it (collective).

        Args:
            sample: The sample.
            watch: Records the stages.
            say: Takes progress lines, on rank 0 only.

        Raises:
            CellionError: A material or the mesh does not allow it, or the solver does not converge.
        """
        ...
