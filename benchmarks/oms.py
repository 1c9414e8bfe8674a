"""Order in, risk, wire, acknowledgement, state: open-loop at 10,000 orders a second, then at four times that.

`python -m benchmarks.oms [--json]`. The binary is `cws-bench-oms` of `gateway/`; times are of the software clock.
"""

import sys

from benchmarks.native_binary import measured

if __name__ == "__main__":
    sys.exit(measured("oms", sys.argv[1:]))
