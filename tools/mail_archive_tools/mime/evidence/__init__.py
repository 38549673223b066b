"""What is read off a whole message: who vouches for it, which way it came, what does not fit together."""
