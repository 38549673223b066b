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
    "euc-kr": "cp949",
    "x-gbk": "gbk",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "csmacintosh": "mac-roman",
    "mac": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
    "x-mac-greek": "mac-greek",
    "x-mac-turkish": "mac-turkish",
    "x-mac-ce": "mac-latin2",
    "windows-31j": "cp932",
    "cswindows31j": "cp932",
    "sjis": "cp932",
    "ms_kanji": "cp932",
    "csshiftjis": "cp932",
    "x-ms-cp932": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "cseucpkdfmtjapanese": "euc_jp",
    "cseuckr": "cp949",
    "ks_c_5601-1989": "cp949",
    "csksc56011987": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "korean": "cp949",
    "iso-ir-149": "cp949",
    "csiso2022kr": "iso2022_kr",
    "chinese": "gb18030",
    "csgb2312": "gb18030",
    "csiso58gb231280": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "iso-ir-58": "gb18030",
    "cn-gb": "gb18030",
    "hz-gb-2312": "hz",
    "cn-big5": "big5hkscs",
    "csbig5": "big5hkscs",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "dos-874": "cp874",
    "tis-620": "cp874",
    "iso-8859-11": "cp874",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "koi8_r": "koi8-r",
    "cskoi8r": "koi8-r",
    "koi8-ru": "koi8-u",
    "csisolatin9": "iso-8859-15",
    "l9": "iso-8859-15",
    "sun_eu_greek": "iso-8859-7",
    "logical": "iso-8859-8",
    "csiso88598i": "iso-8859-8",
    "visual": "iso-8859-8",
    "csiso88598e": "iso-8859-8",
    "csiso88596e": "iso-8859-6",
    "csiso88596i": "iso-8859-6",
    "csisolatinhebrew": "iso-8859-8",
    "csisolatinarabic": "iso-8859-6",
    "csisolatingreek": "iso-8859-7",
    "csisolatincyrillic": "iso-8859-5",
    "iso-10646-ucs-2": "utf-16-be",
    "csunicode": "utf-16-le",
    "ucs-2": "utf-16-le",
    "unicode": "utf-16-le",
    "unicodefeff": "utf-16-le",
    "unicodefffe": "utf-16-be",
    "iso-10646-ucs-4": "utf-32-be",
    "unicode-1-1-utf-8": "utf-8",
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "x-unicode20utf8": "utf-8",
    "x-unknown": "",
    "unknown-8bit": "",
    "unknown": "",
    "binary": "",
    "default": "",
    # Senders label windows-1252 text this way; WHATWG's Encoding Standard reads both labels as windows-1252.
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "",
    "ascii": "",
}
# Spellings that Python does not know: `windows1251`, `cp-850`, `x-cp1252`, `iso88592`, `ISO_8859_9`, `latin-2`.
_CODE_PAGE = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|ms|oem)[-_]?(\d{3,5})")
_ISO_8859 = re.compile(r"(?:x-)?iso[-_]?8859[-_]?(\d{1,2})(?:[-_][ie])?(?::\d{4})?")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ASCII = bytes(range(128))
_SURROGATES = re.compile("[\ud800-\udfff]")
_DETECTED_BYTES = 4_096
"""How much of a text without a usable label is looked at to guess its charset."""

_SINGLE_BYTE = ("cp125", "latin", "iso8859", "mac", "cp4", "cp5", "cp7", "cp8", "hp_")
_GUESSED = ("cp1251", "cp1253", "cp1255", "cp1256", "iso8859_5", "iso8859_7", "cp866")
_LEAST_HIGH_BYTES = 40
"""With fewer bytes that are not ASCII, a guess is no better than windows-1252."""


def decode(data: bytes, label: str = "") -> str:
    """`data` as text: by its byte order mark, by `label` where that is a charset and fits, as UTF-8, by what it
    looks like, as windows-1252. Never raises; lone surrogates become U+FFFD."""
    if not label and data.isascii() and b"\0" not in data:
        # Japanese in ASCII, with escape sequences (RFC 1468).
        if b"\x1b$" in data:
            return data.decode("iso2022_jp", "replace")
        return data.decode("ascii")

    for mark, name in _BYTE_ORDER_MARKS:
        if not data.startswith(mark):
            continue
        # Text in windows-1252 may begin with the same two bytes; UTF-16 has an even number of them.
        if name == "utf-16-le" and len(data) % 2:
            continue
        return _leniently(data[len(mark) :], name)

    name = _known(label) or _wide(data)
    if name.startswith("utf-16"):
        data = data[: len(data) // 2 * 2]
    if name:
        text = _strictly(data, name)
        if text is not None:
            return text
    return _mislabelled(data, name)


def _mislabelled(data: bytes, name: str) -> str:
    """Text that is not, or not wholly, in the charset of that name; "": none is named."""
    text = _strictly(data, "utf-8")
    # These two are what is said of any text; who names another charset means it.
    if name and not name.startswith(("utf-8", "cp1252")):
        if text is not None and not data.isascii():
            return text
        return _leniently(data, name)

    if text is not None:
        return text
    if name.startswith("utf-8") and _is_mostly_utf8(data):
        return _leniently(data, "utf-8")
    return _leniently(data, _detected(data))


def encode(text: str, label: str) -> bytes:
    """`text` in the charset of that label, where there is one that can hold it; else in UTF-8."""
    if text.isascii():
        return text.encode("ascii")
    try:
        return text.encode(_known(label) or "utf-8")
    except UnicodeError:
        return text.encode("utf-8", "replace")


def _known(label: str) -> str:
    """Python's name of the charset of a label; "" of what is none."""
    # A language may follow: utf-8*en (RFC 2231, 5).
    name = label.strip().strip("\"'").split("*", 1)[0].lower()
    name = _ALIASES[name] if name in _ALIASES else _spelled(name)
    if not name or name in _NOT_CHARSETS:
        return ""
    # Charsets have names of at most 40 characters of ASCII (IANA, "Character Sets").
    if len(name) > 40 or not name.isascii():
        return ""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""

    # Python has codecs from bytes to bytes too: base64, zlib.
    is_text: bool = getattr(codec, "_is_text_encoding", True)
    if not is_text or codec.name in _NOT_CHARSETS:
        return ""
    return codec.name


def _spelled(name: str) -> str:
    """The name as Python writes it, of a charset that has a number."""
    code_page = _CODE_PAGE.fullmatch(name)
    if code_page:
        # IBM's names have zeros before the number, Python's only where there are three digits.
        number = code_page.group(1).lstrip("0").zfill(3)
        return _ALIASES.get(f"windows-{number}", f"cp{number}")

    iso_8859 = _ISO_8859.fullmatch(name)
    if iso_8859:
        written = f"iso-8859-{iso_8859.group(1)}"
        return _ALIASES.get(written, written)
    return name


def _wide(data: bytes) -> str:
    """UTF-16 without a mark and a label, by its NULs: of western text they are every second byte."""
    sample = data[:_DETECTED_BYTES]
    even = sample[::2].count(0)
    odd = sample[1::2].count(0)
    more, less = max(even, odd), min(even, odd)
    # A quarter of all bytes are NULs, and nearly all of these at one of the two places.
    if more * 4 < len(sample) or less * 10 > more:
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether a text that says that it is UTF-8 is, but for a broken character here and there."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken * 10 < sum(not character.isascii() for character in text[:100_000])


def _detected(data: bytes) -> str:
    """The charset that the bytes look like."""
    sample = data[:_DETECTED_BYTES]
    high_bytes = sample.translate(None, _ASCII)
    if len(high_bytes) < _LEAST_HIGH_BYTES:
        return "cp1252"

    # Imported here: it is slow to load, and one mail in hundreds needs it.
    from charset_normalizer import from_bytes

    best = from_bytes(sample, steps=2, chunk_size=512, preemptive_behaviour=False).best()
    if best is None:
        return "cp1252"
    # Its guesses among the single-byte charsets of western Europe, and of old machines, are no better than ours.
    if best.encoding not in _GUESSED and best.encoding.startswith(_SINGLE_BYTE):
        return "cp1252"
    return best.encoding


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return _without_surrogates(data.decode(name))
    except (UnicodeError, ValueError):
        return None


def _leniently(data: bytes, name: str) -> str:
    return _without_surrogates(data.decode(name, "replace"))


def _without_surrogates(text: str) -> str:
    """Lone surrogates (utf-7 and utf-16 can make them) would not survive JSON."""
    if text.isascii():
        return text
    return _SURROGATES.sub("\ufffd", text)
