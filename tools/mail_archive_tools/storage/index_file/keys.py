"""The keys of messages: they say of which archive one is and when it was received, so that what is in the order of keys
is in the order of time. Pure.

Of 63 bits, 10 are the archive's number, 33 the second since 1970, and 20 tell those of one second apart: its
millisecond, and ten bits that the message's rank gives.
"""

ARCHIVES = 1 << 10
"""Archives that one file may hold."""
SECONDS = 1 << 33
"""The first second that has no key: in the year 2242."""

_OF_A_SECOND = 20
_OF_A_MILLISECOND = 10
_ARCHIVE = 53


def first_key(archive: int, second: int) -> int:
    """The lowest key of a second."""
    return archive << _ARCHIVE | within_keys(second) << _OF_A_SECOND


def last_key(archive: int, second: int) -> int:
    """The highest key of a second."""
    return first_key(archive, second) | (1 << _OF_A_SECOND) - 1


def wanted_key(archive: int, millisecond: int, rank: int) -> int:
    """The key that a message is to have, where no other has it."""
    second, rest = divmod(millisecond, 1000)
    of_rank = rank & (1 << _OF_A_MILLISECOND) - 1
    return first_key(archive, second) | rest << _OF_A_MILLISECOND | of_rank


def second_of(key: int) -> int:
    """The second in which the message was received."""
    return (key >> _OF_A_SECOND) & SECONDS - 1


def within_keys(second: int) -> int:
    """A second that keys can say: the nearest one."""
    return max(0, min(second, SECONDS - 1))
