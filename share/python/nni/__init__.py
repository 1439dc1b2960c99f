"""
What a trial needs of NNI, for machines without the nni package.

If a real nni package lies anywhere else on sys.path, that one is loaded in place
of this one, its submodules too.  Otherwise these few functions speak the same
file protocol.  Python 3.6 and later, nothing but the standard library.
"""


def _find_real():
    import os
    import sys
    from importlib.machinery import PathFinder

    def folder(path):
        return os.path.realpath(path or os.getcwd())

    ours = os.path.realpath(os.path.dirname(__file__))
    path = [p for p in sys.path if folder(p) != os.path.dirname(ours)]
    for finder in sys.meta_path:  # some packages are installed by a finder
        if finder is PathFinder:
            spec = finder.find_spec(__name__, path)
        elif hasattr(finder, "find_spec"):
            spec = finder.find_spec(__name__, None)
        else:
            continue
        # A folder that is called nni by chance, without __init__.py, is not it.
        if (
            spec is not None
            and spec.loader is not None
            and spec.origin
            and folder(os.path.dirname(spec.origin)) != ours
        ):
            return spec
    return None


def _load_real():
    """Puts the real package in our place; False if there is none."""
    import importlib.util
    import sys

    spec = _find_real()
    if spec is None:
        return False
    real = importlib.util.module_from_spec(spec)
    # `import nni` gives what is found here when this module has been executed.
    ours = sys.modules[__name__]
    sys.modules[__name__] = real
    try:
        spec.loader.exec_module(real)
    except BaseException:
        sys.modules[__name__] = ours
        raise
    return True


if not _load_real():
    from ._trial import (  # noqa: F401
        get_current_parameter,
        get_experiment_id,
        get_next_parameter,
        get_sequence_id,
        get_trial_id,
        report_final_result,
        report_intermediate_result,
    )

    __all__ = [
        "get_current_parameter",
        "get_experiment_id",
        "get_next_parameter",
        "get_sequence_id",
        "get_trial_id",
        "report_final_result",
        "report_intermediate_result",
    ]
