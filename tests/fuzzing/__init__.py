"""Fuzzing: scenarios, files and result folders with random faults, read in process.

A mutant is answered, or refused with a `CellionError`. Anything else is a failure, and so is a
mutant that takes longer than its limit. ``make fuzz SEED=3 COUNT=1000`` counts the four and prints
the smallest input found for each kind of failure.

    mutations.py   changes of documents, lines and bytes
    samples.py     sound inputs, and the functions that read them
    watch.py       outcome of a call within limits of time and memory
    shrink.py      smallest input with the same failure
    campaign.py    mutants by number, counts, failures
"""
