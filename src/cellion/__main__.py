"""``python -m cellion`` is the command ``cellion``."""

from cellion.cli import main

if __name__ == "__main__":
    main()
