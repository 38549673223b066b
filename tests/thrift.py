"""What a process of tests need not do again and again: it is no part of what is tested."""

import gc
import json
from typing import Any

YOUNG_OBJECTS = 5_000
"""New containers after which the youngest garbage is looked for; Python's own 700 is made for smaller programs."""


def look_for_garbage_seldom() -> None:
    """What was loaded and collected is no garbage, and is looked through no more. What comes after it is not much, so
    that Python would look through all of that a hundred times in a run: a tenth of the run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def check_each_schema_once() -> None:
    """Each client of the SDK checks the schema of each tool that it calls, before it checks an answer against it: some
    milliseconds for what a thousand clients have checked before. Answers are checked as ever."""
    from jsonschema import Draft202012Validator

    check = Draft202012Validator.check_schema
    checked: set[str] = set()

    def once(schema: Any, *more: Any) -> None:
        text = json.dumps(schema, sort_keys=True)
        if text in checked:
            return

        # What is wrong raises, and is checked anew the next time.
        check(schema, *more)
        checked.add(text)

    # A static method takes the place of one of the class.
    setattr(Draft202012Validator, "check_schema", staticmethod(once))  # noqa: B010
