"""The pipeline: from a scenario to a result folder, and what it will cost."""
