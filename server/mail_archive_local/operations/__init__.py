"""What the API can do with an archive, one operation each."""
