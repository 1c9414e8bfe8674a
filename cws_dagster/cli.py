"""The command line `cws`. Heavy imports stay inside the commands, so `--help` answers at once.

Exit codes: 0 done, 1 it ran and something failed (a check, a verification, a stage), 2 refused (bad arguments, bad
settings, a home in use).
"""

import json
import sys
from typing import Annotated

import typer

app = typer.Typer(name="cws", help="The loop from a market intuition to executed orders.", no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def run(
    strategy: Annotated[list[str] | None, typer.Option(help="Only these strategies; repeatable. All when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object on the last line.")] = False,
) -> None:
    """Run every strategy through the six stages and print what happened."""
    from cws.home import settings
    from cws_dagster.main_job import run as run_main
    from cws_dagster.summary import summarise

    outcome = run_main(settings(), strategy or ())
    if as_json:
        typer.echo(json.dumps(summarise(outcome)))
    raise typer.Exit(0 if outcome.succeeded else 1)


def main() -> None:
    """Entry point: a refusal is one line on stderr and exit code 2."""
    from modules.errors import CwsError

    try:
        app()
    except CwsError as refusal:
        typer.echo(str(refusal), err=True)
        sys.exit(2)
