"""Packet to intent inside one process, against one random load of memory.

`python -m benchmarks.hot [--json]`. The binary is `cws-bench-hot` of `gateway/`; times are of the software clock.
"""

import sys

from benchmarks.native_binary import measured

if __name__ == "__main__":
    sys.exit(measured("hot", sys.argv[1:]))
