"""A message as it comes from the service, and whether it is that message."""
