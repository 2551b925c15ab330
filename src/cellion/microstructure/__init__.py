"""Geometries: packings, explicit spheres, layers and checkerboards, as labelled regions of a box."""
