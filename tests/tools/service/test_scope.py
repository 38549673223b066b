"""What is remembered of archives that this server alone keeps to."""

import pytest

from mail_archive_tools.errors import OutOfScope
from mail_archive_tools.service.scope import Scope


def test_of_too_many_messages_the_oldest_is_forgotten_and_the_newest_is_known() -> None:
    kept = Scope(["a-1"], alone=True, kept_ids=3)
    kept.note_messages(["1", "2", "3", "4"])
    for known in ("2", "3", "4"):
        kept.refuse_message(known)
    with pytest.raises(OutOfScope, match="none has found 1"):
        kept.refuse_message("1")
