# For tests of whole experiments on this machine: the real programs, nothing
# stands in.
#
#	. "$(dirname "$0")/lib.sh"
#	. "$TOP/t/chain/lib.sh"
#	config max=6 conc=3 && nni-run c.yml
#
# $failio is t/helper/failio.c; many points are tried with NNI_LONG=1.

failio=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/failio.so
[ -e "$failio" ] || skip_all 'no failio.so (make helpers)'
STARTS=$trash/starts
export STARTS
# What a test leaves behind is found by this, and killed.
NNI_TEST=$trash
export NNI_TEST
stop_at_end 'strike all'

mkdir code
cat >code/trial.sh <<'END'
echo "$NNI_SYS_DIR $$" >>"$STARTS"
x=$(nni-trial get x)
nni-trial report "$x"
nni-trial report 1
nni-trial report --final "$x"
END

# config [KEY=VALUE | YAML-LINE]... writes c.yml; max, conc, tuner, command
config() {
	max=6 conc=3 tuner=Random command='sh trial.sh'
	space='{x: {_type: uniform, _value: [0, 1]}}'
	more=
	for arg in "$@"; do
		case $arg in
		max=*) max=${arg#*=} ;;
		conc=*) conc=${arg#*=} ;;
		tuner=*) tuner=${arg#*=} ;;
		command=*) command=${arg#*=} ;;
		space=*) space=${arg#*=} ;;
		*) more="$more$arg
" ;;
		esac
	done
	cat >c.yml <<END
searchSpace: $space
trialCommand: $command
trialCodeDirectory: code
trialConcurrency: $conc
maxTrialNumber: $max
tuner: {name: $tuner, classArgs: {seed: 7}}
trainingService: {platform: local}
${more}
END
}

dir() { echo "$NNI_EXPERIMENTS/$1"; }
journal() { cat "$(dir "$1")/events.jsonl"; }
# How many lines of the journal of ID have PATTERN?
count() { journal "$1" | grep -c -- "$2"; }
has() { [ "$(count "$1" "$2" 2>/dev/null)" -ge "${3:-1}" ]; }

# living [all]: the pids of this test's programs; all: of keepers and trials, too
living() {
	perl -e '
		my ($mark, $all) = ("NNI_TEST=$ENV{NNI_TEST}", @ARGV);
		sub name { (readlink "/proc/$_[0]/exe" // "") =~ m{([^/]+?)(?: \(deleted\))?$} ? $1 : "" }
		sub slurp { open my $f, "<", $_[0] or return ""; local $/; <$f> // "" }
		for (map { m{(\d+)$} } glob "/proc/[0-9]*") {
			next if $_ == $$ || $_ == getppid;
			grep { $_ eq $mark } split /\0/, slurp("/proc/$_/environ") or next;
			my ($session) = slurp("/proc/$_/stat") =~ /.*\) \S+ \S+ \S+ (\S+)/;
			my $name = name($_);
			# Of a keeper: itself, and a trial that it is about to start.
			next if !$all && ($session == $_ || name($session) eq "nni-platform-local");
			next if !$all && ($name !~ /^nni/ || $name eq "nni-trial");
			print "$_\n";
		}' "$@"
}
# strike [all]: stops all of them, then kills them, so that none sees one go; what
# was made while they were looked for is found the next time.  One that has become
# a keeper meanwhile goes on.
strike() {
	pids= stopped=
	until [ "$(living "$@")" = "$pids" ]; do
		pids=$(living "$@")
		# shellcheck disable=SC2086
		kill -STOP $pids 2>/dev/null
		stopped="$stopped $pids"
	done
	# shellcheck disable=SC2086
	kill -9 $pids 2>/dev/null
	# shellcheck disable=SC2086
	kill -CONT $stopped 2>/dev/null
}

# fail_at [FAILIO_X=...]... COMMAND...: it, and all it starts, with failio
fail_at() {
	env LD_PRELOAD="$failio" \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" "$@"
}

# points TOTAL WANTED: that many of 1..TOTAL, evenly; all with NNI_LONG
points() {
	perl -e '($n, $k) = @ARGV; $k = $n if $ENV{NNI_LONG} || $k > $n;
		print join(" ", map { 1 + int($_ * $n / $k) } 0 .. $k - 1), "\n"' "$@"
}

# An experiment that is made but has not begun
prepare() {
	rm -rf "$NNI_EXPERIMENTS" "$STARTS" n
	nni-run --prepare --id "${1:-x}" c.yml >/dev/null
}
resume() { timeout -k 1 60 nni-run --resume "$1" >out 2>err </dev/null; }

# judged WHAT ID [PARAMETERS]: resumes, then judges; says what is broken, and
# counts in $broken.  KEEP=DIRECTORY keeps what is.
broken=0
judged() {
	resume "$2"
	code=$?
	problems=$("$TOP/t/chain/judge" "$(dir "$2")" "$STARTS" "$max" ${3:+"$3"})
	[ $code = 0 ] || problems="exit code $code: $(tail -n 3 err)
$problems"
	[ -n "$problems" ] || return 0
	broken=$((broken + 1))
	diag "$1:" "$problems"
	[ -z "${KEEP-}" ] || {
		mkdir -p "$KEEP/$$-$tests-$broken"
		cp -r "$(dir "$2")" "$STARTS" out err out1 err1 "$KEEP/$$-$tests-$broken"
	} 2>/dev/null
	return 1
}
