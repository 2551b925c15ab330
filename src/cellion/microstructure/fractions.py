"""Weight and volume fractions of the materials of a composite."""

from __future__ import annotations

from collections.abc import Mapping

from cellion.errors import MicrostructureError
from cellion.microstructure.geometry import check_material
from cellion.scenario.packing import PackingSpec

__all__ = ["particle_volume_fractions", "volume_fractions", "weight_fractions"]


def weight_fractions(
    volume_fraction: Mapping[str, float], densities: Mapping[str, float | None]
) -> dict[str, float] | None:
    """Return the mass shares w_k = phi_k rho_k / sum(phi rho) of the materials with a density.

    Args:
        volume_fraction: by material name.
        densities: by material name [kg/m^3]; a material without one (a pore) has no mass.

    Returns:
        Mass shares, or None when no material has a density.
    """
    mass = {k: phi * (densities.get(k) or 0.0) for k, phi in volume_fraction.items()}
    total = sum(mass.values())
    return {k: m / total for k, m in mass.items()} if total > 0 else None


def volume_fractions(
    weight_fraction: Mapping[str, float],
    densities: Mapping[str, float | None],
    porosity: float = 0.0,
    where: str = "microstructure.packing",
) -> dict[str, float]:
    """Return volume fractions phi_k = (1 - porosity) (w_k / rho_k) / sum(w / rho) of the box.

    Args:
        weight_fraction: share of the mass of the solid, by material name, summing to 1.
        densities: by material name [kg/m^3].
        porosity: volume fraction of the pores.
        where: key path, for messages.

    Raises:
        MicrostructureError: a solid has no density.
    """
    missing = [k for k, w in weight_fraction.items() if w > 0 and not densities.get(k)]
    if missing:
        raise MicrostructureError(
            f"{where}: weight fractions need the densities of all solids; found none for "
            f"{', '.join(repr(k) for k in missing)}; add `density: ... g/cm^3` to "
            f"{', '.join(f'materials.{k}' for k in missing)}, or give volume fractions"
        )
    specific = {k: w / (densities.get(k) or 1.0) for k, w in weight_fraction.items()}
    total = sum(specific.values())
    return {k: (1.0 - porosity) * v / total for k, v in specific.items()}


def particle_volume_fractions(
    spec: PackingSpec, densities: Mapping[str, float | None]
) -> tuple[float, ...]:
    """Return the volume fraction of the box that each entry of ``particles`` takes.

    Raises:
        MicrostructureError: a material is unknown, a density is missing, or the fractions sum to
            more than 1.
    """
    where = "microstructure.packing"
    named = [*((p.material, f"{where}.particles[{k}]") for k, p in enumerate(spec.particles))]
    named.append((spec.matrix.material, f"{where}.matrix"))
    if spec.pores is not None:
        named.append((spec.pores.material, f"{where}.pores.material"))
    for name, at in named:
        check_material(name, at, densities)
    porosity = spec.pores.volume_fraction if spec.pores is not None else 0.0
    if all(p.weight_fraction is None for p in spec.particles):
        shares = tuple(p.volume_fraction or 0.0 for p in spec.particles)
    else:
        shares = _from_weights(spec, densities, porosity)
    if sum(shares) + porosity > 1.0 + 1e-12:
        raise MicrostructureError(
            f"{where}: particles and pores take {sum(shares) + porosity:.4g} of the volume; at "
            "most 1 is possible, the matrix being the rest; lower a fraction"
        )
    return shares


def _from_weights(
    spec: PackingSpec, densities: Mapping[str, float | None], porosity: float
) -> tuple[float, ...]:
    """Convert the weight fractions of the particles; the matrix has the remaining mass."""
    weights = [p.weight_fraction or 0.0 for p in spec.particles]
    mass: dict[str, float] = {spec.matrix.material: max(0.0, 1.0 - sum(weights))}
    for particle, weight in zip(spec.particles, weights, strict=True):
        mass[particle.material] = mass.get(particle.material, 0.0) + weight
    volume = volume_fractions(mass, densities, porosity)
    return tuple(
        volume[p.material] * w / mass[p.material] if w > 0 else 0.0
        for p, w in zip(spec.particles, weights, strict=True)
    )
