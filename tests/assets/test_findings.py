"""The asset `findings`: a readable work list with a picture and figures; it writes nothing."""

import base64
from pathlib import Path

import dagster as dg
from small_house import make_place
from traced import failed_check, seen
from walking import walked

from assets.desk import Desk
from assets.findings import FINDINGS, findings_asset, work_list
from assets.wiring import IN_MEMORY
from cws.supervisor.mine import mine
from cws.trace_log import tracing
from cws.views.findings_picture import BARS, bars_svg, of_findings


def test_the_work_list_says_what_where_and_how_often() -> None:
    found = mine(seen({"checks": failed_check("stays | small")}, {"module": "n", "wall_ns": 9_000_000_000}))
    shown = work_list(found, 2)
    table = shown["work_list"].value
    first = table.splitlines()[2]
    assert first.startswith("| m | check | open | 100 | 1 | 1 failed_runs | m breaks its promise stays / small")
    assert first.count("|") == table.splitlines()[0].count("|")
    assert (shown["open_findings"], shown["open/contracts"], shown["open/drift"]) == (2.0, 1.0, 0.0)
    assert shown["open_score"] > 100.0 and shown["traces"] == 2
    picture = shown["scores"].value.split("base64,")[1].rstrip(")")
    assert base64.b64decode(picture).decode() == bars_svg(of_findings(found))


def test_the_picture_has_a_bar_a_finding_and_escapes_its_words() -> None:
    found = mine(seen(*({"module": f"m<{n}>", "checks": failed_check("c")} for n in range(BARS + 3))))
    svg = bars_svg(of_findings(found))
    assert svg.count("<rect") == BARS and "m&lt;1" in svg and "m<" not in svg
    assert bars_svg([]).count("<rect") == 0


def test_nothing_found_is_said() -> None:
    assert work_list([], 0)["work_list"] == "nothing was found"


def test_the_asset_reads_the_home_and_commits_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    house = place.house()
    with tracing(house):
        walked(place, house, "ingest")
    before = house.ledger.head()
    resources = {"desk": Desk(house, place.strategies), **IN_MEMORY}
    result = dg.materialize([findings_asset()], resources=resources, instance=dg.DagsterInstance.ephemeral())
    (made,) = result.asset_materializations_for_node("findings")
    assert made.metadata["traces"].value == 2 and house.ledger.head() == before
    assert made.tags is not None and made.tags["dagster/data_version"].startswith("b3:")
    assert FINDINGS.path == ["findings"]
