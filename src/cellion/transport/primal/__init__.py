"""The primal problem: drives, contacts, unknowns, P1 equations and their solution."""
