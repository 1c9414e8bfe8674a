"""A kill of the firm to its last order byte, and to the last cancel acknowledged.

`python -m benchmarks.kill [--json]`. The binary is `cws-bench-kill` of `gateway/`; times are of the software clock.
"""

import sys

from benchmarks.native_binary import measured

if __name__ == "__main__":
    sys.exit(measured("kill", sys.argv[1:]))
