"""The commands that take in and give out many messages: what was done is listed, signed, and can be checked."""
