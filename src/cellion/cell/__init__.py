"""A composite cathode between separator and collector, in steady linear operation.

Ions enter through the separator, react at the contacts between electrolyte and active material, and
leave as electrons through the collector. One potential says both: the ionic one in what carries
ions, the electronic one in what carries electrons. At their contacts it jumps by the resistance of
the reaction times the current density.
"""
