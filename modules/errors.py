"""The one error that a user sees: a code, what was wrong, where, and what to do."""


class CwsError(Exception):
    """A refusal. `code` is stable (`CWS-INGEST-003`), raised in one place, and named by a test.

    Operating errors (bad input, full disk, tampering) are this class; programmer errors are assertions.
    """

    def __init__(self, code: str, *, what: str, where: str = "", fix: str = "") -> None:
        self.code, self.what, self.where, self.fix = code, what, where, fix
        super().__init__(code, what, where, fix)

    def __str__(self) -> str:
        where = f" [{self.where}]" if self.where else ""
        fix = f" -> {self.fix}" if self.fix else ""
        return f"{self.code}: {self.what}{where}{fix}"

    def within(self, place: str) -> "CwsError":
        """The same refusal, said of `place`: the file or the unit in which it happened."""
        return CwsError(
            self.code, what=self.what, where=f"{place}: {self.where}" if self.where else place, fix=self.fix
        )

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # Exceptions cross process borders (Dagster, pytest-xdist): keep the fields.
        return _rebuild, (self.code, self.what, self.where, self.fix)


def _rebuild(code: str, what: str, where: str, fix: str) -> CwsError:
    return CwsError(code, what=what, where=where, fix=fix)
