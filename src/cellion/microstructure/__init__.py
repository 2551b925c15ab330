"""Geometries as labelled regions of a box: packings, spheres, layers and checkerboards."""
