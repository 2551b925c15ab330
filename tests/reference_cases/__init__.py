"""What cellion computes of each public reference: one function for each kind of entry."""
