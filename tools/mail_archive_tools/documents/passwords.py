"""Office files without their encryption (MS-OFFCRYPTO), for who knows the password."""

from io import BytesIO

from mail_archive_tools.documents.limits import Gathered, Refused

NEEDED = "is encrypted: ask again with its password"
WRONG = "is encrypted, and this password does not open it"

_OFFICES_OWN = ("VelvetSweatshop", "/01Hannes Ruescher/01")
"""With these Excel and PowerPoint encrypt what is to be opened without being asked."""

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What a compound file begins with: the older Office formats, and the newer ones where they are encrypted."""


def decrypted(data: bytes, gathered: Gathered) -> bytes:
    """An Office file without its encryption; one that has none stays as it is.

    Raises:
        Refused: there is no password, it is another one, or the file is encrypted in a way that is not known.
    """
    if not data.startswith(OLE):
        return data
    # Imported here, as it takes a while and few files need it.
    import msoffcrypto
    from msoffcrypto.exceptions import FileFormatError, InvalidKeyError

    try:
        file = msoffcrypto.OfficeFile(BytesIO(data))
        if not file.is_encrypted():
            return data
    except (FileFormatError, AssertionError, OSError):
        # It is broken, or none of what can be encrypted: its reader says what it is.
        return data

    for password in (gathered.password,) if gathered.password else _OFFICES_OWN:
        opened = BytesIO()
        try:
            file.load_key(password=password)
            file.decrypt(opened)
        except InvalidKeyError:
            continue
        return opened.getvalue()

    raise Refused(WRONG if gathered.password else NEEDED)
