"""Diffusivity and conductivity tensors over temperature from hops in a crystal.

Input are sites, hops, barriers and normal modes of atomistic calculations. Neither DOLFINx nor MPI
is needed here.

>>> import numpy as np
>>> from scipy.constants import electron_volt
>>> from cellion.rates.jump_network import diffusivity
>>> from cellion.rates.lattices import lattice_network
>>> from cellion.rates.nernst_einstein import conductivity
>>> network = lattice_network("sc", edge=3.9e-10, barrier=0.35 * electron_volt, prefactor=1.0e13)
>>> D = diffusivity(network, [300.0, 400.0])
>>> sigma = conductivity(D, density=3.0e27, charge_number=1)
>>> bool(np.all(np.diff(sigma.tensor[:, 0, 0]) > 0))
True
"""
