"""Numbers in, numbers out. Compiled code is kept on disk only as long as no line of any kernel changes."""

import os
import sys

# numba stamps a cached function with its own file alone, but kernels inline each other's helpers and constants: without
# this an edit of one file would leave the old machine code of another in use.
_LOCATORS = (
    "kernels.numba_cache.BesideSource,kernels.numba_cache.ForUser,"
    "UserProvidedCacheLocator,InTreeCacheLocator,UserWideCacheLocator,IPythonCacheLocator,ZipCacheLocator"
)
os.environ.setdefault("NUMBA_CACHE_LOCATOR_CLASSES", _LOCATORS)
if "numba" in sys.modules:
    # It read the environment when it was imported.
    sys.modules["numba"].config.CACHE_LOCATOR_CLASSES = os.environ["NUMBA_CACHE_LOCATOR_CLASSES"]
