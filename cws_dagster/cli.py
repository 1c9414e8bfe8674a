"""The command line `cws`: which commands there are, and what a refusal looks like.

Heavy imports stay inside the commands, so `--help` answers at once.
"""

import json
import os
import re
import sys
from collections.abc import Sequence

import typer

from cws_dagster.commands import (
    ablate,
    alpha,
    backtests,
    batch,
    bench,
    config,
    desk,
    gate,
    gateway,
    lake,
    ledger,
    loop,
    modules,
    run,
    status,
    supervise,
    switch,
    traces,
    ui,
)
from cws_dagster.screen import BROKEN_PIPE
from modules.errors import CwsError

DONE, REFUSED, INTERRUPTED = 0, 2, 130
ABOUT = "The loop from a market intuition to executed orders. State lives in CWS_HOME (.cws when unset)."
EXIT_CODES = (
    "Exit codes: 0 done. 1 it ran and something failed (a check, a verification, a stage, also one whose data was "
    "refused). 2 refused before it ran (bad arguments, bad setting, unknown name, home in use), or what it asked for "
    "is damaged or cannot be written. 130 interrupted. 141 the reader of its output left."
)


def application() -> typer.Typer:
    """All commands. On a terminal help has rich's frames; in a pipe it is plain text that grep likes."""
    markup = "rich" if sys.stdout.isatty() else None
    app = typer.Typer(
        name="cws",
        help=ABOUT,
        epilog=EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=markup,
    )
    for command in (
        run.run,
        status.status,
        batch.backtest,
        backtests.trials,
        backtests.reproduce,
        traces.traces,
        supervise.supervise,
        ablate.ablate,
        switch.kill,
        switch.rearm,
        desk.orders,
        desk.positions,
        ui.ui,
    ):
        app.command()(command)
    # A formula may begin with a minus.
    app.command(context_settings={"ignore_unknown_options": True})(alpha.alpha)
    # A benchmark has options of its own.
    app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(bench.bench)
    for name, group, about in (
        ("modules", modules.COMMANDS, "The units of the six stages: list, show, verify."),
        ("lake", lake.COMMANDS, "The tables: what there is, their history, rows, damage."),
        ("ledger", ledger.COMMANDS, "The record of everything: show, verify."),
        ("loop", loop.COMMANDS, "What the loop did: report, rollback, shadow, bundle."),
        ("gate", gate.COMMANDS, "What decides which patch ships: the proof of its error rates."),
        ("gateway", gateway.COMMANDS, "The native processes: up, status, down."),
        ("risk", desk.RISK_COMMANDS, "The risk core's evidence."),
        ("config", config.COMMANDS, "Every setting, its value and where it comes from."),
    ):
        inner = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=markup)
        for command_name, command in group.items():
            inner.command(command_name)(command)
        app.add_typer(inner, name=name)
    return app


def _misuse(error: typer.TyperException) -> CwsError:
    from modules.settings import nearest

    what, fix = error.format_message().rstrip("."), "cws --help, or --help after the command"
    command = getattr(getattr(error, "ctx", None), "command", None)
    if unknown := re.match(r"No such command '(.*?)'", what):
        what, fix = unknown[0], nearest(unknown[1], getattr(command, "commands", {}))
    return CwsError("CWS-CLI-001", what=what, fix=fix)


def _say_refusal(refusal: CwsError, arguments: Sequence[str]) -> None:
    sys.stderr.write(" ".join(str(refusal).split()) + "\n")
    if "--json" in arguments:
        fields = {name: getattr(refusal, name) for name in ("code", "what", "where", "fix")}
        sys.stdout.write(json.dumps({"error": fields}) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: a refusal is one line on stderr, never a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        found = application()(arguments, standalone_mode=False, prog_name="cws")
        sys.stdout.flush()
    except typer.TyperException as error:
        if not arguments or error.format_message().startswith("Usage:"):
            sys.stderr.write(error.format_message() + "\n")
        else:
            _say_refusal(_misuse(error), arguments)
        return REFUSED
    except CwsError as refusal:
        _say_refusal(refusal, arguments)
        return REFUSED
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left (`cws ... | head`): say nothing more, and let the interpreter flush into nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return found if isinstance(found, int) else DONE


if __name__ == "__main__":
    sys.exit(main())
