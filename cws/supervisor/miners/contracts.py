"""Contract and check failures: output that no schema takes, rows that vanish, acceptance checks that do not hold."""

import json

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import Seen, groups

MINER = "contracts"
# A schema that refuses, rows that are missing, bytes without a canonical form: what the runner itself finds wrong.
CONTRACT = ("CwsError:CWS-TABLE-", "CwsError:CWS-RUN-", "CwsError:CWS-CANON-")


def is_contract(traces: pd.DataFrame) -> pd.Series:
    """Which traces the contract refused."""
    return traces["signature"].str.startswith(CONTRACT)


def mine(seen: Seen) -> list[Finding]:
    """One finding a module and broken promise; every occurrence costs a failed run."""
    return _contracts(seen) + _checks(seen)


def _contracts(seen: Seen) -> list[Finding]:
    refused = seen.traces[is_contract(seen.traces)]
    return [
        found(
            group,
            About(MINER, "contract", signature, f"{module}: {group['error'].iloc[-1][:200]}", 1.0, "failed_runs"),
            seen.newest,
        )
        for (module, signature), group in groups(refused, ["module", "signature"])
    ]


def _checks(seen: Seen) -> list[Finding]:
    suspicious = seen.traces[seen.traces["checks"].str.contains('"passed":false', regex=False)]
    failed = [
        (check["name"], place)
        for place, checks in zip(suspicious.index, suspicious["checks"], strict=True)
        for check in json.loads(checks)
        if not check["passed"]
    ]
    rows = suspicious.loc[[place for _, place in failed]].assign(check=[name for name, _ in failed])
    return [
        found(group, _about(seen, module, name, group), seen.newest)
        for (module, name), group in groups(rows, ["module", "check"])
    ]


def _about(seen: Seen, module: str, name: str, group: pd.DataFrame) -> About:
    check = next(c for c in json.loads(group["checks"].iloc[-1]) if c["name"] == name)
    figures = f": measured {check['measured']}, bound {check['bound']}" if check["measured"] is not None else ""
    sentence = f"{module} breaks its promise {name}{figures}"
    return About(MINER, "check", name, sentence, 1.0, "failed_runs", seen.numbers_of(module))
