"""Why nobody can be let in. Apart from `identities`: a server that starts names the error, and loads no policies."""

from mail_archive_local.storage.failures import StoreError


class IdentityError(StoreError):
    """The folder's `identity.json` cannot be used; the text names the place and what is wrong there."""
