"""Keras's own tests of LSTM and Bidirectional, with our layer in the place of theirs.

The installed wheel ships them. Whatever a test of theirs imports is theirs, but for the
name `layers.LSTM`.
"""

import importlib.util
import os
from pathlib import Path
from types import ModuleType, SimpleNamespace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest

from lyricgen.models.lstm.layer import LSTM

FOLDER = Path(keras.__file__).parent / "src" / "layers" / "rnn"
NAMES = ("lstm_test", "bidirectional_test")

if not all((FOLDER / f"{name}.py").exists() for name in NAMES):
    pytest.skip("this wheel of Keras has no tests", allow_module_level=True)


def with_our_layer(name: str) -> ModuleType:
    """Returns a module of tests of Keras's that finds our class as layers.LSTM."""
    spec = importlib.util.spec_from_file_location(f"keras_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.layers = SimpleNamespace(**vars(module.layers) | {"LSTM": LSTM})
    return module


lstm_test, bidirectional_test = (with_our_layer(name) for name in NAMES)


class TestLSTM(lstm_test.LSTMTest):
    """Keras's tests of LSTM."""


class TestBidirectional(bidirectional_test.SimpleRNNTest):
    """Keras's tests of Bidirectional; the class's name is theirs."""


def test_these_are_tests_of_our_layer():
    made = [LSTM(2), lstm_test.layers.LSTM(2), bidirectional_test.layers.LSTM(2)]
    assert {type(layer) for layer in made} == {LSTM}
    assert type(lstm_test.layers.GRU(2)) is keras.layers.GRU
    names = [name for name in dir(TestLSTM) + dir(TestBidirectional) if name.startswith("test_")]
    assert len(names) > 15
