"""What the forms are called in which messages are written out. Loads nothing: the command line names them."""

FORMATS = ("eml", "mbox", "maildir")
INDEXES = ("csv", "jsonl")
LOAD_FILES = ("dat", "opt")

MANIFEST_SUFFIX = ".manifest.jsonl"
EXPORT_MANIFEST = f"export{MANIFEST_SUFFIX}"
"""The manifest beside messages that were written out."""

UNFINISHED = ".unfinished"
"""How the name of a folder ends that is being written."""
BEGUN = "unfinished.json"
"""What is to be in such a folder."""
