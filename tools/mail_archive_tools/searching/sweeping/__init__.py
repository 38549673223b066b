"""The way through any range: as searches that the service accepts, each row once."""
