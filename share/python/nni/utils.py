"""What trials use of nni.utils (v1.9 to v3.0), merge_parameter() first of all."""

from enum import Enum, unique

__all__ = [
    "MetricType",
    "NodeType",
    "OptimizeMode",
    "convert_dict2tuple",
    "extract_scalar_history",
    "extract_scalar_reward",
    "merge_parameter",
    "split_index",
]


class _WrongType(TypeError, ValueError):
    """NNI raised the one up to v2, the other since v3."""


def _fit(key, old, new):
    if old is None or isinstance(new, type(old)):
        return new
    if isinstance(old, float) and isinstance(new, int):
        return float(new)
    raise _WrongType('Expected "%s" in override parameters to have type %s, but found %s'
                     % (key, type(old).__name__, type(new).__name__))


def merge_parameter(base_params, override_params):
    """
    Sets in a namespace (of argparse) or dict, in place, what a tuner has chosen;
    keys that are not there, and values of another type, are errors.
    """
    if override_params is None:
        return base_params
    for key, value in override_params.items():
        if isinstance(base_params, dict):
            known, old = key in base_params, base_params.get(key)
        else:
            known, old = hasattr(base_params, key), getattr(base_params, key, None)
        if not known:
            raise ValueError("Key '%s' not found in base parameters." % key)
        value = _fit(key, old, value)
        if isinstance(base_params, dict):
            base_params[key] = value
        else:
            setattr(base_params, key, value)
    return base_params


@unique
class OptimizeMode(Enum):
    Minimize = "minimize"
    Maximize = "maximize"


class NodeType:
    ROOT = "root"
    TYPE = "_type"
    VALUE = "_value"
    INDEX = "_index"
    NAME = "_name"


class MetricType:
    FINAL = "FINAL"
    PERIODICAL = "PERIODICAL"
    REQUEST_PARAMETER = "REQUEST_PARAMETER"


def split_index(params):
    """Parameters without the "_index" that some tuners put around choices."""
    if not isinstance(params, dict):
        return params
    if NodeType.INDEX in params:
        return split_index(params[NodeType.VALUE])
    return {key: split_index(value) for key, value in params.items()}


def extract_scalar_reward(value, scalar_key="default"):
    """The number in a metric."""
    if isinstance(value, (float, int)):
        return value
    if isinstance(value, dict) and isinstance(value.get(scalar_key), (float, int)):
        return value[scalar_key]
    raise RuntimeError('Incorrect final result: the final result should be float/int, or a dict '
                       'which has a key named "default" whose value is float/int.')


def extract_scalar_history(trial_history, scalar_key="default"):
    return [extract_scalar_reward(one, scalar_key) for one in trial_history]


def convert_dict2tuple(value):
    """A dict as something that can be a key; changes what it is given, as NNI's does."""
    if isinstance(value, dict):
        for key in value:
            value[key] = convert_dict2tuple(value[key])
        return tuple(sorted(value.items()))
    return value
