"""The record of a run: plain numbers with their provenance, saved and reloaded without DOLFINx."""
