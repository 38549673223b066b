"""How long an archive keeps its messages (the API's RetentionPeriod). Pure."""

from datetime import timedelta

_MONTH = timedelta(days=31)
RETENTION_MONTHS = {
    "THREE_MONTHS": 3,
    "SIX_MONTHS": 6,
    "NINE_MONTHS": 9,
    "ONE_YEAR": 12,
    "EIGHTEEN_MONTHS": 18,
    "TWO_YEARS": 24,
    "THIRTY_MONTHS": 30,
    "THREE_YEARS": 36,
    "FOUR_YEARS": 48,
    "FIVE_YEARS": 60,
    "SIX_YEARS": 72,
    "SEVEN_YEARS": 84,
    "EIGHT_YEARS": 96,
    "NINE_YEARS": 108,
    "TEN_YEARS": 120,
}


def longest_kept(retention: str) -> timedelta | None:
    """The longest that a message is kept, every month taken for a long one; None: for ever, or nobody knows."""
    months = RETENTION_MONTHS.get(retention)
    if months is None:
        return None
    return months * _MONTH
