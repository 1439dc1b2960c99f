"""
The trial's side of NNI's protocol: parameter.cfg is read, metrics go to
.nni/metrics, or to standard output where the platform reads that.
"""

import json
import logging
import os
import sys
import threading
import time

__all__ = [
    "get_current_parameter",
    "get_experiment_id",
    "get_next_parameter",
    "get_next_parameters",
    "get_sequence_id",
    "get_trial_id",
    "report_final_result",
    "report_intermediate_result",
]

_logger = logging.getLogger("nni")
_lock = threading.Lock()
_parameters = None  # the whole of parameter.cfg, once it was asked for
_asked = 0  # how often
_sequence = 0  # of the next intermediate result
_file = None

_MAX = 999999  # what the six digits of a record's length can say


def _managed():
    return bool(os.environ.get("NNI_PLATFORM"))


def _sys_dir():
    return os.environ["NNI_SYS_DIR"]


def get_experiment_id():
    return os.environ.get("NNI_EXP_ID") if _managed() else "STANDALONE"


def get_trial_id():
    return os.environ.get("NNI_TRIAL_JOB_ID") if _managed() else "STANDALONE"


def get_sequence_id():
    return int(os.environ.get("NNI_TRIAL_SEQ_ID", 0)) if _managed() else 0


def _read_parameters(index):
    name = "parameter.cfg" if index == 0 else "parameter_%d.cfg" % index
    path = os.path.join(_sys_dir(), name)
    if not os.path.exists(path):
        if os.environ.get("MULTI_PHASE", "").lower() != "true":
            # It was there before the trial was started, and nobody will
            # write it again.
            raise FileNotFoundError("nni: the trial's parameters have gone: " + path)
        _send({
            "trial_job_id": get_trial_id(),
            "type": "REQUEST_PARAMETER",
            "sequence": 0,
            "parameter_index": index,
        })
        while not (os.path.exists(path) and os.path.getsize(path) > 0):
            time.sleep(0.2)
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def get_next_parameter():
    """
    The parameters of this trial.  A second call returns None, unless the trial
    is multi-phase; then it waits for the next ones.
    """
    global _parameters, _asked
    if not _managed():
        _logger.warning("no NNI experiment runs this: get_next_parameter() returns {}")
        _parameters = {"parameters": {}}
        return {}
    if _asked > 0 and os.environ.get("MULTI_PHASE") not in ("true", "True"):
        _parameters = None
        return None
    _parameters = _read_parameters(_asked)
    _asked += 1
    return _parameters.get("parameters")


get_next_parameters = get_next_parameter  # v3.0 has both


def get_current_parameter(tag=None):
    """What get_next_parameter() returned last, or one of them."""
    if _parameters is None:
        return None
    if tag is None:
        return _parameters["parameters"]
    return _parameters["parameters"][tag]


def _plain(value):
    """Numbers of numpy and torch, and arrays, as what JSON knows."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError("a metric cannot hold a %s" % type(value).__name__)


def _open():
    path = os.path.join(_sys_dir(), ".nni", "metrics")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Unbuffered: a record is one write, also when several processes report.
    return open(path, "ab", buffering=0)


def _to_file():
    return os.environ["NNI_PLATFORM"] == "local" and os.environ.get(
        "REUSE_MODE") not in ("true", "True")


def _send(record):
    global _file
    data = (json.dumps(record) + "\n").encode("ascii")
    if len(data) > _MAX:
        raise ValueError("a metric may have %d bytes at most" % _MAX)
    if not _to_file():
        print("NNISDK_MEb'%s'" % data[:-1].decode("ascii"))
        sys.stdout.flush()
        return
    if _file is None:
        _file = _open()
    _file.write(b"ME%06d%s" % (len(data), data))


def _report(kind, metric):
    global _sequence
    if _managed() and _parameters is None:
        raise AssertionError(
            "nni.get_next_parameter() needs to be called before a metric is reported"
        )
    value = json.dumps(metric, default=_plain)
    with _lock:
        if not _managed():
            what = "Final" if kind == "FINAL" else "Intermediate"
            print("%s result: %s" % (what, value))
            sys.stdout.flush()
            return
        _send({
            "parameter_id": _parameters.get("parameter_id"),
            "trial_job_id": get_trial_id(),
            "type": kind,
            "sequence": 0 if kind == "FINAL" else _sequence,
            "value": value,
        })
        if kind != "FINAL":
            _sequence += 1


def report_intermediate_result(metric):
    _report("PERIODICAL", metric)


def report_final_result(metric):
    _report("FINAL", metric)
