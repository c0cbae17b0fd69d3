"""A daemon's delivery as a process to be killed: python -m tests.bench.delivery.feeding FOLDER PORT FIRST RATE

It ends what its last life left open, puts events from number FIRST on, and prints the number of each record that
has been put.
"""

import itertools
import os
import sys
import time
from pathlib import Path

from tests.bench.delivery.feed import Line, event


def main(folder: Path, port: int, first: int, rate: float) -> None:
    line = Line(folder, port, drain_rate=0).start()
    for camera, payload in line.post.end_left_open():
        line.post.record(camera, payload)
    began = time.monotonic()
    for number in itertools.count(first):
        # At the rate that was asked for, whatever the records before have taken.
        time.sleep(max(0.0, began + (number - first) / rate - time.monotonic()))
        for camera, payload in event(number):
            line.post.record(camera, payload)
            os.write(1, f"{number} {payload['sequence']}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
