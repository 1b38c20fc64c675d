"""The exercises of faster_lstm and gpu_lab judge the answers that readers give."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
import tensorflow as tf

from lyricgen.exercises import faster_lstm, gpu_lab


def swish_with_exp(x, dy):
    """The tape's way, which overflows at both ends."""
    e = tf.exp(-x)
    return dy * (1 / (1 + e) + x * e / (1 + e) ** 2)


def swish_with_sigmoid(x, dy):
    s = tf.sigmoid(x)
    return dy * s * (1 + x * (1 - s))


@tf.custom_gradient
def decorated_swish(x):
    return x * tf.sigmoid(x), lambda dy: swish_with_sigmoid(x, dy)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (swish_with_sigmoid, "Right.", "overflow"),
        (tf.function(swish_with_sigmoid), "Right.", "overflow"),
        (lambda x, dy: swish_with_sigmoid(x, dy).numpy(), "Right.", "overflow"),
        (swish_with_exp, "Not yet:", "exp(100)"),
        (lambda x, dy: swish_with_sigmoid(x, 1), "Not yet:", "multiplies it by dy"),
        (lambda x, dy: swish_with_sigmoid(dy, x), "Not yet:", "exchanged"),
        (lambda x, dy: dy * tf.sigmoid(x), "Not yet:", "second term"),
        (lambda x, dy: (x, swish_with_sigmoid(x, dy)), "Not yet:", "shape"),
        (lambda x, dy: (x * tf.sigmoid(x), swish_with_sigmoid(x, dy)), "Not yet:", "alone"),
        (decorated_swish, "Not yet:", "x, dy"),
        (lambda x, dy: None, "Not yet:", "return"),
        (3.0, "Not yet:", "function"),
    ],
)
def test_the_gradient_of_swish(answer, verdict, word):
    found = faster_lstm.swish.verdict(answer)
    assert found.startswith(verdict) and word in found, found


def left_by(step, first=tf.ones_like, start=0, stop=0, lose=False, result=None, returns=True):
    """A loop over f that keeps step(product, f_t), with a mistake of one's choice."""

    @tf.function
    def left(f):
        T = len(f) - stop

        def body(t, product, products):
            product = step(product, f[t])
            written = products.write(t, product)
            if returns:
                return t + 1, product, products if lose else written

        array = tf.TensorArray(f.dtype, len(f), element_shape=f.shape[1:])
        variables = (start, first(f[0]), array)
        _, product, products = tf.while_loop(lambda t, *_: t < T, body, variables)
        if result == "array":
            return products
        return product if result == "final" else products.stack()

    return left


@tf.function
def left_by_range(f):
    """A for over tf.range, which becomes a loop of TensorFlow."""
    product = tf.ones_like(f[0])
    products = tf.TensorArray(f.dtype, len(f))
    for t in tf.range(len(f)):
        product = product * f[t]
        products = products.write(t, product)
    return products.stack()


@tf.function
def left_by_python(f):
    """A for over Python's range, and a list."""
    product, products = tf.ones_like(f[0]), []
    for t in range(len(f)):
        product = product * f[t]
        products.append(product)
    return tf.stack(products)


@tf.function
def left_by_growing(f):
    """A loop of TensorFlow whose tensor grows by a row in each step."""

    def body(t, product, rows):
        product = product * f[t]
        return t + 1, product, tf.concat([rows, product[None]], axis=0)

    H = f.shape[1]
    start = (0, tf.ones_like(f[0]), tf.zeros((0, H)))
    shapes = (tf.TensorShape([]), tf.TensorShape([H]), tf.TensorShape([None, H]))
    return tf.while_loop(lambda t, *_: t < len(f), body, start, shape_invariants=shapes)[2]


@tf.function
def left_by_assigning(f):
    """Writes into a tensor."""
    products = tf.ones_like(f)
    for t in tf.range(len(f)):
        products[t] = f[t]
    return products


@tf.function
def left_by_a_list(f):
    """Appends to a list of Python inside a loop of TensorFlow."""
    products = []

    def body(t, product):
        products.append(product * f[t])
        return t + 1, product * f[t]

    tf.while_loop(lambda t, _: t < len(f), body, (0, tf.ones_like(f[0])))
    return tf.stack(products)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (left_by(tf.multiply), "Right.", "three variables"),
        (left_by_range, "Right.", "three variables"),
        (tf.function(lambda f: left_by_range(f)), "Right.", "three variables"),
        (left_by(tf.multiply).python_function, "Not yet:", "`@tf.function` above your function"),
        (lambda f: tf.math.cumprod(f), "Not yet:", "`@tf.function` above your function"),
        (lambda f: np.cumprod(f, axis=0), "Not yet:", "`@tf.function` above your function"),
        (tf.function(lambda f: tf.math.cumprod(f)), "Not yet:", "one operation for all steps"),
        (left_by_python, "Not yet:", "a `for` over Python's range"),
        (left_by_growing, "Not yet:", "writes into no TensorArray"),
        (left_by(tf.multiply, result="array"), "Not yet:", "stack() makes one tensor"),
        (left_by(tf.multiply, result="array").python_function, "Not yet:", "stack() makes one"),
        (left_by(tf.multiply, stop=-1), "Not yet:", "the condition is t < T"),
        (left_by(tf.multiply, stop=-1).python_function, "Not yet:", "the condition is t < T"),
        (left_by(tf.multiply, returns=False), "Not yet:", "Is there a return in it?"),
        (left_by(tf.multiply, returns=False).python_function, "Not yet:", "returned nothing"),
        (left_by(tf.multiply, first=lambda row: tf.constant(1.0)), "Not yet:", "has H numbers"),
        (left_by_assigning, "Not yet:", "tensors never change"),
        (left_by_a_list, "Not yet:", "a list or a variable of Python"),
        (left_by(tf.multiply, first=tf.zeros_like), "Not yet:", "starts at 0"),
        (left_by(tf.multiply, lose=True), "Not yet:", "write()"),
        (left_by(tf.add, first=tf.zeros_like), "Not yet:", "sums"),
        (left_by(tf.add), "Not yet:", "sums"),
        (left_by(tf.multiply, start=1), "Not yet:", "t starts at 0"),
        (left_by(tf.multiply, stop=1), "Not yet:", "t < T"),
        (left_by(tf.multiply, result="final"), "Not yet:", "stack()"),
        (left_by(lambda product, f: f), "Not yet:", "f itself"),
        (lambda f: tf.math.cumprod(f, exclusive=True), "Not yet:", "before you multiply"),
        (lambda f: tf.math.cumprod(f, reverse=True), "Not yet:", "from the last step"),
        (np.ones((3, 2)), "Not yet:", "function itself"),
    ],
)
def test_the_loop_of_products(answer, verdict, word):
    found = faster_lstm.left.verdict(answer)
    assert found.startswith(verdict) and word in found, found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (64 * 32 / 90, "Right.", "2048 rows"),
        (22.8, "Right.", "2048 rows"),
        ("22.76", "Right.", "2048 rows"),
        (23, "Not yet:", "give more"),
        (90 / 2048, "Not yet:", "inverse"),
        (32, "Not yet:", "saves no multiplication"),
        (2048, "Not yet:", "number of rows"),
        (64 * 33 / 90, "Not yet:", "only a target"),
        (1 - 90 / 2048, "Not yet:", "is saved"),
        ("95.6 %", "Not yet:", "is saved"),
        (95.6, "Not yet:", "per cent"),
        (22.76 / 64, "Not yet:", "64 sequences"),
        (64 / 90, "Not yet:", "32 tokens"),
        (2048 - 90, "Not yet:", "quotient"),
        (1456, "Not yet:", "D is a factor of both counts"),
        (91.0, "Not yet:", "the 4 of 4H is a factor"),
        (22.7556 * 512, "Not yet:", "H is a factor"),
        (22.7556 * 2048, "Not yet:", "4H is a factor"),
        (3.5, "Not yet:", "a ratio of times?"),
        ("2.1", "Not yet:", "a ratio of times?"),
    ],
)
def test_the_factor_of_the_table(answer, verdict, word):
    found = faster_lstm.table.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (2**-11, "Right.", "2048"),
        (0.000488, "Right.", "2048"),
        ("4.88e-4", "Right.", "2048"),
        (1 / 2048, "Right.", "2048"),
        (1 / 1024, "Not yet:", "two neighbours"),
        (2**-24, "Not yet:", "float32"),
        (1e-10, "Not yet:", "halves"),
        (2048, "Not yet:", "one over"),
        ("0.0488 %", "Right.", "2048"),
        (-(2**-11), "Not yet:", "no sign"),
        (0.0488, "Not yet:", "per cent"),
        (0.0977, "Not yet:", "two neighbours"),
        (2 ^ -11, "Not yet:", "a power is **"),
        ("2**-11", "Not yet:", "leave them out"),
        ("2^-11", "Not yet:", "leave them out"),
        ("small", "Not yet:", "you gave text"),
    ],
)
def test_the_rounding_of_tf32(answer, verdict, word):
    found = gpu_lab.rounding.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ("b", "Right.", "wait"),
        ("(B)", "Right.", "wait"),
        ("c", "Not yet:", "fully used"),
        ("e", "Not yet:", "one letter"),
        (10, "Not yet:", "one letter"),
    ],
)
def test_the_time_of_a_larger_batch(answer, verdict, word):
    found = gpu_lab.batch.verdict(answer)
    assert found.startswith(verdict) and word in found
