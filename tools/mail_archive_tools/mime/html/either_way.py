"""A document whose style sheets have rules that may hold or not: read both ways, and hidden is what is hidden either
way."""

from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from mail_archive_tools.mime.css.sheets import Sheet
from mail_archive_tools.mime.html.seen import NO_CLIP, Clip, Seen
from mail_archive_tools.mime.html.visibility import Visibility


@dataclass(slots=True, eq=False)
class SeenEitherWay:
    """What an element hands down, by the certain rules, and by all of them."""

    certain: Seen
    all_rules: Seen

    @property
    def hidden(self) -> str | None:
        if self.all_rules.hidden is None:
            return None
        return self.certain.hidden

    @property
    def clip(self) -> Clip:
        if self.all_rules.clip.in_flow is None:
            return NO_CLIP
        return self.certain.clip

    @property
    def why(self) -> str | None:
        if self.all_rules.why is None:
            return None
        return self.certain.why

    @property
    def preformatted(self) -> bool:
        return self.certain.preformatted


class VisibilityEitherWay:
    """What holds for the elements of one document; as `Visibility`."""

    def __init__(self, sheet: Sheet, quirks: bool) -> None:
        self._certain = Visibility(sheet, quirks, only_certain=True)
        self._all_rules = Visibility(sheet, quirks)
        self.page = SeenEitherWay(self._certain.page, self._all_rules.page)

    def may_differ(self, tag: str, attributes: dict[str, str | None], seen: SeenEitherWay) -> bool:
        if self._certain.may_differ(tag, attributes, seen.certain):
            return True
        return self._all_rules.may_differ(tag, attributes, seen.all_rules)

    def inside(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None], seen: SeenEitherWay
    ) -> SeenEitherWay:
        certain = self._certain.inside(node, tag, attributes, seen.certain)
        all_rules = self._all_rules.inside(node, tag, attributes, seen.all_rules)
        return SeenEitherWay(certain, all_rules)

    def begin_page(self, body: SeenEitherWay, attributes: dict[str, str | None]) -> None:
        self._certain.begin_page(body.certain, attributes)
        self._all_rules.begin_page(body.all_rules, attributes)

    def shut(self, seen: SeenEitherWay) -> SeenEitherWay:
        return SeenEitherWay(self._certain.shut(seen.certain), self._all_rules.shut(seen.all_rules))
