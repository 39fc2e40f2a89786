"""fastsrv_ext/context.pyx: what the settings fill has all of its values, and no other."""

import pytest

from fastsrv_ext.context import Limits, Service
from tests.support.settings import config_of

CONFIG = config_of({})
FILLED = [(Limits, CONFIG.limits), (Service, {**CONFIG.service, "max_requests": 0})]


@pytest.mark.parametrize(("kind", "values"), FILLED)
def test_each_value_is_where_its_name_says(kind, values):
    values = {name: 1 + number for number, name in enumerate(values)}
    made = kind(**values)
    for name, value in values.items():
        assert getattr(made, name) == (value if type(getattr(made, name)) is not bool else True)


@pytest.mark.parametrize(("kind", "values"), FILLED)
def test_value_that_is_missing_is_told_of(kind, values):
    for name in values:
        with pytest.raises(TypeError, match=f"missing or unknown: {name}$"):
            kind(**{other: values[other] for other in values if other != name})


@pytest.mark.parametrize(("kind", "values"), FILLED)
@pytest.mark.parametrize("name", ["drian", "__init__"])
def test_value_that_is_unknown_is_told_of(kind, values, name):
    with pytest.raises(TypeError, match=f"missing or unknown: {name}$"):
        kind(**values, **{name: 1})


@pytest.mark.parametrize("value", ["1", None, 1.5, 2**64])
def test_size_that_is_no_number_is_refused(value):
    with pytest.raises((TypeError, OverflowError)):
        Limits(**{**CONFIG.limits, "drain": value})
