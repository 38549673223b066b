"""format=flowed (RFC 3676): paragraphs that were broken at spaces, put together again."""


def unflow(text: str, del_sp: bool = False) -> str:
    """The text with its flowed lines joined, quote marks as `> `. `del_sp` is the parameter DelSp=yes."""
    paragraphs: list[str] = []
    pieces: list[str] = []
    depth = 0

    for line in text.split("\n"):
        marks = len(line) - len(line.lstrip(">"))
        # Programs stuff a space before what would be taken for a mark otherwise (4.4).
        content = line[marks:].removeprefix(" ")
        # The line before a signature, `-- `, ends with a space and does not flow (4.3).
        is_signature = content == "-- "
        if pieces and (marks != depth or is_signature):
            paragraphs.append(_quoted("".join(pieces), depth))
            pieces = []

        depth = marks
        flows = content.endswith(" ") and not is_signature
        if flows and del_sp:
            content = content[:-1]
        pieces.append(content)
        if not flows:
            paragraphs.append(_quoted("".join(pieces), depth))
            pieces = []

    if pieces:
        paragraphs.append(_quoted("".join(pieces), depth))
    return "\n".join(paragraphs)


def _quoted(line: str, depth: int) -> str:
    marks = ">" * depth
    if not depth or not line:
        return marks + line
    return f"{marks} {line}"
