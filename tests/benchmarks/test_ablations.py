"""The measurement of a night's ablations: what it counts, and that a ship on the way leaves our own files alone."""

from benchmarks.ablations import ROOT, copied, counted


def test_what_a_screen_ended_is_not_counted_and_neither_is_a_placebo():
    assert counted({"p": 0.4, "placebo": False})
    assert not counted({"p": None, "placebo": False})
    assert not counted({"p": 0.4, "placebo": True})


def test_patches_ship_into_a_copy(tmp_path):
    place = copied(tmp_path)
    name = "modules/feature/reversal_5d.toml"
    assert (place / name).read_bytes() == (ROOT / name).read_bytes()
    (place / name).write_text("")
    assert (ROOT / name).read_text()
