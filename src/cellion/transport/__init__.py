"""Transport: spaces, forms, boundary conditions and parallel solution of div(sigma grad phi) = 0."""
