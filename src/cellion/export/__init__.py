"""Files for people: ParaView fields, pictures, plots, tables."""
