"""What a user may write: one schema file per room, and the loader that reads it."""
