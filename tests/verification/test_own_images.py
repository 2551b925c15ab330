"""Interface laws where a particle or a grain meets its own image: as between any two."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellion.pipeline.run import run
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario

SIGMA = 1.0
EDGE = 10e-6
"""Edge of the box that is repeated [m]; a resistance of `EDGE` / `SIGMA` halves conductivity."""


def answered(
    shapes: dict[str, Any], between: str, law: dict[str, Any] | None, **sections: Any
) -> RunResult:
    d = len(next(iter(shapes.values()))["box"])
    document = {
        "name": "images",
        "materials": {
            "S": {"ion": {"conductivity": "1 S/m"}},
            "M": {"ion": {"conductivity": "0.1 S/m"}},
        },
        "microstructure": shapes,
        "interfaces": [] if law is None else [{"between": [between, between], **law}],
        "transport": {
            "carriers": ["ion"],
            "boundary": "periodic",
            "directions": ["x", "y", "z"][:d],
        },
        "output": {"fields": [], "pictures": False},
        **sections,
    }
    return run(build_scenario(document))


def resistance(value: float) -> dict[str, Any]:
    return {"area_resistance": f"{value!r} Ohm m^2"}


def diagonal(result: RunResult) -> NDArray[np.float64]:
    tensor = np.diag(result.carrier("ion").effective_conductivity)
    return tensor[np.isfinite(tensor)]


def repeated(
    centers: list[list[float]], box: list[float], axis: int, times: int
) -> tuple[list[list[str]], list[str]]:
    """Centres in a box that is repeated along an axis, and its edges; all lengths in um."""
    size = np.array(box)
    moved = [np.array(c) + k * size * np.eye(len(box))[axis] for k in range(times) for c in centers]
    size[axis] *= times
    return [[f"{x} um" for x in c] for c in moved], [f"{x} um" for x in size]


def balls(times: int, **sections: Any) -> RunResult:
    """A row of discs, each of which meets the next."""
    centers, box = repeated([[2.3, 5.1]], [10.0, 12.0], 0, times)
    listed = [{"center": c, "radius": "5.5 um", "material": "S"} for c in centers]
    shapes = {"spheres": {"box": box, "periodic": True, "matrix": "M", "spheres": listed}}
    mesh = {"size": "1 um", "surface_size": "0.5 um"}
    return answered(shapes, "S", sections.pop("law"), mesh=mesh, **sections)


def grains(
    seeds: list[list[float]],
    law: dict[str, Any] | None,
    *,
    axis: int = 0,
    times: int = 1,
    size: str = "1 um",
    **more: Any,
) -> RunResult:
    centers, box = repeated(seeds, [10.0] * len(seeds[0]), axis, times)
    request = {"box": box, "material": "S", "seeds": [{"center": c} for c in centers], "seed": 7}
    return answered({"polycrystal": request | more}, "S", law, mesh={"size": size})


@pytest.mark.parametrize("law", [None, resistance(1e-5), {"insulating": True}])
def test_a_particle_and_its_image_are_as_two_particles(law: dict[str, Any] | None) -> None:
    one, two = balls(1, law=law), balls(2, law=law)
    assert diagonal(one) == pytest.approx(diagonal(two), rel=1e-3)
    if law is not None:  # geometry errors are estimates
        errors = [r.carrier("ion").geometry_error_estimate["x"] for r in (one, two)]
        assert errors[0] == pytest.approx(errors[1], rel=0.5)


def test_the_bounds_of_a_particle_and_its_image_are_those_of_two() -> None:
    law, accuracy = resistance(1e-5), {"bracket": True}
    one, two = (balls(n, law=law, accuracy=accuracy).carrier("ion") for n in (1, 2))
    assert one.lower is not None
    assert two.lower is not None
    assert np.diag(one.lower)[:2] == pytest.approx(np.diag(two.lower)[:2], rel=1e-3)
    assert (np.diag(one.lower)[:2] <= np.diag(one.effective_conductivity)[:2]).all()


def test_laws_of_a_particle_and_its_image_reach_from_perfect_to_insulating() -> None:
    laws = [None, resistance(1e-14), resistance(1e-6), resistance(1e-4), resistance(1e3)]
    found = [diagonal(balls(1, law=law))[0] for law in laws]
    assert found[1] == pytest.approx(found[0], rel=1e-7)
    assert all(a > b for a, b in pairwise(found[1:]))
    assert found[-1] == pytest.approx(diagonal(balls(1, law={"insulating": True}))[0], rel=1e-6)


@pytest.mark.parametrize("R", [1e-5, 1e-3])
def test_a_grain_alone_is_a_cube_between_boundaries(R: float) -> None:
    """Currents are uniform: 1 / sigma_eff = 1 / sigma + R / L, in all directions."""
    exact = 1.0 / (1.0 / SIGMA + R / EDGE)
    assert diagonal(grains([[1.3, 5.7]], resistance(R))) == pytest.approx([exact] * 2, rel=1e-6)
    found = diagonal(grains([[1.3, 5.7, 7.1]], resistance(R), size="2 um"))
    assert found == pytest.approx([exact] * 3, rel=2e-3)  # the edges of cubes are not met exactly


def test_a_grain_that_is_insulated_from_its_images_conducts_nothing() -> None:
    result = grains([[1.3, 5.7, 7.1]], {"insulating": True}, size="2 um")
    assert (diagonal(result) == 0.0).all()
    assert not any(result.carrier("ion").percolates.values())


def test_a_row_of_grains_meets_images_across_it() -> None:
    found = diagonal(grains([[5.0, 5.0, 5.0]], resistance(1e-5), times=2, size="2 um"))
    assert found == pytest.approx([0.5] * 3, rel=2e-3)


@pytest.mark.parametrize("axis", [0, 1])
def test_two_grains_are_as_four_in_twice_the_box(axis: int) -> None:
    seeds = [[1.3, 5.7], [6.0, 3.0]]
    one, two = (grains(seeds, resistance(1e-5), axis=axis, times=n) for n in (1, 2))
    assert diagonal(one) == pytest.approx(diagonal(two), rel=1e-3)


def test_a_column_is_one_body_along_its_axis() -> None:
    seeds = [[1.3, 5.7, 0.0]]
    found = diagonal(grains(seeds, resistance(1e-5), size="2 um", columnar="z"))
    assert found == pytest.approx([0.5, 0.5, 1.0], rel=1e-3)


def test_a_grain_is_not_turned_against_its_image() -> None:
    law = resistance(1e-5) | {
        "misorientation": {"read_shockley": {"crystal_symmetry": "cubic", "saturation_angle": 15}}
    }
    assert diagonal(grains([[1.3, 5.7, 7.1]], law, size="2 um")) == pytest.approx([1.0] * 3)
