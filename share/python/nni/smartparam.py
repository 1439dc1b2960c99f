"""
nni.choice(), nni.uniform()... in the code of a trial (useAnnotation in NNI up to
v2.10): outside of an experiment they draw by chance, so that the code runs by
itself.  Inside of one, `nnictl` put a key into each call; that key names the
parameter.
"""

import math
import random

from . import _trial

__all__ = [
    "choice",
    "function_choice",
    "loguniform",
    "lognormal",
    "normal",
    "qloguniform",
    "qlognormal",
    "qnormal",
    "quniform",
    "randint",
    "uniform",
]

_random = random.SystemRandom()  # a seed of the user's own is left alone


def _parameter(what, key):
    if key is None:
        raise RuntimeError(
            "nni.%s() in a trial needs useAnnotation, which nni-tools do not have: give the "
            "experiment a search space and use nni.get_next_parameter()" % what)
    if _trial.get_current_parameter() is None:
        _trial.get_next_parameter()
    return _trial.get_current_parameter(key)


def _steps(x, q, low=None, high=None):
    x = round(x / q) * q
    return x if low is None else min(max(x, low), high)


def choice(*options, **kwargs):
    if _trial._managed():
        return options[0][_parameter("choice", kwargs.get("key"))]
    return _random.choice(options)


def function_choice(*funcs, **kwargs):
    if _trial._managed():
        return funcs[0][_parameter("function_choice", kwargs.get("key"))]()
    return _random.choice(funcs)()


def _number(draw):
    """A function that draws outside of an experiment and looks up inside of one."""

    def function(*args, name=None, key=None):
        if _trial._managed():
            return _parameter(draw.__name__, key)
        return draw(*args)

    function.__name__ = function.__qualname__ = draw.__name__
    return function


@_number
def randint(lower, upper):
    return _random.randrange(lower, upper)


@_number
def uniform(low, high):
    return _random.uniform(low, high)


@_number
def quniform(low, high, q):
    return _steps(_random.uniform(low, high), q, low, high)


@_number
def loguniform(low, high):
    return math.exp(_random.uniform(math.log(low), math.log(high)))


@_number
def qloguniform(low, high, q):
    return _steps(math.exp(_random.uniform(math.log(low), math.log(high))), q, low, high)


@_number
def normal(mu, sigma):
    return _random.gauss(mu, sigma)


@_number
def qnormal(mu, sigma, q):
    return _steps(_random.gauss(mu, sigma), q)


@_number
def lognormal(mu, sigma):
    return math.exp(_random.gauss(mu, sigma))


@_number
def qlognormal(mu, sigma, q):
    return _steps(math.exp(_random.gauss(mu, sigma)), q)
