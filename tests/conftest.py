"""What every test relies on: one thread for arrays, the same examples every time, no network but loopback."""

import ipaddress
import os
import socket

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported: the tests share few cores

import cv2
import pytest
from hypothesis import settings

cv2.setNumThreads(1)
settings.register_profile("same", derandomize=True, deadline=None, print_blob=False)
settings.load_profile("same")


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """How many share the tests with ``-n auto``: one more than there are cores, for many a test waits."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True, scope="session")
def loopback_only():
    """A test that reaches for another machine fails at once, instead of hanging where there is no network."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise OSError(f"tests may only talk to this machine, not to {address[0]}")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


@pytest.fixture
def daemons():
    """Daemons of a test (`tests.end_to_end.daemon.Daemon`), none of which outlives it."""
    made = []
    yield made
    for one in made:
        one.kill()


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
