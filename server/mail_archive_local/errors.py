"""What a local archive refuses."""


class LocalArchiveError(Exception):
    """Something about a local archive cannot be done; the text names the thing and the next step. All errors of this
    package that whoever asked should read are of this kind."""
