"""What a broker of our own is told when it starts: the files of its configuration, by name."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

CONFIG = "broker.conf"
_USERS = "broker.users"
_ROUNDS = 20_000


@dataclass(frozen=True, slots=True)
class Account:
    """The one who may log in."""

    user: str
    password: str = field(repr=False)


def mosquitto_files(folder: Path, address: str, port: int, account: Account | None) -> dict[str, str]:
    # Without a limit on what waits for slow subscribers; the default drops what is beyond 1,000.
    who = "allow_anonymous true" if account is None else f"allow_anonymous false\npassword_file {folder / _USERS}"
    config = f"""\
listener {port} {address}
{who}
max_queued_messages 0
persistence true
persistence_location {folder}/
autosave_interval 60
log_dest stderr
log_type error
log_type warning
"""
    return {CONFIG: config} if account is None else {CONFIG: config, _USERS: f"{account.user}:{_hashed(account)}\n"}


def nats_files(folder: Path, address: str, port: int, account: Account | None) -> dict[str, str]:
    # It speaks MQTT beside its own protocol, which gets any port of this machine.
    config = f"""\
server_name: watcher
listen: "127.0.0.1:-1"
jetstream {{ store_dir: {_quoted(str(folder / "nats"))} }}
mqtt {{ host: {_quoted(address)}, port: {port} }}
"""
    if account is not None:
        who = f"user: {_quoted(account.user)}, password: {_quoted(account.password)}"
        config += f"authorization {{ users: [ {{ {who} }} ] }}\n"
    return {CONFIG: config}


def _hashed(account: Account) -> str:
    """The password as mosquitto 2 keeps it: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    found = hashlib.pbkdf2_hmac("sha512", account.password.encode(), salt, _ROUNDS, 64)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(found).decode()}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
