"""Effective properties: conductivity tensors, tortuosity factors, bounds."""
