"""Materials: conductivity laws, sourced library values, and tensors at a temperature.

A scenario's ``materials`` become `cellion.material.material.Material` objects::

    from cellion.material.material import build_materials
    materials = build_materials(scenario)
    materials["SE"].conductivity("ion", 298.15)      # (3, 3) S/m

Values of the scenario replace those of the library, `cellion.material.catalogue`.
"""
