#!/bin/sh
# The stand-in for the nni package, by itself and beside a real one.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"
py=/usr/bin/python3
[ -x $py ] || py=$(command -v python3) || skip_all 'no python3'
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
stand=$TOP/share/python
# A machine with a real nni would give that one.
none() { PYTHONPATH=$stand "$py" -S -E -c "import sys; sys.path.insert(1, '$stand')
$1"; }

# ---- standalone ----
is "$(none 'import nni
print(nni.get_next_parameter(), nni.get_trial_id(), nni.get_experiment_id(), nni.get_sequence_id())' 2>/dev/null)" \
	'{} STANDALONE STANDALONE 0' 'without an experiment'
is "$(none 'import nni
nni.report_intermediate_result(0.5); nni.report_final_result({"default": 1})')" \
	'Intermediate result: 0.5
Final result: {"default": 1}' 'metrics are printed'

# ---- in an experiment ----
experiment "$PWD/e" "$py -S trial.py"
cat >code/trial.py <<'P'
import sys
sys.path.insert(0, sys.argv[1] if len(sys.argv) > 1 else "STAND")
import nni
class Scalar:
    def item(self): return 0.25
class Array:
    def tolist(self): return [1, 2.5]
p = nni.get_next_parameter()
assert p == {"x": 0.1, "s": "ä"}, p
assert nni.get_current_parameter() == p and nni.get_current_parameter("x") == 0.1
assert nni.get_next_parameter() is None
try:
    nni.report_intermediate_result(1)
    raise SystemExit("a second get_next_parameter() leaves no parameters")
except AssertionError:
    pass
nni._trial._asked = 0
nni.get_next_parameter()
assert nni.get_trial_id() == "aaaaa" and nni.get_sequence_id() == 7
assert nni.get_experiment_id() == "e"
for v in (0.1, float("nan"), Scalar(), {"default": Scalar(), "a": Array()}, "it's ä"):
    nni.report_intermediate_result(v)
try:
    nni.report_intermediate_result(object())
    raise SystemExit("object")
except TypeError:
    pass
nni.report_final_result(float("-inf"))
P
sed "s,STAND,$stand," code/trial.py >c && mv c code/trial.py
trial "$PWD/e" aaaaa 1 '{"x": 0.1, "s": "ä"}' | "$L" submit --dir e >/dev/null
{ jobs_of "$PWD/e" aaaaa; ends "$PWD/e" aaaaa; } | "$L" collect --dir e >out
is "$(tail -n 1 out | field status)" SUCCEEDED 'a trial with all functions' || diag "$(cat e/trials/aaaaa/stderr)"
is "$(sed -n 's/.*"value":\(.*\),"time":.*/\1/p' out | tr '\n' '|')" \
	'0.1|"NaN"|0.25|{"default": 0.25, "a": [1, 2.5]}|"it'"'"'s \u00e4"|"-Infinity"|' 'values'
is "$(jq -r 'select(.kind) | [.kind[0:1], .sequence] | join("")' out | tr '\n' ' ')" 'i0 i1 i2 i3 i4 f0 ' 'kinds and numbers'
is "$(NNI_PLATFORM=remote NNI_SYS_DIR=$PWD/e/trials/aaaaa NNI_TRIAL_JOB_ID=t none 'import nni
nni.get_next_parameter(); nni.report_final_result("it'"'"'s")')" \
	"NNISDK_MEb'{\"parameter_id\": 3, \"trial_job_id\": \"t\", \"type\": \"FINAL\", \"sequence\": 0, \"value\": \"\\\"it's\\\"\"}'" \
	'other platforms read standard output'

# ---- what else trials import ----
cat >merge.py <<'P'
import argparse
import nni
from nni.utils import *
from nni.utils import merge_parameter as merge
args = argparse.Namespace(lr=0.5, batch=8, name="a", limit=None)
assert merge(args, {"lr": 1, "batch": 16, "limit": [3]}) is args
assert (args.lr, args.batch, args.name, args.limit) == (1.0, 16, "a", [3]) and type(args.lr) is float
assert merge(vars(args), {"name": "b"})["name"] == "b" and args.name == "b"
assert merge({"x": 1}, None) == {"x": 1}
for bad, error in ({"other": 1}, ValueError), ({"batch": "x"}, TypeError), ({"batch": "x"}, ValueError):
    try:
        merge(args, bad)
        raise SystemExit("%r is taken" % bad)
    except error as e:
        assert list(bad)[0] in str(e)
assert extract_scalar_reward({"default": 2, "x": 1}) == 2 and MetricType.FINAL == "FINAL"
assert split_index({"a": {"_index": 1, "_value": {"b": 2}}}) == {"a": {"b": 2}}
assert OptimizeMode("minimize") is OptimizeMode.Minimize

assert nni.choice("a", "b", name="x") in "ab" and nni.function_choice(lambda: 3) == 3
for _ in range(20):
    assert nni.randint(2, 4) in (2, 3) and 1 <= nni.uniform(1, 2) <= 2
    assert nni.quniform(0, 10, 2.5) in (0, 2.5, 5, 7.5, 10) and 0.1 <= nni.loguniform(0.1, 1) <= 1
    assert nni.qloguniform(1, 64, 2) % 2 == 0 or nni.qloguniform(1, 64, 2) == 1
    assert nni.normal(5, 0) == 5 and nni.qnormal(5.1, 0, 2) == 6 and nni.lognormal(0, 0) == 1
    assert nni.qlognormal(0, 0, 1) == 1

@nni.trace
class Traced:
    pass
@nni.trace(kw_only=False)
def traced():
    return 4
assert Traced() and traced() == 4
assert str(nni.NoMoreTrialError()) and nni.NoMoreTrialError("x").errorinfo == "x"
assert nni.get_next_parameters() == {} and nni.trial.get_trial_id() == "STANDALONE"
assert not hasattr(nni, "nas") and nni.__version__
P
is "$(none "$(cat merge.py)" 2>/dev/null && echo good)" good 'merge_parameter, choice, trace and others' ||
	diag "$(none "$(cat merge.py)" 2>&1)"
for c in 'import nni; nni.Experiment' 'from nni import Experiment' 'from nni.tuner import Tuner' 'import nni.retiarii.nn.pytorch as nn'; do
	like "$(none "$c" 2>&1 | tail -n 1)" "*Error: nni.[A-Za-z]* is in NNI's own package, not in this*: pip install nni" "$c"
done
is "$(none 'import nni
try:
    import nni.nas
except ImportError:
    print("asked")')" asked 'code that tries an import goes on'
like "$(NNI_PLATFORM=local none 'import nni; nni.choice(1, 2)' 2>&1 | tail -n 1)" '*useAnnotation*nni.get_next_parameter()' \
	'annotations in an experiment'
for f in "$stand"/nni/*.py; do
	"$py" -c 'import ast, sys
text = open(sys.argv[1]).read()
ast.parse(text, feature_version=(3, 6)) if sys.version_info >= (3, 8) else ast.parse(text)' "$f" || echo "$f"
done >old 2>&1
is "$(cat old)" '' 'Python 3.6 can read it'

# ---- a real one ----
mkdir -p real/nni/sub ns/nni broken/nni
echo 'VALUE = 42
from . import sub
from .sub import thing' >real/nni/__init__.py
echo 'thing = "deep"' >real/nni/sub/__init__.py
echo 'raise RuntimeError("bad install")' >broken/nni/__init__.py
with() { PYTHONPATH=$1 "$py" -c "$2" 2>&1; }
is "$(with "$stand:$PWD/real" 'import nni; print(nni.VALUE, nni.sub.thing)')" '42 deep' 'a real nni later on the path is loaded'
is "$(with "$PWD/real:$stand" 'import nni; print(nni.VALUE)')" 42 'so is one before'
is "$(with "$stand:$PWD/real" 'import nni.sub as s, sys; print(s.thing, "nni._trial" in sys.modules)')" 'deep False' \
	'its submodules are its own'
is "$(with "$stand:$PWD/real" 'from nni.sub import thing; import nni; print(thing, nni.__file__.startswith("'"$PWD"'"))')" 'deep True' \
	'from nni.sub import'
is "$(with "$stand:$stand:$PWD/real" 'import nni; print(nni.VALUE)')" 42 'the stand-in twice on the path'
is "$(with "$stand:$PWD/ns" 'import nni; print(nni.get_trial_id())')" STANDALONE 'a folder called nni is no package'
like "$(with "$stand:$PWD/broken" 'import nni')" '*RuntimeError: bad install*' 'a broken one says why itself'
is "$(cd real && PYTHONPATH=$stand "$py" -c 'import nni; print(nni.VALUE)')" 42 'one in the current directory'
cat >finder.py <<'P'
import importlib.util, sys
class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "nni":
            return importlib.util.spec_from_file_location("nni", "real/nni/__init__.py", submodule_search_locations=["real/nni"])
sys.meta_path.append(Finder)
import nni
print(nni.VALUE)
P
is "$(PYTHONPATH=$stand "$py" finder.py 2>&1)" 42 'one that a finder knows (pip install -e)'

# ---- where the keeper finds it ----
if [ -d "$NNI_BIN/../share/python" ]; then
	experiment "$PWD/k" env
	submit "$PWD/k" aaaaa >/dev/null
	ends "$PWD/k" aaaaa >/dev/null
	is "$(sed -n 's/^PYTHONPATH=//p' k/trials/aaaaa/stdout | sed 's/.*://')" "$stand" 'it is on PYTHONPATH, last'
else
	skip 'programs that lie elsewhere' 'it is on PYTHONPATH, last'
fi
mkdir -p p/libexec/nni p/share/nni/python
cp "$L" p/libexec/nni/ 2>/dev/null
experiment "$PWD/i" env
trial "$PWD/i" aaaaa | p/libexec/nni/nni-platform-local submit --dir i >/dev/null
ends "$PWD/i" aaaaa >/dev/null
like "$(grep ^PYTHONPATH= i/trials/aaaaa/stdout)" "*$PWD/p/share/nni/python" 'also where it is installed'
done_testing
