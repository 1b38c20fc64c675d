"""The floating-point formats of the course, against NumPy and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.models import precision

FINITE = st.floats(2.0**-60, 2.0**60, width=32)


def test_tf32_keeps_ten_bits_and_takes_the_nearest():
    # near 1 the next number is 2 ** -10 away
    step = 2.0**-10
    given = np.array([1 + 0.49 * step, 1 + 0.51 * step, -1 - 0.51 * step, np.pi], np.float32)
    assert precision.round_to_tf32(given).tolist() == [1, 1 + step, -1 - step, 3.140625]
    # the middle of two goes to the even one, and a carry reaches the exponent
    middle = np.float32([1 + step / 2, 1 + 1.5 * step, 2 - step / 4])
    assert precision.round_to_tf32(middle).tolist() == [1, 1 + 2 * step, 2]
    assert precision.round_to_tf32(np.float32(0.1)).shape == ()
    assert precision.round_to_tf32(np.ones((2, 3), np.float32)[:, ::2]).shape == (2, 2)


@given(FINITE)
def test_the_relative_error_of_tf32_is_at_most_half_a_step_and_a_second_rounding_does_nothing(x):
    rounded = precision.round_to_tf32(np.float32(-x))
    assert abs(float(rounded) + x) <= 2.0**-11 * x
    assert rounded.view(np.uint32) & 0x1FFF == 0
    assert precision.round_to_tf32(rounded) == rounded


@pytest.mark.parametrize("number_format", precision.FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("value", [np.pi, -0.1, 1.0, 6.02e23, -1e-20])
def test_the_value_comes_back_from_its_bits(number_format, value):
    sign, exponent, mantissa = precision.bits_of(value, number_format.name)
    assert (len(exponent), len(mantissa)) == (number_format.exponent, number_format.mantissa)
    middle = 2 ** (len(exponent) - 1) - 1
    size = 2.0 ** (int(exponent, 2) - middle) * (1 + int(mantissa, 2) / 2.0 ** len(mantissa))
    found = -size if sign == "1" else size
    assert found == precision.round_to_format(value, number_format.name)
    assert abs(found - value) <= 2.0 ** -(number_format.mantissa + 1) * abs(value)


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="'float16'"):
        precision.round_to_format(1.0, "float16")
