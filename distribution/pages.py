"""The pages of docs/ that are made: tools, settings, and every sentence of an error.

python -m distribution.pages     writes them (`make pages`)
"""

from itertools import groupby
from typing import Any

from distribution.metadata import ROOT
from distribution.sentences import KINDS, sentences
from mail_archive_server.hosting.published import PublishedTool, published_tools
from mail_archive_server.settings import SETTINGS
from mail_archive_tools import errors
from mail_archive_tools.mime.evidence.finding_names import FINDINGS, Weight

DOCS = ROOT / "docs"
MADE = "<!-- Made by `make pages`: change what it is made from. -->"

TOOLSETS = {
    "read": "Offered by default. Nothing is changed by them; starting a search is a write in IAM's words.",
    "view": "Offered by default to hosts that render MCP Apps, and to others where `--toolsets view` names it.",
    "export": "Off unless `--toolsets export` names it, and `--export-to` where to. What exports or stops asks first.",
    "admin": "Off unless `--toolsets admin` names it. What changes something asks the user first.",
}

WEIGHTS = {
    Weight.HEAVY: "Heavy: attacks have it, honest mail hardly ever",
    Weight.USUAL: "Usual",
    Weight.LIGHT: "Light: honest mail has it too",
    Weight.LEAST: "Least",
}


def tools_page() -> str:
    lines = [MADE, "", "# Tools", "", (DOCS / "parts" / "tools.md").read_text("utf-8").strip(), ""]
    for toolset, members in groupby(published_tools(), key=lambda tool: tool.toolset):
        lines += [f"## Toolset {toolset}", "", TOOLSETS[toolset], ""]
        for tool in members:
            lines += _tool(tool)
    return "\n".join(lines)


def _tool(tool: PublishedTool) -> list[str]:
    arguments = [
        f"| `{name}` | {_type(schema)} | {'yes' if name in tool.input_schema.get('required', []) else ''} | "
        f"{_cell(schema.get('description', ''))} |"
        for name, schema in tool.input_schema["properties"].items()
    ]
    table = ["| argument | type | needed | meaning |", "| --- | --- | --- | --- |", *arguments, ""]
    actions = ", ".join(f"`{action}`" for action in tool.iam_actions)
    return [f"### {tool.name}", "", tool.description, "", *(table if arguments else []), f"Needs {actions}.", ""]


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object":
        return f"object of {', '.join(f'`{name}`' for name in schema.get('properties', {}))}"
    return kind


def settings_page() -> str:
    rows = [
        f"| {_code(each.flag)} | {_code(each.variable)} | {_default(each.default)} | {_cell(each.help)} |"
        for each in SETTINGS
    ]
    table = ["| flag | variable | default | meaning |", "| --- | --- | --- | --- |", *rows]
    rest = (DOCS / "parts" / "settings.md").read_text("utf-8").strip()
    first = "Each is a flag and a variable; the flag wins. AWS's own variables and files work as usual."
    return "\n".join([MADE, "", "# Settings", "", first, "", *table, "", rest, ""])


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    return "" if value in (None, ()) else f"`{value}`"


def errors_page() -> str:
    """What a tool or a command says when something is wrong, by what kind of error it is."""
    found: dict[str, list[str]] = {}
    for kind, sentence in sentences():
        if (line := escaped(sentence)) not in found.setdefault(kind, []):
            found[kind].append(line)
    lines = [
        MADE,
        "",
        "# Every sentence of an error",
        "",
        (DOCS / "parts" / "errors.md").read_text("utf-8").strip(),
        "",
    ]
    for kind in sorted(found, key=_rank):
        lines += [f"## {kind}", "", f"{_about(kind)}", "", *(f"- {each}" for each in found[kind]), ""]
    return "\n".join(lines)


def findings_page() -> str:
    """Every finding by its short name, the heaviest first."""
    first = (DOCS / "parts" / "findings.md").read_text("utf-8").strip()
    lines = [MADE, "", "# Findings", "", first, ""]
    for weight in Weight:
        named = [(name, each) for name, each in FINDINGS.items() if each.weight == weight]
        rows = [f"| `{name}` | {each.about} | {_cell(each.line)} |" for name, each in named]
        lines += [f"## {WEIGHTS[weight]}", "", "| name | about | what it says |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def _rank(kind: str) -> tuple[int, str]:
    return (list(KINDS).index(kind) if kind in KINDS else -1, kind)


def _about(kind: str) -> str:
    if kind in KINDS:
        return KINDS[kind]
    return " ".join((getattr(errors, kind).__doc__ or "").split())


def escaped(text: str) -> str:
    return text.replace("<", "\\<").replace("*", "\\*").replace("[", "\\[")


def _cell(text: str) -> str:
    return escaped(text).replace("|", "\\|")


PAGES = {
    "tools.md": tools_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "findings.md": findings_page,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), "utf-8")
