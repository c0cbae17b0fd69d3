"""What was inspected since the counters began: how much passed, and where it fails."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from watcher.events.payload import utc_text

WHOLE = "picture"
"""Where a defect lies when no zones are drawn."""
_COUNTS = ("passed", "failed", "not_inspected", "skipped", "twice", "refused")


class Tally:
    """Counters of one camera since a moment; they are put away after each change and found again."""

    def __init__(self, since: datetime, batch: str = "") -> None:
        self.since, self.batch = since, batch
        self._counts: Counter[str] = Counter()
        self._zones: Counter[str] = Counter()

    def count(self, verdict: str, zones: Iterable[str] = (), *, again: bool = False) -> None:
        """One verdict; `zones`: where it has defects, each counted once. `again`: of a part that has had one."""
        if again:
            self._counts["twice"] += 1
            return
        self._counts[{"PASS": "passed", "FAIL": "failed"}.get(verdict, "not_inspected")] += 1
        if verdict == "FAIL":
            self._zones.update(set(zones) or {WHOLE})

    def miss(self, *, skipped: int = 0, refused: int = 0) -> None:
        """Parts or frames without a verdict, and triggers that were refused."""
        self._counts["skipped"] += skipped
        self._counts["refused"] += refused

    def payload(self) -> dict[str, Any]:
        """As published: yield is passed / (passed + failed), null before there is any; zones by failures."""
        counts = {name: self._counts[name] for name in _COUNTS}
        inspected = counts["passed"] + counts["failed"]
        return {
            "schema": 1,
            "since": utc_text(self.since),
            "batch": self.batch,
            "inspected": inspected,
            **counts,
            "yield": round(counts["passed"] / inspected, 6) if inspected else None,
            "zones": dict(sorted(self._zones.items(), key=lambda zone: (-zone[1], zone[0]))),
        }

    @classmethod
    def restored(cls, payload: Mapping[str, Any]) -> "Tally":
        """The tally that `payload` was made of; ValueError where it is none."""
        try:
            tally = cls(datetime.fromisoformat(payload["since"]), str(payload["batch"]))
            tally._counts = Counter({name: int(payload[name]) for name in _COUNTS})
            tally._zones = Counter({str(zone): int(count) for zone, count in payload["zones"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"these are no counters ({type(error).__name__}: {error})") from None
        return tally


def begins_anew(since: datetime, now: datetime, times: Iterable[tuple[int, int]]) -> bool:
    """Whether one of these times of day (hour, minute) has come after `since`, up to `now`, both local."""
    for hour, minute in times:
        last = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        last -= timedelta(days=1) if last > now else timedelta(0)
        if since < last:
            return True
    return False
