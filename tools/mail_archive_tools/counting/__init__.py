"""What a search found, counted."""
