"""What a tool says: made to fit, and as text."""
