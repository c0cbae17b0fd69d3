"""Ids of events: safe in file names and topics, and sorted as the events began."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, in ASCII order: no I, L, O, U, which are misread."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def live_ids(random: Callable[[int], bytes]) -> Callable[[datetime], str]:
    """Maker of ids for cameras: 26 letters and digits as in a ULID, milliseconds first, then 80 random bits.

    `random` gives so many random bytes (`os.urandom`).
    """

    def new_id(utc: datetime) -> str:
        milliseconds = max(0, (utc - _EPOCH) // timedelta(milliseconds=1))
        number = (milliseconds % (1 << 48)) << 80 | int.from_bytes(random(10), "big")
        return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))

    return new_id


def replay_ids(camera: str) -> Callable[[datetime], str]:
    """Maker of ids for recordings, from start, camera and count alone: the same input gives the same ids.

    ``20261122T101803250Z-porch-0001``
    """
    count = 0

    def new_id(utc: datetime) -> str:
        nonlocal count
        count += 1
        moment = utc.astimezone(UTC)
        # Formatted by hand: strftime does not pad years below 1000 on every platform.
        day = f"{moment.year:04d}{moment.month:02d}{moment.day:02d}"
        time = f"{moment.hour:02d}{moment.minute:02d}{moment.second:02d}{moment.microsecond // 1000:03d}"
        return f"{day}T{time}Z-{camera}-{count:04d}"

    return new_id
