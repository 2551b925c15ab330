"""Formats of mesh files: each module turns one of them into a `MeshDocument`."""
