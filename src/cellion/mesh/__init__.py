"""Meshes: generated from a geometry or read from a file, distributed over ranks, labelled and measured."""
