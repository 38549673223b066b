"""Bytes with a charset label from a sender, as text. The label is untrusted, so it is looked up in a list."""

import codecs
import re

# Python has codecs that are no charsets (RFC 2978); a label that names one is treated as unknown.
_NOT_CHARSETS = frozenset(
    "idna punycode undefined unicode_escape raw_unicode_escape unicode-escape raw-unicode-escape mbcs oem".split()
)
_ALIASES = {
    "unicode-1-1-utf-7": "utf-7",
    "ansi_x3.110-1983": "iso-8859-1",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "ks_c_5601-1987": "cp949",
    "x-gbk": "gbk",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "x-unknown": "",
    "unknown-8bit": "",
    "default": "",
    # Senders label windows-1252 text this way; WHATWG's Encoding Standard reads both labels as windows-1252.
    "iso-8859-1": "cp1252",
    "us-ascii": "",
}
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes, label: str = "") -> str:
    """`data` as text by `label` where that is a charset and fits; else UTF-8, else windows-1252."""
    if not label and data.isascii():
        return data.decode("ascii")
    name = _known(label)
    if name:
        text = _strictly(data, name)
        if text is not None:
            return text
        if not name.startswith(("utf-8", "cp1252")):
            return _without_surrogates(data.decode(name, "replace"))
    text = _strictly(data, "utf-8")
    return text if text is not None else data.decode("cp1252", "replace")


def _known(label: str) -> str:
    name = label.strip().strip("\"'").split("*", 1)[0].lower()
    name = _ALIASES.get(name, name)
    if not name or name in _NOT_CHARSETS or len(name) > 40 or not name.isascii():
        return ""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    is_text: bool = getattr(codec, "_is_text_encoding", True)
    return codec.name if is_text and codec.name not in _NOT_CHARSETS else ""


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return _without_surrogates(data.decode(name))
    except (UnicodeError, ValueError):
        return None


def _without_surrogates(text: str) -> str:
    """Lone surrogates (utf-7 and utf-16 can make them) would not survive JSON."""
    return _SURROGATES.sub("\ufffd", text) if not text.isascii() else text
