"""What is true now: the newest wins, and a new connection hears all of it."""

from watcher.mqtt import topics
from watcher.mqtt.states import Album, States, Value


def value(text, topic, payload=b"x"):
    return Value(text, topic, payload)


class Shots:
    """The pictures of one moment; each is asked for at most once."""

    def __init__(self, name):
        self.name = name

    def annotated(self):
        return self.name + b" annotated"

    def clean(self):
        return self.name + b" clean"

    def reference(self):
        return None

    def difference(self):
        return self.name + b" difference"


def all_of(take):
    return list(iter(take, None))


def test_the_newest_wins_and_is_told_once():
    states = States()
    states.put(value("w/p/change", topics.CHANGE, b"ON"))
    states.put(value("w/p/health", topics.HEALTH))
    states.put(value("w/p/change", topics.CHANGE, b"OFF"))
    assert [each.payload for each in all_of(states.take)] == [b"OFF", b"x"]
    assert states.take() is None


def test_a_new_connection_hears_all_that_is_retained_and_nothing_else():
    states = States()
    states.put(value("w/p/change", topics.CHANGE, b"ON"))
    states.put(value("w/p/snapshot", topics.SNAPSHOT, b"jpeg"))
    all_of(states.take)
    all_of(states.take_picture)
    states.put(value("w/p/decision", topics.DECISION))
    states.all_again()
    assert [each.text for each in all_of(states.take)] == ["w/p/change"]
    assert [each.text for each in all_of(states.take_picture)] == ["w/p/snapshot"]


def test_what_is_not_retained_is_told_once_while_connected():
    states = States()
    states.all_again()
    states.put(value("w/p/decision", topics.DECISION))
    assert [each.text for each in all_of(states.take)] == ["w/p/decision"]
    states.all_again()
    assert states.take() is None


def test_a_beginning_does_not_replace_what_is_known_but_what_was_cleared():
    states = States()
    states.put(value("w/p/change", topics.CHANGE, b"ON"))
    states.begin(value("w/p/change", topics.CHANGE, b"None"))
    assert states.take().payload == b"ON"
    states.clear_below("w/p/")
    assert states.take().payload == b""
    states.begin(value("w/p/change", topics.CHANGE, b"None"))
    assert states.take().payload == b"None"


def test_only_the_newest_pictures_of_a_camera_are_made():
    album = Album()
    album.put("porch", Shots(b"old"))
    assert album.take().make() == b"old annotated"
    album.put("porch", Shots(b"new"))
    made = [(each.topic, each.make()) for each in all_of(album.take)]
    assert made == [
        (topics.SNAPSHOT, b"new annotated"), (topics.CLEAN, b"new clean"),
        (topics.DIFFERENCE, b"new difference"), (topics.REFERENCE, None),
    ]  # fmt: skip


def test_who_comes_late_hears_what_is_kept_and_not_what_was_cleared():
    states = States()
    for name, payload in (("change", b"ON"), ("health", b"")):
        states.put(Value(f"watcher/porch/{name}", topics.of_state(name), payload))
    while states.take():
        pass
    states.say_again()
    assert [value.payload for value in iter(states.take, None)] == [b"ON"]
    states.all_again()
    assert [value.payload for value in iter(states.take, None)] == [b"ON", b""], "a new broker may keep it still"
