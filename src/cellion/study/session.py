"""One run of a study: its points, and how the processes that share them take one after the other.

A point is taken by making a file of its name, which can succeed once only. That works between ranks
of MPI, processes of one machine and jobs of a cluster alike, as long as they see one folder, and
gives no point to two of them. A point that was taken and has no outcome when its process is gone is
one that its process did not survive: it is not tried again before the study is resumed.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cellion.errors import CellionError, ResultsError, StudyError
from cellion.pipeline.mesh_cache import MeshCache
from cellion.results.outcome import Failure, has_outcome, save_failure
from cellion.results.ownership import owned
from cellion.scenario.load import build_scenario
from cellion.study.folder import WORK_FOLDER, answer_in, start_point
from cellion.study.plan import Point

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "Session",
    "begin_point",
    "close_session",
    "load_session",
    "save_session",
    "unfinished",
    "work",
]

_SESSION_FILE = "session.pickle"


@dataclass(frozen=True, kw_only=True)
class Session:
    """What the processes of a study share.

    Attributes:
        folder: The folder of the study.
        path: The scenario file, for the names of files in it.
        points: All points.
        keys: Hash of the question of each point.
        todo: Indices of the points that are to be run.
        aside: Number of answers to other questions that were set aside.
        name: A name of its own. A process that was left behind by a study that was killed finds its
            claims gone, and ends.
    """

    folder: Path
    path: Path | None
    points: tuple[Point, ...]
    keys: tuple[str, ...]
    todo: tuple[int, ...]
    aside: int = 0
    name: str = field(default_factory=lambda: uuid4().hex)

    @property
    def claims(self) -> Path:
        """Where taken points are marked."""
        return self.folder / WORK_FOLDER / f"claims_{self.name}"

    @property
    def meshes(self) -> Path:
        """Where meshes are kept."""
        return self.folder / WORK_FOLDER / "meshes"

    def place(self, index: int) -> Path:
        """Folder of a point."""
        return self.folder / self.points[index].name

    @property
    def middle(self) -> Mapping[str, Any]:
        """Values of the combination that pictures are drawn of."""
        return self.points[len(self.points) // 2].values

    def taken(self) -> dict[int, str]:
        """Return the points that were taken, and by whom.

        Raises:
            StudyError: The study is over: another one has begun in its folder.
        """
        try:
            return {int(f.name): f.read_text(encoding="utf-8") for f in self.claims.iterdir()}
        except OSError:
            raise StudyError(f"{self.folder}: another study has begun in this folder") from None


def save_session(session: Session) -> None:
    """Write a session for processes that are started for it, with no point taken yet.

    Raises:
        ResultsError: The folder cannot be written.
    """
    work_folder = session.folder / WORK_FOLDER
    try:
        for old in work_folder.glob("claims_*"):
            shutil.rmtree(old, ignore_errors=True)
        session.claims.mkdir(parents=True)
        (work_folder / _SESSION_FILE).write_bytes(pickle.dumps(session))
    except OSError as error:
        raise ResultsError(
            f"{work_folder}: cannot be written ({error.strerror or error}); choose another folder "
            "with -o, or free some space"
        ) from error


def close_session(session: Session) -> None:
    """Remove what only the processes of a session need."""
    shutil.rmtree(session.claims, ignore_errors=True)
    (session.folder / WORK_FOLDER / _SESSION_FILE).unlink(missing_ok=True)


def load_session(folder: Path) -> Session:
    """Read the session of a study's folder, which `save_session` wrote moments ago."""
    session = pickle.loads((folder / WORK_FOLDER / _SESSION_FILE).read_bytes())
    if not isinstance(session, Session):
        raise ResultsError(f"{folder}: {_SESSION_FILE} is no session of a study")
    return session


def work(
    session: Session,
    comm: MPI.Comm,
    *,
    name: str = "",
    memory: float | None = None,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Answer points until all are taken (collective).

    Args:
        session: What is to be done.
        comm: The ranks that answer a point together.
        name: Who these are, for the record of taken points.
        memory: What a run may use [bytes]; None for no limit.
        after: Called when a point has ended, on rank 0.
    """
    from cellion.parallel import on_root

    cache = MeshCache(session.meshes)
    queue = _Queue(session, name)
    while True:
        index = on_root(comm, queue.take)
        if index is None:
            return
        with _alone(session, index) if comm.rank == 0 else nullcontext():
            _answer(session, index, comm, cache, memory)
        if comm.rank == 0:
            after()


def _alone(session: Session, index: int) -> AbstractContextManager[None]:
    """Wait for what a study that was killed may have left running on a point."""
    return owned(session.place(index), "study", wait=True)


class _Queue:
    """The points that are left, those of the mesh at hand first."""

    def __init__(self, session: Session, name: str) -> None:
        """Look at the geometries of the points.

        Args:
            session: What is to be done.
            name: Who takes points.
        """
        self._session, self._name = session, name
        self._geometry = {index: _geometry(session.points[index]) for index in session.todo}
        self._last: str | None = None

    def take(self) -> int | None:
        """Take a point that nobody has; None when there is none.

        Points of the mesh that was used last come first, then points of a mesh that nobody has
        begun, so that two processes do not wait for the same mesh.
        """
        while True:
            taken = self._session.taken()
            left = [index for index in self._session.todo if index not in taken]
            if not left:
                return None
            begun = {self._geometry[index] for index in taken if index in self._geometry}

            def rank(index: int, begun: set[str] = begun) -> tuple[bool, bool, int]:
                geometry = self._geometry[index]
                return geometry != self._last, geometry in begun, index

            index = min(left, key=rank)
            if self._claim(index):
                self._last = self._geometry[index]
                return index

    def _claim(self, index: int) -> bool:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        try:
            descriptor = os.open(self._session.claims / str(index), flags, 0o644)
        except FileExistsError:
            return False
        except OSError as error:
            raise ResultsError(
                f"{self._session.claims}: cannot be written ({error.strerror or error})"
            ) from error
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(self._name)
        return True


def _geometry(point: Point) -> str:
    """What the mesh of a point follows from, roughly: points of other meshes are told apart."""
    parts = [point.document.get(name) for name in ("microstructure", "mesh")]
    return json.dumps(parts, default=str, sort_keys=False)


def _answer(
    session: Session, index: int, comm: MPI.Comm, cache: MeshCache, memory: float | None
) -> None:
    """Run one point and leave its outcome in its folder (collective)."""
    from cellion.parallel import on_root

    from cellion.pipeline.run import run

    point, place = session.points[index], session.place(index)
    first = point.replicate == 0
    try:
        if on_root(comm, lambda: _is_answered(session, index)):
            return
        built = build_scenario(dict(point.document), path=session.path)
        run(
            built,
            comm,
            folder=place,
            fields=first,
            pictures=first and point.values == session.middle,
            cache=cache,
            memory=memory,
        )
    except CellionError as error:
        failure = Failure(reason=str(error), kind=type(error).__name__)
        on_root(comm, lambda: _record_failure(session, index, failure))


def _record_failure(session: Session, index: int, failure: Failure) -> None:
    """Say why a point has no answer, unless only fields or pictures of it are missing."""
    answer = answer_in(session.place(index))
    if answer is None or answer.key != session.keys[index]:
        save_failure(session.place(index), failure)


def _is_answered(session: Session, index: int) -> bool:
    """Whether a process of a killed study has finished a point meanwhile; if not, begin it."""
    answer = answer_in(session.place(index))
    if answer is not None and answer.key == session.keys[index] and not answer.unwritten:
        return True
    begin_point(session, index)
    return False


def begin_point(session: Session, index: int) -> None:
    """Make the folder of a point ready for its run.

    Raises:
        ResultsError: It cannot be written.
    """
    point = session.points[index]
    about = {"values": point.all_values, "realisation": point.replicate + 1}
    start_point(session.place(index), session.keys[index], about)


def unfinished(session: Session) -> list[int]:
    """Indices of the points that were taken and have no outcome."""
    return [index for index in session.taken() if not has_outcome(session.place(index))]
