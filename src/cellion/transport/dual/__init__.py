"""The dual problem: Crouzeix-Raviart correctors, conserved currents and the lower bound."""
