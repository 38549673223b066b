"""The commands, a file each. What they need to run is imported when they run."""
