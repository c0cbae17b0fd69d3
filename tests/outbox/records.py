"""Payloads of events as short as they can be, and what is handed out."""

from tests.support.wait import until


def update(event, sequence, kind="updated"):
    return {
        "id": event,
        "sequence": sequence,
        "event_type": kind,
        "published_at": None,
        "started_at": f"{event} begins",
        "ended_at": f"{event} ends" if kind == "ended" else None,
    }


def event(name, updates=1):
    middle = [update(name, 1 + i) for i in range(updates)]
    return [update(name, 0, "started"), *middle, update(name, 1 + updates, "ended")]


def filled(outbox, *payloads, camera="porch"):
    put(outbox, *payloads, camera=camera)
    until(lambda: not getattr(outbox, "_coming", 0), 10, "all have arrived")


def put(outbox, *payloads, camera="porch"):
    for payload in payloads:
        outbox.put(camera, payload)


def taken(outbox, at="now"):
    """Everything that is handed out, as (event, sequence)."""
    return [(record.payload["id"], record.payload["sequence"]) for record in all_of(outbox, at)]


def all_of(outbox, at="now"):
    return list(iter(lambda: outbox.take(at), None))
