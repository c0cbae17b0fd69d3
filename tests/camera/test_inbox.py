"""What others ask for, until the watch thread applies it."""

from tests.support.cameras import options
from watcher.camera.inbox import LONGEST_SAID, Inbox, UseSettings
from watcher.camera.settings import Adjusted

ADJUSTED = Adjusted(config=options())


def test_of_settings_that_come_together_the_last_holds_and_the_log_is_told_of_each() -> None:
    inbox = Inbox(lambda: None)
    inbox.put(UseSettings(ADJUSTED, 3.0, "mute is 3 now"))
    inbox.put(UseSettings(ADJUSTED, None, "threshold is 0.02 now"))
    letter = inbox.take()
    assert isinstance(letter, UseSettings)
    assert (letter.mute, letter.what) == (3.0, "mute is 3 now, threshold is 0.02 now")
    assert inbox.take() is None


def test_a_storm_of_settings_is_no_endless_line_in_the_log() -> None:
    inbox = Inbox(lambda: None)
    for number in range(1000):
        inbox.put(UseSettings(ADJUSTED, None, f"threshold is 0.{number} now"))
    letter = inbox.take()
    assert isinstance(letter, UseSettings)
    assert letter.what.endswith("threshold is 0.999 now")
    assert len(letter.what) < 2 * LONGEST_SAID
