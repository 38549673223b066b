"""Characters and bytes: charsets, and the encodings for their transfer."""
