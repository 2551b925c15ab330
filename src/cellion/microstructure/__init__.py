"""Geometries as labelled regions of a box: packings, polycrystals, spheres, layers and tiles."""
