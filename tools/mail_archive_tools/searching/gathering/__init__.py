"""The rows of a page, of what searches found: matched, folded, gathered."""
