"""Records that have not been delivered yet: in order, bounded, handed out once a connection.

`Outbox` is what a deliverer needs. `MemoryOutbox` keeps it in memory; `watcher.outbox.store.Store` keeps on disk
what is for several deliverers, each of which has a `watcher.outbox.disk.DiskOutbox` of its own. One deliverer has
one outbox, and it alone decides what is sent again: after a broken connection `rewind`, and everything not
acknowledged is handed out anew.
"""

from watcher.outbox.memory import BOUND, MemoryOutbox
from watcher.outbox.record import Outbox, Record

__all__ = ["BOUND", "MemoryOutbox", "Outbox", "Record"]
