"""Transport: div(sigma grad phi) = 0, its primal and its dual problem, and preconditioners."""
