"""format=flowed (RFC 3676): paragraphs that were broken at spaces, put together again."""


def unflow(text: str, del_sp: bool = False) -> str:
    """The text with its flowed lines joined, quote marks as `> `. `del_sp` is the parameter DelSp=yes."""
    paragraphs: list[str] = []
    quoted: list[str] = []
    depth = 0
    for line in text.split("\n"):
        marks = len(line) - len(line.lstrip(">"))
        content = line[marks:].removeprefix(" ")
        is_signature = content == "-- "
        if quoted and (marks != depth or is_signature):
            paragraphs.append(_quoted("".join(quoted), depth))
            quoted = []
        depth = marks
        flows = content.endswith(" ") and not is_signature
        quoted.append(content[:-1] if flows and del_sp else content)
        if not flows:
            paragraphs.append(_quoted("".join(quoted), depth))
            quoted = []
    if quoted:
        paragraphs.append(_quoted("".join(quoted), depth))
    return "\n".join(paragraphs)


def _quoted(line: str, depth: int) -> str:
    if not depth:
        return line
    return f"{'>' * depth} {line}" if line else ">" * depth
