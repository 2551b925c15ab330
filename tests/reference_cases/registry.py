"""Every public reference: which class it belongs to, and what answers it."""

from __future__ import annotations

from dataclasses import dataclass

from reference_cases import curved, inclusions, lattices, percolation, planes
from reference_cases.rows import ENTRIES, Answer, Row

__all__ = ["CLASSES", "NOT_ANSWERED", "ReferenceClass", "answered", "beside", "rows_of"]


@dataclass(frozen=True, kw_only=True)
class ReferenceClass:
    """References of one kind, with a page of their own.

    Attributes:
        page: Name of the page in docs/verification.
        answers: What answers the entries of each kind.
        prefixes: Beginnings of the identifiers that belong here, of kinds that several pages share.
    """

    page: str
    answers: dict[str, Answer]
    prefixes: tuple[str, ...] = ("",)

    @property
    def references(self) -> list[str]:
        """Identifiers, in the order of the file."""
        return [
            name
            for name, entry in ENTRIES.items()
            if entry["kind"] in self.answers and name.startswith(self.prefixes)
        ]


def both_of_polycrystals(entry: dict[str, object]) -> list[Row]:
    """Closed forms, and a computed polycrystal in the interval."""
    return lattices.polycrystal_closed_forms(entry) + inclusions.grown_polycrystal(entry)


CLASSES = (
    ReferenceClass(page="laminates", answers={"laminate": planes.laminate}),
    ReferenceClass(
        page="tiles",
        answers={
            "checkerboard2d": planes.square_checkerboard,
            "four_phase_checkerboard": planes.four_phases,
            "polycrystal2d": planes.checkerboard_of_one_crystal,
            "polycrystal2d_invariant": planes.determinant_of_a_polycrystal,
            "duality2d_property": planes.duality,
        },
    ),
    ReferenceClass(page="cubes", answers={"voxel3d": planes.cubes}),
    ReferenceClass(
        page="bricks",
        answers={
            "brick_thin_resistive": planes.bricks,
            "brick_thin_fast": planes.bricks,
            "brick_finite_bounds": lattices.thick_bricks,
        },
    ),
    ReferenceClass(
        page="sphere_arrays",
        answers={
            "sphere_array": curved.array,
            "sphere_configuration": curved.configuration,
            "affine_image": inclusions.image_of_an_array,
        },
    ),
    ReferenceClass(page="sphere_interfaces", answers={"sphere_array_interface": curved.array}),
    ReferenceClass(
        page="discs",
        answers={
            "disc_array": curved.array,
            "disc_array_interface": curved.array,
            "disc_configuration": curved.configuration,
        },
    ),
    ReferenceClass(page="neutral_inclusions", answers={"neutral_inclusion": inclusions.neutral}),
    ReferenceClass(
        page="hard_spheres", answers={"random_hard_spheres": inclusions.ensemble_of_hard_spheres}
    ),
    ReferenceClass(
        page="polycrystals",
        answers={
            "polycrystal3d_bounds": both_of_polycrystals,
            "polycrystal3d_sc": lattices.polycrystal_closed_forms,
        },
    ),
    ReferenceClass(
        page="composition",
        answers={
            "bounds": lattices.composition_bounds,
            "three_point_bounds": lattices.three_point_bounds,
        },
    ),
    ReferenceClass(
        page="percolation",
        answers={"percolation": percolation.site_threshold},
        prefixes=("perc-s",),
    ),
    ReferenceClass(
        page="hopping",
        answers={
            "hopping_single_rate": lattices.single_rate,
            "hopping_chain": lattices.hopping_chain,
            "hopping_orthorhombic": lattices.orthorhombic,
            "hopping_network": lattices.listed_network,
            "random_barrier_2d": lattices.random_barriers,
            "correlation_vacancy": lattices.correlated,
            "correlation_interstitialcy": lattices.correlated,
            "rate_vineyard": lattices.vineyard,
            "rate_to_sigma": lattices.rate_to_conductivity,
            "nernst_einstein": lattices.nernst_einstein,
        },
    ),
    ReferenceClass(
        page="porous_electrode", answers={"porous_electrode_dc": lattices.porous_electrode}
    ),
)

NOT_ANSWERED = {
    "perc-void-overlap": "a threshold of three percent of void needs far finer meshes than a test",
    "perc-t3": "an exponent of infinite lattices; samples of a test are too small for it",
    "sphere-flux-1": "diffusion over time is not solved",
}
"""References that nothing computes, and why."""


def answered() -> list[str]:
    """Identifiers of all references that something computes."""
    return [name for each in CLASSES for name in each.references]


def beside() -> list[str]:
    """Identifiers of measurements and simulations of others, shown beside and never tuned to."""
    return [
        name
        for name, entry in ENTRIES.items()
        if entry["kind"].startswith(("experiment_", "simulation_"))
    ]


def rows_of(name: str) -> list[Row]:
    """Compute what there is of a reference."""
    entry = ENTRIES[name]
    (answer,) = [each.answers[entry["kind"]] for each in CLASSES if name in each.references]
    return answer(entry)
