"""findings: what the miners make of all traces, as a work list. A view: it commits nothing and can be made anew."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.desk import desk_of
from assets.highlights import markdown
from cws.supervisor.findings import Finding
from cws.supervisor.gather import gather
from cws.supervisor.mine import MINERS, mine
from cws.views.findings_picture import markdown_bars, of_findings
from modules.canonical import json_hash

GROUP = "loop"
FINDINGS = dg.AssetKey(["findings"])
TOP = 25
ABOUT = (
    "**Findings.** Every trace of this home, mined for exceptions, broken contracts and checks, drift, hollow outputs, "
    "lost rows, slow modules, work done again, settings that do nothing, and slices where a module is worst. Ranked by "
    "frequency x cost; `cws traces ID` shows the evidence."
)


def findings_asset() -> dg.AssetsDefinition:
    """The work list as an asset of the loop; it depends on no stage, for it reads what every run left."""

    @dg.asset(
        key=FINDINGS,
        group_name=GROUP,
        description=ABOUT,
        owners=["team:research"],
        kinds={"pandas"},
        required_resource_keys={"desk"},
    )
    def findings(context: dg.AssetExecutionContext) -> Any:
        seen = gather(desk_of(context).house)
        found = mine(seen)
        return dg.MaterializeResult(
            metadata=work_list(found, len(seen.traces)),
            data_version=dg.DataVersion(json_hash([[one.id, one.frequency, one.is_open] for one in found])),
        )

    return findings


def work_list(found: Sequence[Finding], traces: int) -> dict[str, Any]:
    """The table of the first TOP, the picture, and figures whose history Dagster draws."""
    rows = [
        (one.module, one.kind, "open" if one.is_open else "past", f"{one.score:.4g}", one.frequency,
         f"{one.cost:.3g} {one.unit}", _cell(one.sentence), " ".join(one.suspects), one.evidence[-1])
        for one in found[:TOP]
    ]  # fmt: skip
    header = ("module", "kind", "state", "score", "times", "cost", "what", "suspects", "newest trace")
    is_open = [one for one in found if one.is_open]
    by_miner = Counter(one.miner for one in is_open)
    return {
        "work_list": markdown(header, rows) if rows else "nothing was found",
        "scores": dg.MetadataValue.md(markdown_bars(of_findings(found), "findings by score")),
        "open_findings": float(len(is_open)),
        "open_score": float(sum(one.score for one in is_open)),
        "traces": traces,
        **{f"open/{miner}": float(by_miner[miner]) for miner in MINERS},
    }


def _cell(text: str) -> str:
    """A sentence inside a markdown table."""
    return " ".join(text.replace("|", "/").split())
