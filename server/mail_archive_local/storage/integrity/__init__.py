"""Whether what is stored is what was put in."""
