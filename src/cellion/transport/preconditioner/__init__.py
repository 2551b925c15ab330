"""Preconditioners of the linear systems; they know matrices and couplings, not the problem."""
