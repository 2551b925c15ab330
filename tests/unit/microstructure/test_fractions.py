"""Weight fractions and volume fractions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellion.errors import MicrostructureError
from cellion.microstructure.fractions import (
    particle_volume_fractions,
    volume_fractions,
    weight_fractions,
)

positive = st.floats(0.01, 1.0)


@given(
    parts=st.lists(st.tuples(positive, st.floats(500.0, 9000.0)), min_size=1, max_size=5),
    porosity=st.floats(0.0, 0.5),
)
def test_weights_to_volumes_and_back(parts, porosity):
    total = sum(w for w, _ in parts)
    weights = {f"m{k}": w / total for k, (w, _) in enumerate(parts)}
    densities = {f"m{k}": rho for k, (_, rho) in enumerate(parts)} | {"pore": None}
    volumes = volume_fractions(weights, densities, porosity)
    assert sum(volumes.values()) == pytest.approx(1 - porosity)
    back = weight_fractions({**volumes, "pore": porosity}, densities)
    assert back == pytest.approx({**weights, "pore": 0.0})


def test_a_known_composite(packing, densities):
    particles = [{"material": "CAM", "weight_fraction": 0.7, "diameter": "0.1 um"}]
    spec = packing(particles, pores={"volume_fraction": 0.1})
    cam, se = 0.7 / 4700, 0.3 / 1870
    assert particle_volume_fractions(spec, densities) == pytest.approx([0.9 * cam / (cam + se)])


def test_two_classes_of_one_material_share_its_volume(packing, densities):
    particles = [
        {"material": "CAM", "weight_fraction": w, "diameter": "0.1 um"} for w in (0.5, 0.25)
    ]
    coarse, fine = particle_volume_fractions(packing(particles), densities)
    assert coarse == pytest.approx(2 * fine)
    assert coarse + fine == pytest.approx((0.75 / 4700) / (0.75 / 4700 + 0.25 / 1870))


@pytest.mark.parametrize("missing", ["CAM", "SE"])
def test_a_missing_density_is_named(packing, densities, missing):
    particles = [{"material": "CAM", "weight_fraction": 0.7, "diameter": "0.1 um"}]
    with pytest.raises(MicrostructureError, match=f"densities of all solids.*materials.{missing}"):
        particle_volume_fractions(packing(particles), {**densities, missing: None})


def test_no_mass_no_weight_fractions():
    assert weight_fractions({"A": 0.5, "B": 0.5}, {"A": None}) is None


def test_weights_and_pores_beyond_the_box_are_refused(packing, densities, particle_class):
    spec = packing([particle_class(0.6, 50)], pores={"volume_fraction": 0.3})
    assert particle_volume_fractions(spec, densities) == pytest.approx([0.6])


def test_an_unknown_material_is_named_with_its_neighbour(packing, densities, particle_class):
    spec = packing([particle_class(0.3, 50, material="CAN")])
    with pytest.raises(MicrostructureError, match=r"particles\[0\].*'CAN'.*mean 'CAM'"):
        particle_volume_fractions(spec, densities)
