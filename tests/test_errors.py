"""The tree of errors, and the exit codes that follow from it."""

import pytest

import headstart
from headstart import errors
from headstart.errors import nearest


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if "``:" in line:
            depth = (len(line) - len(line.lstrip())) // 4
            name = line.split("``")[1]
            above[depth:] = [name]
            drawn[name] = above[depth - 1] if depth else "Exception"
    real = {
        name: kind.__base__.__name__ for name, kind in vars(errors).items() if isinstance(kind, type) and kind.__base__
    }
    assert drawn == {name: base for name, base in real.items() if name.endswith(("Error", "Extra"))}


@pytest.mark.parametrize("name", ["DataError", "SettingError", "BackboneError", "ClassifierError", "UserError"])
def test_your_input_is_two(name: str) -> None:
    assert getattr(errors, name).exit_code == 2


@pytest.mark.parametrize("name", ["StoreError", "EngineError", "SaveError", "HeadstartError"])
def test_our_fault_is_one(name: str) -> None:
    assert getattr(errors, name).exit_code == 1


def test_a_missing_extra_says_how_to_get_it() -> None:
    error = errors.MissingExtra("pyarrow", "tables", "reading a Parquet table")
    assert str(error) == (
        "reading a Parquet table needs the package 'pyarrow'; install it with: pip install 'headstart[tables]'"
    )
    assert error.exit_code == 2


def test_the_nearest_name() -> None:
    assert nearest("logstic", ["logistic", "lda"]) == "did you mean 'logistic'? Known: logistic, lda"
    assert nearest("xyz", ["logistic", "lda"]) == "Known: logistic, lda"


def test_the_public_names_are_there() -> None:
    for name in headstart.__all__:
        assert getattr(headstart, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        headstart.fitt  # noqa: B018
