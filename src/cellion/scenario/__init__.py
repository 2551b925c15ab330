"""Schema of scenario files, one module per section or kind, and their loader."""
