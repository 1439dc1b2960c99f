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


class NoMoreTrialError(Exception):
    def __init__(self, ErrorInfo="Search space fully explored"):
        super().__init__(ErrorInfo)
        self.errorinfo = ErrorInfo


def trace(cls_or_func=None, **kwargs):
    """A decorator that records arguments, for NNI's experiments in Python; here it
    changes nothing."""
    return trace if cls_or_func is None else cls_or_func


def _absent(what):
    return (
        "%s is in NNI's own package, not in this stand-in of nni-tools, which has what "
        "most trials need (get_next_parameter, report_final_result...): pip install nni" % what
    )


class _Absent:
    """The last finder: says why a submodule of NNI is not found."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("nni."):
            # Another name than the one asked for: `from nni import x` would drop
            # this error and say only that it cannot import x.
            raise ModuleNotFoundError(_absent(name), name="nni")


def _stand_in():
    import sys

    from . import _trial, smartparam, trial, utils  # noqa: F401

    names = globals()
    for module in (_trial, smartparam):
        names.update((name, getattr(module, name)) for name in module.__all__)
    names["__version__"] = "999.dev0+nni.tools"  # a version for who compares it
    names["__all__"] = _trial.__all__ + smartparam.__all__ + ["NoMoreTrialError", "trace"]
    sys.meta_path.append(_Absent)


if not _load_real():
    _stand_in()

    def __getattr__(name):
        if name.startswith("__"):
            raise AttributeError("module 'nni' has no attribute '%s'" % name)
        raise AttributeError(_absent("nni." + name))
