"""Office files from before 2007: streams in compound files (MS-CFB)."""
