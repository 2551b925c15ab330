"""Transport: spaces, forms, boundaries and parallel solution of div(sigma grad phi) = 0."""
