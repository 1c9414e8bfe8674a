"""`cws config show`: every setting, its value, where that comes from, and its bounds."""

import os
from typing import Any

from cws_dagster.screen import AsJson, Screen, print_json


def bounds_of(field: Any) -> str:
    """`ge=0.0 le=600.0`, a pattern or the choices of a pydantic field; empty when it has none."""
    from typing import Literal, get_args, get_origin

    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(field.annotation))
    limits = [
        (name, getattr(rule, name, None))
        for rule in field.metadata
        for name in ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern")
    ]
    signs = {
        "gt": "> ",
        "ge": ">= ",
        "lt": "< ",
        "le": "<= ",
        "min_length": "length >= ",
        "max_length": "length <= ",
        "pattern": "matches ",
    }
    return ", ".join(f"{signs[name]}{limit}" for name, limit in limits if limit is not None)


def listed() -> list[dict[str, Any]]:
    """One row a setting; a bad value is shown as it stands in the environment, so that it can be found and mended."""
    from cws.home import Settings, shown

    rows = []
    for name, field in Settings.model_fields.items():
        variable = f"CWS_{name.upper()}"
        value = shown(variable, os.environ.get(variable, str(field.default)))
        source = "environment" if variable in os.environ else "default"
        rows.append(
            {
                "setting": variable,
                "value": value,
                "source": source,
                "bounds": bounds_of(field),
                "description": field.description,
            }
        )
    return rows


def show(as_json: AsJson = False) -> None:
    """Print every setting, its value and source.

    With bounds and description. A bad one is refused after the list.
    """
    from cws.home import settings

    rows = listed()
    if not as_json:
        columns = ("setting", "value", "source", "bounds", "description")
        Screen().table("Settings", columns, [[row[name] for name in columns] for row in rows])
    settings()
    if as_json:
        print_json({"settings": rows})


COMMANDS = {"show": show}
