"""What a folder must not have that somebody else may have made."""
