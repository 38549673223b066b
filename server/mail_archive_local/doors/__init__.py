"""The doors to a local archive: inside a process, and on a port."""
