"""The text of a message: charsets, encodings, format=flowed, quotes, which part is read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.mime.codecs import charsets
from mail_archive_tools.mime.codecs.charsets import decode
from mail_archive_tools.mime.codecs.transfer import decode_transfer, uuencoded
from mail_archive_tools.mime.flowed import unflow
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.mime.quotes import new_text, own_and_quoted, quoted_lines, split_quotes

RUSSIAN = "Привет, это обычное письмо на русском языке, которое никто не подписал. " * 3
JAPANESE = "これは日本語のメールです。文字コードのラベルがありません。" * 3
CHINESE = "这是一封没有标明字符集的中文邮件，请不要理会。" * 3
GERMAN = "Größe über Käse, schöne Grüße aus München — natürlich. " * 3


@pytest.mark.parametrize(
    ("text", "charset"),
    [(RUSSIAN, "koi8-r"), (RUSSIAN, "cp1251"), (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp"), (JAPANESE, "iso-2022-jp"),
     (CHINESE, "gb18030"), (GERMAN, "cp1252"), (GERMAN, "utf-8")],
)  # fmt: skip
def test_a_charset_without_a_label_is_detected(text: str, charset: str) -> None:
    assert decode(text.encode(charset)) == text


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("café".encode("utf-16"), "", "café"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", "iso-8859-1", "café"),
        (b"caf\xe9", "iso-8859-1", "café"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
        (b"caf\xc3\xa9", "us-ascii", "café"),
        (b"caf\xc3\xa9", "x-nonsense", "café"),
        (b"Hi Mom +Jjo--", "utf-7", "Hi Mom ☺-"),
        ("日本".encode("utf-16-be"), "utf-16be", "日本"),
        ("日本".encode("utf-16-le") + b"\0", "utf-16le", "日本"),
        (b"plain", "punycode", "plain"),
        (b"plain", "zlib", "plain"),
        (b"\xff\xfe", "utf-8", "ÿþ"[:0]),
        (b"+2AA-", "utf-7", "\ufffd"),
        ("สวัสดี".encode("cp874"), "windows-874", "สวัสดี"),
        ("①こんにちは".encode("cp932"), "windows-31j", "①こんにちは"),
        ("café".encode("cp850"), "cp-850", "café"),
        ("é".encode("cp037"), "IBM037", "é"),
        ("€".encode("cp858"), "IBM00858", "€"),
        ("Привет".encode("mac_cyrillic"), "x-mac-cyrillic", "Привет"),
        ("Привет".encode("cp1251"), "windows1251", "Привет"),
        ("Hi é".encode("utf-16-be"), "iso-10646-ucs-2", "Hi é"),
        ("こんにちは".encode("iso2022_jp"), "iso-2022-jp-ms", "こんにちは"),
        ("a;b\r\n1;2\r\n".encode("utf-16-le"), "", "a;b\r\n1;2\r\n"),
        ("a;b\r\nä;2\r\n".encode("utf-16-be"), "", "a;b\r\nä;2\r\n"),
        (b"a NUL \0 in text", "", "a NUL \0 in text"),
    ],
)
def test_charsets_by_mark_label_and_guess(data: bytes, label: str, text: str) -> None:
    assert decode(data, label) == text


WHATWG = """
unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 866 cp866 csibm866 ibm866 csisolatin2
iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2 csisolatin3 iso-8859-3
iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3 csisolatin4 iso-8859-4 iso-ir-110 iso8859-4
iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4 csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5
iso88595 iso_8859-5 iso_8859-5:1988 arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114
iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 csisolatingreek
ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987
sun_eu_greek csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598
iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical csisolatin6 iso-8859-10 iso-ir-157
iso8859-10 iso885910 l6 latin6 iso-8859-13 iso8859-13 iso885913 iso-8859-14 iso8859-14 iso885914 csisolatin9
iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 iso-8859-16 cskoi8r koi koi8 koi8-r koi8_r koi8-ru koi8-u
csmacintosh mac macintosh x-mac-roman dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp1250
windows-1250 x-cp1250 cp1251 windows-1251 x-cp1251 ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819
iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252
cp1253 windows-1253 x-cp1253 cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9
iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254 cp1255 windows-1255 x-cp1255 cp1256 windows-1256 x-cp1256
cp1257 windows-1257 x-cp1257 cp1258 windows-1258 x-cp1258 x-mac-cyrillic x-mac-ukrainian chinese csgb2312
csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030 big5 big5-hkscs cn-big5 csbig5 x-x-big5
cseucpkdfmtjapanese euc-jp x-euc-jp csiso2022jp iso-2022-jp csshiftjis ms932 ms_kanji shift-jis shift_jis sjis
windows-31j x-sjis cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601
ksc_5601 windows-949 unicodefffe utf-16be csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le
""".split()
"""The labels of the Encoding Standard, without those of its replacement and of x-user-defined."""


@pytest.mark.parametrize("label", WHATWG)
def test_every_label_of_the_encoding_standard_is_known(label: str) -> None:
    # What is ASCII in disguise is read by what it looks like.
    assert charsets._known(label) or label in ("ascii", "us-ascii")


@given(
    st.binary(max_size=60),
    st.sampled_from(["", "utf-8", "utf-7", "utf-16", "gb2312", "iso-2022-jp", "idna", "rot13", "x"]),
)
def test_no_bytes_make_a_lone_surrogate(data: bytes, label: str) -> None:
    decode(data, label).encode()


@pytest.mark.parametrize(
    ("body", "encoding", "data"),
    [
        (b"aGVsbG8=", "base64", b"hello"),
        (b"aGVs\r\nbG8", "base64", b"hello"),
        (b"aGVs\0!!bG8=", "base64", b"hello"),
        (b"aGVsbG8=\r\nd29ybGQ=\r\n", "base64", b"helloworld"),
        (b"aGVsbG8= trailing words", "base64", b"hello"),
        (b"this was never base64, really", "base64", b"this was never base64, really"),
        (b"caf=C3=A9=\r\n!", "quoted-printable", "café!".encode()),
        (b"50% =ZZ", "quoted-printable", b"50% =ZZ"),
        (b"as it is", "x-unknown", b"as it is"),
        (b"begin 644 x\n#0V%T\n`\nend\n", "x-uuencode", b"Cat"),
    ],
)
def test_transfer_encodings_as_far_as_they_go(body: bytes, encoding: str, data: bytes) -> None:
    assert decode_transfer(body, encoding).data == data


def test_broken_encodings_are_said() -> None:
    assert "broken off" in str(decode_transfer(b"aGVsbG8hx" * 2_001, "base64").problem)
    assert "does not exist" in str(decode_transfer(b"x", "gzip").problem)
    assert "broken off" in str(uuencoded(b"begin 644 x\n#0V%T\n")[0].content.problem)


@given(st.binary(max_size=300))
def test_encoded_bytes_come_back(data: bytes) -> None:
    import base64
    import quopri

    assert decode_transfer(base64.encodebytes(data), "base64").data == data
    line = data.replace(b"\r", b"").replace(b"\n", b"")
    assert decode_transfer(quopri.encodestring(line), "quoted-printable").data == line


def test_flowed_paragraphs_are_put_together() -> None:
    assert unflow("one \ntwo \nthree\n\nfour") == "one two three\n\nfour"
    assert unflow(">> quoted \n>> more\n> less") == ">> quoted more\n> less"
    assert unflow("text \n-- \nsignature") == "text \n-- \nsignature"
    assert unflow("日本 \n語", del_sp=True) == "日本語"


def test_answers_between_quotes_are_new() -> None:
    text = "Hi,\n\nOn Monday, 3 March 2025, Ann <a@b.example> wrote:\n> one?\n\nyes\n\n> two?\n\nno\n\n-- \nBob"
    new = [passage.text.strip() for passage in split_quotes(text) if not passage.quoted]
    assert new == ["Hi,", "yes", "no\n\n-- \nBob"]
    quoted = quoted_lines(text)
    assert quoted == [(2, 2), (7, 1)]
    shown = new_text(text, quoted)
    assert "one?" not in shown and "[2 quoted lines]" in shown and "-- \nBob" in shown
    own, repeated = own_and_quoted(text, quoted)
    assert repeated.splitlines()[1:] == ["> one?", "> two?"]
    assert own.split() == "Hi, yes no -- Bob".split()


@pytest.mark.parametrize(
    "text",
    [
        "new\n\n-----Original Message-----\nFrom: x\n\nold",
        "new\n\n________________________________\nFrom: A\nSent: Monday\nTo: B\nSubject: S\n\nold",
        "new\n\nVon: A\nGesendet: Montag\nAn: B\nBetreff: S\n\nold",
        "new\n\nAm 03.02.2016 um 15:35 schrieb Max <m@b.example>:\n\nold",
        "new\n\nLe 4 janv. 2016 19:03, Neil <n@b.example>\na écrit :\n\n> old",
        "new\n\n2016-10-24 15:36 GMT+02:00 Foo bar <\ninfo@foo.example>:\n\n> old",
    ],
)
def test_history_is_found_in_several_languages(text: str) -> None:
    passages = split_quotes(text)
    assert [passage.quoted for passage in passages] == [False, True]
    assert "old" in passages[1].text and passages[0].text.strip() == "new"


def test_a_forward_without_a_word_of_its_own_is_shown() -> None:
    text = "---------- Forwarded message ----------\nFrom: a\nDate: b\nSubject: c\nTo: d\n\nThe forwarded text."
    assert all(not passage.quoted for passage in split_quotes(text))


@given(
    st.lists(
        st.sampled_from(
            ["> q", "", "new", "On 3 May 2025 a@b.example wrote:", "From: a", "To: b", "Sent: c", "-- ", "____"]
        ),
        max_size=12,
    )
)
def test_passages_together_are_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert "\n".join(passage.text for passage in split_quotes(text)) == text


def test_real_quotes_agree_with_a_peer(corpus: Path) -> None:
    """Of 64 replies the best library that was measured keeps exactly what the peer keeps in 28."""
    exact = 0
    names = sorted((corpus / "quotes" / "expected").iterdir())
    for expected in names:
        text = (corpus / "quotes" / "emails" / expected.name).read_text(errors="replace").replace("\r\n", "\n")
        kept = "\n".join(passage.text for passage in split_quotes(text) if not passage.quoted)
        exact += kept.strip() == expected.read_text().strip()
    assert len(names) == 64
    assert exact >= 40


def alternative(plain: str, html: str) -> bytes:
    return (
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n"
        f"{plain}\n--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
    ).encode()


def test_the_plain_text_is_read_where_both_say_the_same() -> None:
    text = "The meeting on Monday begins at ten in the large room."
    read = read_message(alternative(text, f"<p>{text}</p>")).text
    assert (read.text, read.source, read.other_type) == (text, "text/plain", None)


def test_the_html_is_read_where_it_says_something_else() -> None:
    read = read_message(
        alternative(
            "Nothing to see in this one, all fine today.", "<p>Please pay the invoice to our new bank account now.</p>"
        )
    ).text
    assert read.text == "Please pay the invoice to our new bank account now."
    assert (read.source, read.other_type) == ("text/html", "text/plain")


@pytest.mark.parametrize("plain", ["", "\n\n", "-"])
def test_a_plain_text_that_says_nothing_is_passed_over(plain: str) -> None:
    assert read_message(alternative(plain, "<p>Hello there</p>")).text.text == "Hello there"


def test_the_html_says_its_own_charset() -> None:
    raw = b'Content-Type: text/html\n\n<meta charset="koi8-r"><p>' + "Привет".encode("koi8-r") + b"</p>"
    assert read_message(raw).text.text == "Привет"


def test_a_file_in_the_text_is_taken_out_of_it() -> None:
    message = read_message(b"Subject: x\n\nSee this.\nbegin 644 cat.txt\n#0V%T\n`\nend\nBye.\n")
    assert message.text.text == "See this.\n[file cat.txt]\nBye."
    assert [(file.id, file.name, file.load().data) for file in message.files] == [("1.u1", "cat.txt", b"Cat")]


def test_a_clear_signature_is_taken_off() -> None:
    armour = (b"-----BEGIN PGP SIGNATURE-----", b"abc", b"-----END PGP SIGNATURE-----")
    lines = (b"-----BEGIN PGP SIGNED MESSAGE-----", b"Hash: SHA256", b"", b"Hello", b"- -- ", b"Ann", *armour)
    raw = b"Subject: x\n\n" + b"\n".join(lines) + b"\n"
    message = read_message(raw)
    assert message.text.text.strip() == "Hello\n-- \nAnn"
    assert message.text.signed


@given(st.binary(max_size=600))
def test_crlf_and_lf_read_the_same(data: bytes) -> None:
    lf = b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + data.replace(b"\r", b"") + b"\n--b--\n"
    one, other = read_message(lf), read_message(lf.replace(b"\n", b"\r\n"))
    assert one.text.text == other.text.text
    assert len(one.files) == len(other.files)
