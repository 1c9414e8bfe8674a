"""What there is to say of native execution in a home: processes, kills, runs, isolation. It only looks."""

from typing import Any

from cws.execution.binaries import why_paper
from cws.execution.isolation import told, why_off
from cws.execution.places import VOID, Place, all_places, asked, folders_of_runs, is_up, live, processes, restarts
from cws.execution.unheard import killed_now
from cws.home import Settings
from cws.house import House

MAX_RUNS = 20


def isolation(place: Place) -> dict[str, str]:
    """`on` where risk runs as another user than the gateway and in a network of its own."""
    pids = processes(place)
    risk, gateway = pids["cws-risk"], pids["cws-gateway"]
    if risk is None or gateway is None:
        return {"isolation": "off", "why": why_off() or "no gateway runs"}
    try:
        state, why = told(risk, gateway)
    except OSError:
        return {"isolation": "off", "why": "a process ended as we looked"}
    return {"isolation": state, "why": why}


def of_place(place: Place) -> dict[str, Any]:
    """Processes, restarts, and what each says of itself."""
    pids = processes(place)
    said = {
        name.removeprefix("cws-"): asked(place, name, {"cmd": "status"}) if pid is not None else None
        for name, pid in pids.items()
    }
    ended = place.ended()
    state = "up" if all(pids.values()) else "partly up" if any(pids.values()) else "ended" if ended else "down"
    return {"run": place.name, "state": state, "pids": pids, "restarts": restarts(place), "said": said, "ended": ended}


def gather(house: House, chosen: Settings) -> dict[str, Any]:
    """Everything; runs newest first."""
    places = [place for place in all_places(house.home) if place.folder != live(house.home).folder]
    folders = folders_of_runs(house.home)
    return {
        "execution": "paper" if house.native is None else "native",
        "why_paper": why_paper(chosen.gateway_bin, chosen.execution),
        **isolation(live(house.home)),
        "live": of_place(live(house.home)) if live(house.home).folder.is_dir() else None,
        "runs": [of_place(place) for place in reversed(places[-MAX_RUNS:])],
        "run_folders": {
            "in_all": len(folders), "void": sum(VOID in place.name for place in folders), "keep": house.keep_runs,
        },
        "killed": [vars(one) for one in killed_now(house)],
    }  # fmt: skip


def brief(house: House, chosen: Settings) -> dict[str, str]:
    """The few words of `cws status`."""
    why = why_paper(chosen.gateway_bin, chosen.execution)
    up = is_up(live(house.home))
    told = isolation(live(house.home))
    return {
        "execution": "paper" if why else "native", "why_paper": why, "gateway": "up" if up else "down",
        "isolation": told["isolation"], "isolation_why": told["why"],
    }  # fmt: skip
