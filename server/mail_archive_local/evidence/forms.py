"""The forms in which messages are written out, and what the files are called. Loads next to nothing: the command line
names them."""

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

MANIFEST_SUFFIX = ".manifest.jsonl"
EXPORT_MANIFEST = f"export{MANIFEST_SUFFIX}"
"""The manifest beside messages that were written out."""

UNFINISHED = ".unfinished"
"""How the name of a folder ends that is being written."""
BEGUN = "unfinished.json"
"""What is to be in such a folder."""


@dataclass(frozen=True)
class Bates:
    """Numbers of documents: a prefix and so many digits, from a first one on."""

    prefix: str = "MAIL"
    padding: int = 7
    first: int = 1

    def number(self, place: int) -> str:
        """That of the document at a place, the first being 0."""
        return f"{self.prefix}{self.first + place:0{self.padding}d}"


@dataclass(frozen=True)
class ExportForm:
    """How messages are written out: each as an .eml file, as one mbox or as a Maildir; with an index, a manifest and,
    where asked for, load files for review platforms, whose documents `bates` numbers. Load files go with .eml alone."""

    FORMATS: ClassVar = ("eml", "mbox", "maildir")
    INDEXES: ClassVar = ("csv", "jsonl")
    LOAD_FILES: ClassVar = ("dat", "opt")
    MANIFEST: ClassVar = EXPORT_MANIFEST

    format: str = "eml"
    index: str = "csv"
    load_files: tuple[str, ...] = ()
    bates: Bates = field(default_factory=Bates)

    def __post_init__(self) -> None:
        if self.format not in self.FORMATS or self.index not in self.INDEXES:
            raise ValueError(f"formats are {self.FORMATS}, indexes {self.INDEXES}")
        if not set(self.load_files) <= set(self.LOAD_FILES):
            raise ValueError(f"load files are {self.LOAD_FILES}")
        if self.load_files and self.format != "eml":
            raise ValueError("beside load files, each message is an .eml file")

    def asked(self) -> dict[str, Any]:
        """The same, as JSON has it."""
        return {**asdict(self), "load_files": list(self.load_files)}
