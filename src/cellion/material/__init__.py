"""Materials: conductivity laws, the library of sourced parameters, and their tensors at a temperature."""
