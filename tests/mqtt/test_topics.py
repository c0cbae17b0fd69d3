"""The one table of topics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.mqtt import topics
from watcher.mqtt.topics import TABLE, Place, build, of_state, parse, subscriptions

KEYS = {"camera": "porch", "zone": "door-2", "setting": "threshold"}
PREFIXES = st.sampled_from(["watcher", "home/cellar/watcher", "w_1"])


def test_the_table_is_complete_and_says_what_each_topic_is():
    names = [topic.name for topic in TABLE]
    assert len(set(names)) == len(names)
    promised = {
        "status", "about", "instance", "<camera>/availability", "<camera>/health", "<camera>/change",
        "<camera>/zone/<zone>", "<camera>/event", "<camera>/snapshot", "<camera>/snapshot/clean",
        "<camera>/snapshot/reference", "<camera>/snapshot/difference", "<camera>/state", "<camera>/decision",
        "<camera>/setting/<setting>", "<camera>/setting/<setting>/set", "<camera>/reference/set",
        "<camera>/snapshot/take", "<camera>/error", "<camera>/verdict", "<camera>/verdict/late",
        "<camera>/last_verdict", "<camera>/ready", "<camera>/counters", "<camera>/inspect",
    }  # fmt: skip
    assert promised <= set(names)
    for topic in TABLE:
        assert topic.what.endswith(".")
        assert topic.direction == "out" or not topic.retained
    once = {
        "<camera>/event", "<camera>/decision", "<camera>/error", "<camera>/verdict", "<camera>/verdict/late",
        "<camera>/live",
    }  # fmt: skip
    assert {topic.name for topic in TABLE if topic.direction == "out" and not topic.retained} == once
    assert {topic.name for topic in TABLE if topic.qos == 0} == {
        "<camera>/state",
        "<camera>/decision",
        "<camera>/live",
    }


@pytest.mark.parametrize("topic", [one for one in TABLE if not one.absolute], ids=lambda topic: topic.name)
@pytest.mark.parametrize("prefix", ["watcher", "home/cellar"])
def test_what_is_built_is_found_again(topic, prefix):
    text = build(prefix, topic, **KEYS)
    used = {name: key for name, key in KEYS.items() if f"<{name}>" in topic.name}
    assert parse(prefix, text) == Place(topic, used)


def test_topics_of_home_assistant_are_not_under_the_prefix():
    assert topics.device("homeassistant", "watcher_porch") == "homeassistant/device/watcher_porch/config"
    assert parse("homeassistant", "homeassistant/status") is not None, "a prefix like any other"
    for topic in (topics.DISCOVERY, topics.HOME_STATUS):
        assert topic in TABLE
        assert topic.absolute
        with pytest.raises(ValueError, match="not under the prefix"):
            build("watcher", topic, device="x")


@given(PREFIXES, st.text(max_size=60))
def test_any_topic_is_ours_or_none(prefix, text):
    for candidate in (text, f"{prefix}/{text}", f"{prefix}/porch/{text}"):
        place = parse(prefix, candidate)
        assert place is None or build(prefix, place.topic, **place.keys) == candidate


@pytest.mark.parametrize("camera", ["Porch", "a/b", "+", "#", "", "1st", "x" * 33])
def test_a_key_that_cannot_stand_in_a_topic_is_refused(camera):
    with pytest.raises(ValueError, match="cannot stand in the topic"):
        build("watcher", topics.CHANGE, camera=camera)


def test_states_by_name():
    assert of_state("change") is topics.CHANGE
    assert of_state("zone/door") is topics.ZONE
    assert of_state("setting/enabled") is topics.SETTING
    assert of_state("snapshot/difference") is topics.DIFFERENCE
    assert of_state("reference/set") is None
    assert of_state("nonsense") is None


def test_subscriptions_are_all_that_comes_in():
    assert set(subscriptions("a/b")) == {
        "a/b/instance/ask", "a/b/+/setting/+/set", "a/b/+/reference/set", "a/b/+/snapshot/take",
        "a/b/+/inspect", "a/b/+/inspect/truth", "a/b/+/counters/reset",
        "a/b/+/learnt/reset",
    }  # fmt: skip
