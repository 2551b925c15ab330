"""From one hop to conductivity: rate, lattice, blocking, Haven ratio, Nernst-Einstein."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import electron_volt

from cellion.rates.diffusivity import Diffusivity
from cellion.rates.jump_network import diffusivity
from cellion.rates.lattices import LATTICES, lattice_network
from cellion.rates.nernst_einstein import conductivity
from helpers.lattice_shapes import SHAPES

REFERENCES = Path(__file__).parents[1] / "references" / "references.json"
ENTRIES = {e["id"]: e for e in json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]}


@pytest.mark.parametrize(
    ("reference", "kind"), [("ratelayer-1", "diamond"), ("ratelayer-4", "square")]
)
def test_rate_to_conductivity(reference, kind):
    """A lattice of the right coordination and jump length; free neighbours scale the rate.

    D_sigma = (1 - c) D_1 with the share of free neighbours 1 - c; D_tracer = f D_sigma.
    """
    given, expected = ENTRIES[reference]["inputs"], ENTRIES[reference]["expected"]
    shape = LATTICES[kind]
    assert SHAPES[kind] == (given["dim"], given["coordination"])
    network = lattice_network(
        kind,
        edge=given["jump_m"] / shape.jump,
        barrier=given["Ea_eV"] * electron_volt,
        prefactor=given["nu_Hz"],
    )
    single = diffusivity(network, given["T_K"])
    tracer = Diffusivity(
        tensor=given["f"] * given["blocking"] * single.tensor,
        temperature=single.temperature,
        kind="tracer",
        method="lattice gas",
    )
    sigma = conductivity(
        tracer, density=given["c_per_m3"], charge_number=given["charge"], haven=given["f"]
    )
    assert tracer.tensor[0, 0, 0] == pytest.approx(expected["D_tracer_m2_s"], rel=1e-9)
    assert sigma.tensor[0, 0, 0] == pytest.approx(expected["sigma_S_per_m"], rel=1e-9)


def test_literature_garnet():
    """Reference ne-llz-ahmad; the abstract prints three digits."""
    given = ENTRIES["ne-llz-ahmad"]["inputs"]
    D = Diffusivity(
        tensor=given["D_m2_s"] * np.eye(3)[None],
        temperature=np.array([given["T_K"]]),
        kind="tracer",
        method="literature",
    )
    sigma = conductivity(
        D, density=given["n_mobile_per_m3"], charge_number=given["z"], haven=given["haven"]
    )
    expected = 100 * ENTRIES["ne-llz-ahmad"]["expected"]["sigma_S_per_cm"]
    assert sigma.tensor[0, 0, 0] == pytest.approx(expected, rel=0.02)
