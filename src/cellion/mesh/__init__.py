"""Meshes: generated from a geometry or read, distributed over ranks, labelled and measured."""
