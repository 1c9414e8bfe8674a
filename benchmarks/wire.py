"""Packet sent to order received: gateway and risk beside the bare chain of three processes, and bare UDP, in one run.

`python -m benchmarks.wire [--json]`. The binary is `cws-bench-wire` of `gateway/`; times are of the software clock.
"""

import sys

from benchmarks.native_binary import measured

if __name__ == "__main__":
    sys.exit(measured("wire", sys.argv[1:]))
