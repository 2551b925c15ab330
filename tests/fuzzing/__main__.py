"""Read mutants and count their outcomes: ``python -m fuzzing --seed 3 --count 1000``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from cellion.parallel import world  # noqa: F401 - before the compiled modules of DOLFINx

from cellion.signals import ended_by_signals
from fuzzing.campaign import SUBJECTS, Campaign
from fuzzing.watch import limited_memory

SHARE = {"scenarios": 1.0, "files": 0.2, "folders": 0.03}
"""Mutants of each subject for one scenario."""
MEMORY = 4 << 30
"""Memory for reading mutants [bytes]."""
INTERRUPTED = 130


def main() -> int:
    """Run a campaign; return 1 if anything failed, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--count", type=int, default=1000, help="scenarios; fewer files and folders"
    )
    parser.add_argument("--only", choices=SUBJECTS, help="count mutants of this subject alone")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    asked = parser.parse_args()
    start = time.process_time()

    def progress(line: str) -> None:
        print(f"{time.process_time() - start:6.0f} s  {line}", file=sys.stderr, flush=True)

    scratch = tempfile.TemporaryDirectory(prefix="cellion_fuzz_")
    with ended_by_signals(), scratch as folder, limited_memory(MEMORY):
        campaign = Campaign(seed=asked.seed, folder=Path(folder), progress=progress)
        try:
            for subject in [asked.only] if asked.only else SUBJECTS:
                count = asked.count if asked.only else round(asked.count * SHARE[subject])
                campaign.run(subject, count, asked.first)
        except KeyboardInterrupt:
            progress("interrupted")
            return INTERRUPTED
        finally:
            progress("of processor time")
            print(campaign.table())
    return int(bool(campaign.failures))


if __name__ == "__main__":
    sys.exit(main())
