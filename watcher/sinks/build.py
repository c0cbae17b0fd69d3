"""From the settings of a sink to what delivers there. The code of a sink is imported when it is used."""

from collections.abc import Callable, Mapping
from typing import cast

from watcher import plugins
from watcher.sinks.courier import Deliver
from watcher.sinks.options import SinkOptions

KINDS: Mapping[str, tuple[str, str]] = {
    "exec": ("watcher.sinks.options:ExecOptions", "watcher.sinks.exec:Exec"),
    "webhook": ("watcher.sinks.options:WebhookOptions", "watcher.sinks.webhook:Webhook"),
}
"""Kind -> its settings, and what delivers."""


def make_deliver(options: SinkOptions) -> Deliver:
    """What takes a record to the sink."""
    made = cast(Callable[[SinkOptions], Deliver], plugins.load(KINDS[options.kind][1]))
    return made(options)
