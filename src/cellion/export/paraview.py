"""Fields as one VTKHDF file that ParaView (5.12 and newer) and PyVista open.

One partition per rank. A rank describes what it owns as a `FieldPiece` of plain arrays; the pieces
travel to rank 0 in chunks of bounded size and go straight to the file, so no rank ever holds more
than its own piece and one chunk. Datasets are contiguous and uncompressed: the HDF5 of some wheels
has no compression filter.

Coordinates are in metres and all fields in SI units. The unit of a field is the attribute ``units``
of its dataset, and the array ``units`` of the field data lists them all (``name [unit]``). Material
names are the array ``materials`` of the field data, in the order of the numbers in the cell array
``material``.

Source: Kitware, "VTKHDF file format", version 2.2, UnstructuredGrid.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellion.parallel import raise_anywhere

import h5py
import numpy as np
from numpy.typing import NDArray

from cellion.errors import CellionError, ResultsError
from cellion.export.field_piece import CELL_TYPE, FieldPiece
from cellion.results.files import replacing

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["write_fields"]

type Array = NDArray[Any]

CHUNK_BYTES = 1 << 24
_HEAD_BYTES = 1 << 16  # more than what HDF5 writes besides the arrays
_TAG = 531


def write_fields(
    path: Path, piece: FieldPiece, comm: MPI.Comm, *, materials: Sequence[str] = ()
) -> Path:
    """Write the pieces of all ranks to one file; collective.

    The cell array ``rank`` is added. The file appears whole or not at all.

    Args:
        path: The file, such as ``DIR/fields.vtkhdf``.
        piece: What this rank adds; names, types and shapes of fields are the same on all ranks.
        comm: Communicator.
        materials: Names of the materials, in the order of the numbers in ``material``.

    Returns:
        The path.

    Raises:
        ResultsError: On all ranks alike, when the file cannot be written or the ranks disagree
            about the fields.
    """
    arrays = _datasets(piece, comm.rank)
    layouts = comm.allgather({name: (a.shape, a.dtype.str) for name, a in arrays.items()})
    _check_layouts(layouts)
    error: CellionError | None = None
    if comm.rank == 0:
        error = _write_and_receive(path, piece, arrays, layouts, comm, materials)
    else:
        for array in arrays.values():
            for chunk in _chunks(len(array), _row_bytes(array.shape, array.dtype)):
                comm.Send(array[chunk], dest=0, tag=_TAG)
    raise_anywhere(error, comm)
    return path


def _datasets(piece: FieldPiece, rank: int) -> dict[str, Array]:
    """All datasets of a partition, by their name in the file."""
    count, corners = piece.cells.shape
    arrays = {
        "NumberOfPoints": np.array([len(piece.points)], dtype=np.int64),
        "NumberOfCells": np.array([count], dtype=np.int64),
        "NumberOfConnectivityIds": np.array([count * corners], dtype=np.int64),
        "Points": piece.points.astype(np.float64),
        "Connectivity": piece.cells.astype(np.int64).ravel(),
        "Offsets": np.arange(0, count * corners + 1, corners, dtype=np.int64),
        "Types": np.full(count, CELL_TYPE[corners], dtype=np.uint8),
        "CellData/rank": np.full(count, rank, dtype=np.int32),
    }
    arrays |= {f"PointData/{name}": np.asarray(a) for name, a in piece.point_data.items()}
    arrays |= {f"CellData/{name}": np.asarray(a) for name, a in piece.cell_data.items()}
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _check_layouts(layouts: Sequence[Mapping[str, tuple[tuple[int, ...], str]]]) -> None:
    first = {name: (shape[1:], kind) for name, (shape, kind) in layouts[0].items()}
    for rank, layout in enumerate(layouts):
        other = {name: (shape[1:], kind) for name, (shape, kind) in layout.items()}
        if list(other.items()) != list(first.items()):
            differing = sorted(dict(first.items() ^ other.items()))
            raise ResultsError(
                f"fields: rank {rank} and rank 0 disagree about {', '.join(differing) or 'order'}; "
                "all ranks must give the same fields"
            )


def _write_and_receive(
    path: Path,
    piece: FieldPiece,
    arrays: Mapping[str, Array],
    layouts: Sequence[Mapping[str, tuple[tuple[int, ...], str]]],
    comm: MPI.Comm,
    materials: Sequence[str],
) -> ResultsError | None:
    """Write on rank 0; after an error, keep receiving so that no rank waits for ever."""
    incoming = _received_chunks(arrays, layouts, comm)
    error = None
    try:
        with replacing(path) as partial:
            _try_space(partial, layouts)
            with h5py.File(partial, "w") as file:
                group = file.create_group("VTKHDF", track_order=True)
                _write_head(group, piece, materials)
                _create_datasets(group, layouts, piece.units)
                for name, rows, values in incoming:
                    group[name][rows] = values
    except ResultsError as caught:
        error = caught
    for _ in incoming:
        continue
    return error


def _try_space(path: Path, layouts: Sequence[Mapping[str, tuple[tuple[int, ...], str]]]) -> None:
    """Find out early whether the file will fit: HDF5 does not survive a full disk.

    Raises:
        OSError: It will not.
    """
    size = _HEAD_BYTES + sum(
        shape[0] * _row_bytes(shape, np.dtype(kind))
        for layout in layouts
        for shape, kind in layout.values()
    )
    with path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size)


def _write_head(group: h5py.Group, piece: FieldPiece, materials: Sequence[str]) -> None:
    group.attrs["Version"] = np.array([2, 2], dtype=np.int64)
    group.attrs.create("Type", b"UnstructuredGrid", dtype=h5py.string_dtype("ascii", 16))
    head = group.create_group("FieldData")
    texts = {
        "materials": list(materials),
        "units": [f"{name} [{unit}]" for name, unit in piece.units.items()],
    }
    for name, lines in texts.items():
        if lines:
            # VTK reads strings of variable length, and only as ASCII.
            encoded = [line.encode("ascii", "replace") for line in lines]
            head.create_dataset(name, data=encoded, dtype=h5py.string_dtype("ascii"))


def _create_datasets(
    group: h5py.Group,
    layouts: Sequence[Mapping[str, tuple[tuple[int, ...], str]]],
    units: Mapping[str, str],
) -> None:
    for name, (shape, kind) in layouts[0].items():
        rows = sum(layout[name][0][0] for layout in layouts)
        dataset = group.create_dataset(name, shape=(rows, *shape[1:]), dtype=kind)
        unit = units.get(name.partition("/")[2])
        if unit is not None:
            dataset.attrs["units"] = unit


def _received_chunks(
    arrays: Mapping[str, Array],
    layouts: Sequence[Mapping[str, tuple[tuple[int, ...], str]]],
    comm: MPI.Comm,
) -> Iterator[tuple[str, slice, Array]]:
    """Chunks of all ranks in the order they are sent: (dataset, rows in the file, values)."""
    start = dict.fromkeys(arrays, 0)
    for rank, layout in enumerate(layouts):
        for name, (shape, kind) in layout.items():
            dtype = np.dtype(kind)
            for chunk in _chunks(shape[0], _row_bytes(shape, dtype)):
                if rank == 0:
                    values = arrays[name][chunk]
                else:
                    values = np.empty((chunk.stop - chunk.start, *shape[1:]), dtype=dtype)
                    comm.Recv(values, source=rank, tag=_TAG)
                yield name, slice(start[name] + chunk.start, start[name] + chunk.stop), values
            start[name] += shape[0]


def _chunks(rows: int, row_bytes: int) -> Iterator[slice]:
    step = max(1, CHUNK_BYTES // row_bytes)
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def _row_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
