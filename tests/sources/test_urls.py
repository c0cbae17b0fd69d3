import pytest

from watcher.sources.urls import address, shown, trouble


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rtsp://me:s3cret@cam/live", "rtsp://***@cam/live"),
        ("rtsp://me@cam:554/live", "rtsp://***@cam:554/live"),
        ("http://cam/live", "http://cam/live"),
        ("http://cam:80/a@b", "http://cam:80/a@b"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("rtsp://me:p@ss@cam/live", "rtsp://***@cam/live"),
        ("rtsp://me:p/ss@cam/live", "rtsp://***@cam/live"),
        ("rtsp://me:p#s?s@cam/live", "rtsp://***@cam/live"),
        (
            "http://cam/still.jpg?user=me&password=s3cret&size=2",
            "http://cam/still.jpg?user=***&password=***&size=2",
        ),
        ("http://cam/x?pwd=s3cret", "http://cam/x?pwd=***"),
        ("cannot open rtsp://me:s3cret@cam/live: gone", "cannot open rtsp://***@cam/live: gone"),
        ("two: rtsp://a:b@c/ and http://d:e@f/", "two: rtsp://***@c/ and http://***@f/"),
        ("/a/file@2x.jpg", "/a/file@2x.jpg"),
    ],
)
def test_credentials_are_hidden(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_an_address_taken_apart_and_put_together() -> None:
    taken = address("rtsp://me:p%40ss%2F@cam:8554/live?x=1")
    assert (taken.url, taken.user, taken.password) == ("rtsp://cam:8554/live?x=1", "me", "p@ss/")
    assert taken.host == "cam"
    assert taken.with_login() == "rtsp://me:p%40ss%2F@cam:8554/live?x=1"
    assert "p@ss" not in repr(taken)
    assert address("rtsp://cam/live").with_login() == "rtsp://cam/live"
    given = address("rtsp://a:b@cam/live", "me", "word")
    assert (given.user, given.password) == ("me", "word")


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("ftp://cam/x", "does not begin with rtsp:// or rtsps://"),
        ("cam/x", "does not begin with"),
        ("rtsp:///x", "names no host"),
        ("rtsp://me:s3cret@cam:99999/x", "is not a URL"),
        ("rtsp://me:s3cret@cam:port/x", "is not a URL"),
        ("rtsp://[me:s3cret@cam/x", "is not a URL"),
    ],
)
def test_what_is_wrong_with_a_url(url: str, part: str) -> None:
    sentence = trouble(url, ("rtsp", "rtsps"))
    assert sentence is not None
    assert part in sentence
    assert "write for example rtsp://" in sentence
    assert "s3cret" not in sentence


def test_nothing_is_wrong_with_a_good_one() -> None:
    assert trouble("rtsp://me:p@cam:554/live", ("rtsp",)) is None


@pytest.mark.parametrize(
    "url", ["rtsp://me:s3c ret@cam/live", "rtsp://cam/a b", "rtsp://cam/\n", "rtsp://cam/\x00", " rtsp://c/"]
)
def test_spaces_and_control_characters_are_refused(url: str) -> None:
    sentence = trouble(url, ("rtsp",))
    assert sentence is not None
    assert "has a space or a control character" in sentence
    assert "ret" not in sentence
