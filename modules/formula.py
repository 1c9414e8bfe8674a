"""A formula's text for modules and commands: parsed, bound and checked, or refused with a code and a position."""

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager

from kernels.alpha.binding import bind, refuse_unready
from kernels.alpha.language import FIELDS, FormulaError, Node, Wrong
from kernels.alpha.parse import parse
from modules.errors import CwsError
from modules.tables import BARS

# Of the language's fields, those that a table of bars has.
BAR_FIELDS = tuple(name for name in FIELDS if name in BARS.columns)
# What bars do not carry, a setting may say.
RULED = "; settings vwap and sectors can say what stands for vwap and sector: docs/alpha.md"
_CODES: dict[Wrong, str] = {
    "syntax": "CWS-ALPHA-001",
    "name": "CWS-ALPHA-002",
    "type": "CWS-ALPHA-003",
    "limit": "CWS-ALPHA-004",
    "field": "CWS-ALPHA-005",
    "parameter": "CWS-ALPHA-006",
}


@contextmanager
def _coded() -> Generator[None]:
    try:
        yield
    except FormulaError as refusal:
        where = f"formula, character {refusal.position + 1}"
        fix = refusal.fix + (RULED if refusal.wrong == "field" else "")
        raise CwsError(_CODES[refusal.wrong], what=refusal.what, where=where, fix=fix) from None


def parsed(formula: str) -> Node:
    """The tree with its free parameters free.

    Raises CWS-ALPHA-001 to -004 as `ready` does.
    """
    with _coded():
        return parse(formula)


def ready(formula: str, fields: Collection[str], parameters: Mapping[str, float]) -> Node:
    """The tree that a panel with these fields can run, every `$name` a number.

    Raises CWS-ALPHA-001 (syntax), -002 (unknown name), -003 (type), -004 (limit), -005 (the panel lacks a field) and
    -006 (a parameter without a fitting value, or one that the formula does not have).
    """
    with _coded():
        bound = bind(parse(formula), parameters)
        refuse_unready(bound, fields)
        return bound
