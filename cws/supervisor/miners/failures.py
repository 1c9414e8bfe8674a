"""Exceptions by stack signature: the same fault on other days and other data is one finding."""

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.miners.contracts import is_contract
from cws.supervisor.seen import Seen, groups

MINER = "failures"


def mine(seen: Seen) -> list[Finding]:
    """One finding a module and signature; every occurrence costs a failed run."""
    failed = seen.traces[(seen.traces["error"] != "") & ~is_contract(seen.traces)]
    return [
        found(
            group,
            About(
                MINER, "exception", signature, f"{module} fails: {group['error'].iloc[-1][:200]}", 1.0, "failed_runs"
            ),
            seen.newest,
        )
        for (module, signature), group in groups(failed, ["module", "signature"])
    ]
