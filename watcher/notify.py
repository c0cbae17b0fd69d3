"""Telling systemd how the service is: sd_notify, without its library."""

import os
import socket
from collections.abc import Mapping


class Systemd:
    """The service's side of systemd's notify protocol; silent where there is no systemd.

    Parameters
    ----------
    environ : the process's environment: ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` are read from it.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of Linux's abstract socket names.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_every = _watchdog_seconds(environ) / 3 or None
        """Seconds after which to say ``WATCHDOG=1`` again (a third of what systemd allows); None: not asked for."""

    def tell(self, *lines: str) -> bool:
        """Send lines such as ``READY=1``; False where nobody listens (that is no error for a service)."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
                wire.settimeout(1)
                wire.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return False
        return True


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    meant = environ.get("WATCHDOG_PID", str(os.getpid()))
    wanted = environ.get("WATCHDOG_USEC", "0")
    return int(wanted) / 1e6 if wanted.isdigit() and meant == str(os.getpid()) else 0.0
