"""Hops on lattices, correlation, rates, and closed forms: computed values without a mesh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann, R, electron_volt, physical_constants

from cellion.cell.porous_electrode import PorousElectrode
from cellion.homogenise.bounds import (
    hashin_shtrikman_bounds,
    wiener_bounds,
)
from cellion.homogenise.effective_medium import (
    bruggeman_effective_medium,
    polycrystal_self_consistent,
)
from cellion.rates.corrector import reversible_diffusion
from cellion.rates.correlation import correlation
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.jump_network import Hop, JumpNetwork, Site, diffusivity, jump_network
from cellion.rates.lattices import LATTICES, lattice_network
from cellion.rates.mechanisms import Mechanism, vacancy
from cellion.rates.nernst_einstein import conductivity
from cellion.rates.transition_state import normal_modes, vineyard_prefactor
from helpers.closed_forms import beran_bounds, brick_finite_bounds, maxwell, polycrystal_bounds
from helpers.interstitialcies import equal_interstitialcy
from helpers.quantum_rates import quantum_prefactor
from reference_cases.rows import Entry, Row, value_row

Array = NDArray[np.float64]

FARADAY = physical_constants["Faraday constant"][0]

CLOSED, PRINTED = 1e-9, 2e-6
"""What closed forms are reproduced to, and tabulated correlation factors."""


def single_rate(entry: Entry) -> list[Row]:
    kind, edge = {
        "hop-sc": ("sc", 1.0),
        "hop-diamond": ("diamond", 1.0),
        "hop-honeycomb": ("honeycomb", float(np.sqrt(3.0))),
    }[entry["id"]]
    network = lattice_network(kind, edge=edge, barrier=0.0, prefactor=1.0)
    found = float(diffusivity(network, 300.0).tensor[0, 0, 0])
    return [value_row(entry, "D_xx", entry["expected"]["D_isotropic"], found, allowed=CLOSED)]


def chain(
    sites: Sequence[float], saddles: Sequence[float], spacing: float, nu: float
) -> JumpNetwork:
    """A chain along x in a wide cell; it conducts along x only."""
    n = len(sites)
    places = [
        Site(name=f"s{k}", position=(k / n, 0, 0), energy=e * electron_volt)
        for k, e in enumerate(sites)
    ]
    hops = [
        Hop(
            start=f"s{k}",
            end=f"s{(k + 1) % n}",
            translation=(int(k == n - 1), 0, 0),
            saddle_energy=e * electron_volt,
            prefactor=nu,
        )
        for k, e in enumerate(saddles)
    ]
    return jump_network(np.diag([n * spacing, 1e-9, 1e-9]), places, hops)


def hopping_chain(entry: Entry) -> list[Row]:
    given = entry["inputs"]
    network = chain(given["E_site_eV"], given["E_saddle_eV"], given["spacing_m"], given["nu_Hz"])
    found = float(diffusivity(network, given["T_K"]).tensor[0, 0, 0])
    return [value_row(entry, "D_xx [m^2/s]", entry["expected"]["D_m2_s"], found, allowed=CLOSED)]


def orthorhombic(entry: Entry) -> list[Row]:
    given = entry["inputs"]
    hops = [
        Hop(
            start="Li",
            end="Li",
            translation=tuple(np.eye(3, dtype=int)[k].tolist()),
            saddle_energy=e * electron_volt,
            prefactor=given["nu_Hz"],
        )
        for k, e in enumerate(given["barriers_eV"])
    ]
    crystal = jump_network(np.diag(given["cell_m"]), [Site(name="Li", position=(0, 0, 0))], hops)
    tensor = diffusivity(crystal, given["T_K"]).tensor[0]
    return [
        value_row(entry, f"D_{'xyz'[k] * 2} [m^2/s]", exact, float(tensor[k, k]), allowed=CLOSED)
        for k, exact in enumerate(entry["expected"]["D_diag_m2_s"])
    ]


def listed_network(entry: Entry) -> list[Row]:
    given, exact = entry["inputs"], np.array(entry["expected"]["D_tensor"])
    p = np.array(given["populations"]) / np.sum(given["populations"])
    start, end, dx, rate = (np.array(x) for x in zip(*given["edges"], strict=True))
    tensor = reversible_diffusion(len(p), start, end, (p[start] * rate)[None], dx)[0]
    return [
        value_row(entry, f"D_{'xyz'[k] * 2}", exact[k, k], float(tensor[k, k]), allowed=CLOSED)
        for k in range(len(exact))
    ]


def square_tensor(along_x: Array, along_y: Array, crossed: bool = False) -> Array:
    """Conductivity of a periodic square lattice from its bond conductances, both (L, L)."""
    L = len(along_x)
    i, j = (x.ravel() for x in np.meshgrid(np.arange(L), np.arange(L), indexing="ij"))
    here, east, north = i * L + j, (i + 1) % L * L + j, i * L + (j + 1) % L
    if crossed:  # node = centre of the plaquette north-east of (i, j); its bonds cross primal ones
        # bond to the plaquette at west crosses the y-bond of (i, j); to the south, the x-bond
        east, north = (i - 1) % L * L + j, i * L + (j - 1) % L
    step = np.where(crossed, -1.0, 1.0)
    dx = np.r_[np.tile([step, 0.0], (L * L, 1)), np.tile([0.0, step], (L * L, 1))]
    c = np.r_[along_x.ravel(), along_y.ravel()][None] / (L * L)
    found: Array = reversible_diffusion(L * L, np.r_[here, here], np.r_[east, north], c, dx)[0]
    return found


def random_barriers(entry: Entry) -> list[Row]:
    """Geometric mean of the determinants of a sample and its dual: exact for every sample."""
    kT = Boltzmann * entry["inputs"]["T_K"] / electron_volt
    low, high = np.exp(-np.array(entry["inputs"]["E_eV"]) / kT)
    along_x, along_y = np.random.default_rng(1970).choice([low, high], (2, 12, 12))
    direct = square_tensor(along_x, along_y)
    dual = square_tensor(low * high / along_y, low * high / along_x, crossed=True)
    mean = float((np.linalg.det(direct) * np.linalg.det(dual)) ** 0.25)
    exact = entry["expected"]["D_over_a2nu"]
    return [value_row(entry, "D / (a^2 nu), with its dual", exact, mean, allowed=CLOSED)]


def pushed(regular: Array, empty: Array, distance: float) -> Mechanism:
    """An interstitialcy on an fcc lattice with edge 1."""
    return equal_interstitialcy(
        np.array(LATTICES["fcc"].vectors),
        regular,
        empty,
        jump=np.sqrt(3.0) / 4.0,
        interstitial_distance=distance,
        rate=1.0,
    )


QUARTERS = np.array([[0.25] * 3, [0.75] * 3])
COLLINEAR = float(np.sqrt(0.75))


def correlated(entry: Entry) -> list[Row]:
    expected = entry["expected"]
    if entry["kind"] == "correlation_interstitialcy":
        found = correlation(pushed(np.zeros((1, 3)), QUARTERS, COLLINEAR))
    else:
        name = entry["inputs"]["lattice"]
        kind = {"hcp_c": "hcp", "NbO_oxygen": "octahedron_vertices"}.get(name, name)
        network = lattice_network(kind, edge=1.0, barrier=0.0, prefactor=1.0)
        sizes = (6, 8, 12) if kind == "octahedron_vertices" else None
        found = correlation(vacancy(network, 300.0), sizes)
        if name == "hcp_c":
            f = float(found.tracer[2, 2] / found.charge[2, 2])
            return [value_row(entry, "f along c", expected["f"], f, allowed=PRINTED)]
    return [
        value_row(entry, "f", expected["f"], found.correlation_factor, allowed=2 * PRINTED),
        value_row(entry, "H_R", expected["haven"], found.haven_ratio, allowed=3 * PRINTED),
    ]


def vineyard(entry: Entry) -> list[Row]:
    inputs, expected = entry["inputs"], entry["expected"]
    initial, saddle = (normal_modes(inputs[f"nu_{x}_Hz"], "Hz") for x in ("min", "saddle"))
    found = {
        "nu_star_Hz": vineyard_prefactor(initial, saddle),
        "quantum_300K_Hz": quantum_prefactor(initial, saddle, 300.0),
        "quantum_1000K_Hz": quantum_prefactor(initial, saddle, 1000.0),
    }
    return [
        value_row(entry, name.replace("_Hz", " [Hz]"), expected[name], float(x), allowed=CLOSED)
        for name, x in found.items()
    ]


def rate_to_conductivity(entry: Entry) -> list[Row]:
    given, expected = entry["inputs"], entry["expected"]
    kind = "diamond" if given["dim"] == 3 else "square"
    network = lattice_network(
        kind,
        edge=given["jump_m"] / LATTICES[kind].jump,
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
    numbers = [
        ("D_tracer [m^2/s]", expected["D_tracer_m2_s"], tracer.tensor[0, 0, 0]),
        ("sigma [S/m]", expected["sigma_S_per_m"], sigma.tensor[0, 0, 0]),
    ]
    return [value_row(entry, name, x, float(y), allowed=CLOSED) for name, x, y in numbers]


def nernst_einstein(entry: Entry) -> list[Row]:
    given = entry["inputs"]
    D = Diffusivity(
        tensor=given["D_m2_s"] * np.eye(3)[None],
        temperature=np.array([given["T_K"]]),
        kind="tracer",
        method="literature",
    )
    sigma = conductivity(
        D, density=given["n_mobile_per_m3"], charge_number=given["z"], haven=given["haven"]
    )
    found, exact = float(sigma.tensor[0, 0, 0]) / 100.0, entry["expected"]["sigma_S_per_cm"]
    allowed = entry["tolerance"]["rtol"]
    return [value_row(entry, "sigma [S/cm]", exact, found, allowed=allowed)]


def porous_electrode(entry: Entry) -> list[Row]:
    inputs = entry["inputs"]
    found = PorousElectrode(
        thickness=inputs["L_m"],
        ionic=inputs["sigma_i"],
        electronic=inputs["sigma_e"],
        area=inputs["a_per_m"],
        reaction=R * inputs["T_K"] / (FARADAY * inputs["i0_A_m2"]),
    ).resistance
    exact = entry["expected"]["ASR_ohm_m2"]
    return [value_row(entry, "ASR [Ohm m^2]", exact, found, allowed=1e-8)]


def composition_bounds(entry: Entry) -> list[Row]:
    phi, sigma, expected = entry["inputs"]["fractions"], entry["inputs"]["sigma"], entry["expected"]
    found: dict[str, Any] = {
        "wiener": wiener_bounds(phi, sigma),
        "hs": hashin_shtrikman_bounds(phi, sigma),
        "hs_2d": hashin_shtrikman_bounds(phi, sigma, dimension=2),
        "bruggeman": bruggeman_effective_medium(phi, sigma),
        "bruggeman_2d": bruggeman_effective_medium(phi, sigma, dimension=2),
    }
    return listed(entry, found, expected)


def listed(entry: Entry, found: dict[str, Any], expected: dict[str, Any]) -> list[Row]:
    """One row for each number under each name."""
    rows = []
    for name, values in found.items():
        numbers, exact = np.atleast_1d(values), np.atleast_1d(expected[name])
        ends = ["", ""] if len(numbers) == 1 else [" lower", " upper"]
        rows += [
            value_row(entry, name.replace("_", " ") + end, float(x), float(y), allowed=CLOSED)
            for end, x, y in zip(ends, exact, numbers, strict=False)
        ]
    return rows


def three_point_bounds(entry: Entry) -> list[Row]:
    given = entry["inputs"]
    fractions = [1.0 - given["phi2"], given["phi2"]]
    found = beran_bounds(fractions, [given["s1"], given["s2"]], given["zeta2"])
    return listed(entry, {"bounds": found}, entry["expected"])


def polycrystal_closed_forms(entry: Entry) -> list[Row]:
    principal, expected = entry["inputs"]["principal"], entry["expected"]
    found: dict[str, Any] = {"self_consistent": polycrystal_self_consistent(principal)}
    if "lower_optimal" in expected:
        names = ("lower_optimal", "hs_lower", "hs_upper", "upper_optimal")
        found |= dict(zip(names, polycrystal_bounds(principal), strict=True))
    return listed(entry, found, expected)


def thick_bricks(entry: Entry) -> list[Row]:
    values, expected = entry["inputs"], entry["expected"]
    low, high = brick_finite_bounds(
        values["sigma_g"], values["sigma_gb"], values["d"], values["delta"]
    )
    share = values["d"] / (values["d"] + values["delta"])
    middle = maxwell(share**3, values["sigma_g"], values["sigma_gb"])
    return listed(entry, {"lower": low, "upper": high, "maxwell": middle}, expected)
