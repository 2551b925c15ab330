"""Parameter studies: one scenario, many points."""
