"""Every sentence of an error, read out of the packages' source: what is filled in for the case at hand is `…`."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from distribution.metadata import ROOT
from mail_archive_server.settings import SETTINGS
from mail_archive_tools import errors
from mail_archive_tools.service.refusals.denials import Denial

KINDS = {
    "SettingError": "A flag or variable of the server. The command ends with status 2.",
    "CommandError": "A command could not do its work. It ends with status 1.",
    "StoreError": "The folder of a local archive cannot be used.",
    "StoreUnwritable": "The folder of a local archive can be read at most: what changes it is refused.",
    "StoreFull": "The disk of a local archive takes no more. Searches are kept in memory from then on.",
    "CannotBegin": "An export of messages as files cannot be written as it was asked for.",
    "ManifestError": "A manifest is not what it should be.",
    "SigningError": "A signature or time stamp could not be made, or does not hold.",
}
"""Errors of commands; those of tools describe themselves."""

_SAID_BY_COMMANDS = ("LocalArchiveError", "NoMail", "UnfinishedExport")
"""Errors of the local archive that a user meets in commands alone, which pass them on as they are."""

FILLED_IN = "…"
LEAST_LETTERS = 8
"""Of a sentence that says something by itself."""
_REASONS = ("", "REASON", "with an explicit deny in REASON", "because no session policy allows ACTION")
"""Why IAM may refuse, as AWS says it: each has a sentence of its own."""

_OF_TOOLS = {
    name for name, each in vars(errors).items() if isinstance(each, type) and each.__module__ == errors.__name__
}
_ERRORS = _OF_TOOLS | KINDS.keys() | set(_SAID_BY_COMMANDS)


def sentences() -> Iterator[tuple[str, str]]:
    """Each sentence with the kind of error that says it."""
    for package in ("tools/mail_archive_tools", "server/mail_archive_local", "server/mail_archive_server"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for kind, text in _Source(path).sentences():
                words = " ".join(text.split())
                if sum(letter.isascii() and letter.isalpha() for letter in words) >= LEAST_LETTERS:
                    yield kind, words
    yield from (("AccessDenied", text) for text in _denials())
    yield from (("SettingError", text) for text in _unusable_settings())


def _denials() -> Iterator[str]:
    for reason in _REASONS:
        text = Denial("WHO", "ACTION", "RESOURCE", reason).sentence("DO")
        for name in ("WHO", "ACTION", "RESOURCE", "REASON", "DO"):
            text = text.replace(name, FILLED_IN)
        yield text


def _unusable_settings() -> Iterator[str]:
    """What is said of a value that a setting cannot have; many can have any."""
    for setting in SETTINGS:
        try:
            setting.read("\0")
        except ValueError as error:
            found = "" if setting.secret else f"; it is {FILLED_IN}"
            yield f"{setting.flag or setting.variable} must be {error}{found}."


class _Maker(NamedTuple):
    """A function that makes an error: of what kind, and of what words."""

    function: ast.FunctionDef
    kind: str
    words: ast.expr


@dataclass
class _Source:
    """A module's source. Names of texts are looked up in the module itself."""

    path: Path
    _made: set[int] = field(default_factory=set)

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.path.read_text("utf-8"))

    @cached_property
    def _module(self) -> ModuleType:
        root = next(parent for parent in self.path.parents if parent.name in ("tools", "server"))
        return importlib.import_module(".".join(self.path.relative_to(root).with_suffix("").parts))

    @cached_property
    def _functions(self) -> dict[str, ast.FunctionDef]:
        return {node.name: node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef)}

    @cached_property
    def _makers(self) -> dict[str, _Maker]:
        found = {}
        for name, function in self._functions.items():
            for node in _returned(function):
                if isinstance(node, ast.Call) and (made := _error(node)) and _parameters(function) & _names(made[1]):
                    found[name] = _Maker(function, *made)
        return found

    def sentences(self) -> Iterator[tuple[str, str]]:
        of_makers = {id(maker.words) for maker in self._makers.values()}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                maker = self._makers.get(_name(node.func))
                if maker is not None:
                    yield from (
                        (maker.kind, text) for text in self._texts(maker.words, self._bound(maker.function, node))
                    )
                elif (made := _error(node)) is not None and id(made[1]) not in of_makers:
                    yield from ((made[0], text) for text in self._texts(made[1], {}))
            elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and _name(node.elts[0]) in _OF_TOOLS:
                # A row of a table: a kind, and its words.
                yield from ((_name(node.elts[0]), text) for text in self._texts(node.elts[1], {}))

    def _bound(self, function: ast.FunctionDef, call: ast.Call) -> dict[str, str]:
        """What a call gives for the parameters of a function, as far as it is text."""
        names = [each.arg for each in function.args.args if each.arg != "self"]
        given = dict(zip(names, call.args, strict=False))
        given |= {each.arg: each.value for each in call.keywords if each.arg is not None}
        return {name: text for name, node in given.items() for text in self._texts(node, {})[:1]}

    def _texts(self, node: ast.expr, given: dict[str, str]) -> list[str]:
        """What an expression may say; nothing where it is no text, or none of this module's."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Name(id=name):
                known = given.get(name, getattr(self._module, name, None))
                return [known] if isinstance(known, str) else []
            case ast.JoinedStr(values=parts):
                return ["".join(self._part(each, given) for each in parts)]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self._texts(body, given), *self._texts(orelse, given)]
            case ast.BoolOp(values=values):
                return [text for each in values for text in self._texts(each, given)]
            case ast.Call(func=ast.Attribute(value=value, attr="strip" | "replace")):
                return self._texts(value, given)
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                bound = self._bound(self._functions[name], node)
                return [text for each in _returned(self._functions[name]) for text in self._texts(each, bound)]
            case _:
                return []

    def _part(self, node: ast.expr, given: dict[str, str]) -> str:
        said = self._texts(node.value, given) if isinstance(node, ast.FormattedValue) else self._texts(node, given)
        return said[0] if said else FILLED_IN


def _error(call: ast.Call) -> tuple[str, ast.expr] | None:
    """The kind of error that a call makes, and its words: `NotFound("...")`, `errors.NotFound("...")`, or a row of the
    table of causes, whose last member makes them."""
    if _name(call.func) == "Cause" and len(call.args) == 3 and isinstance(call.args[2], ast.Lambda):
        return _name(call.args[1]), call.args[2].body
    kind = _name(call.func)
    if not call.args or kind not in _ERRORS:
        return None
    if kind in _SAID_BY_COMMANDS:
        kind = "CommandError"
    return kind, call.args[0]


def _name(node: ast.expr) -> str:
    return str(getattr(node, "id", "") or getattr(node, "attr", ""))


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    return (node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None)


def _parameters(function: ast.FunctionDef) -> set[str]:
    return {each.arg for each in function.args.args}


def _names(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
