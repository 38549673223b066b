"""What is looked for in texts: words, phrases, beginnings and parts of words, and patterns of values."""
