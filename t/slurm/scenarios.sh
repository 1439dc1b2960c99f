# What is true of trials on Slurm, the stand-in or the real one: each function
# is a few tests.  After lib.sh; NNI_SLURM_INTERVAL is set, and sbatch is there.

# setup NAME [SECTION [MORE]]: the experiment NAME in $D; SECTION is added to
# trainingService, MORE to the configuration.
setup() {
	D=$PWD/$1
	mkdir -p "$D/trials" "$D/platforms" "$D/log" code
	cat >code/trial.sh <<'T'
echo "$NNI_TRIAL_JOB_ID" >>"$NNI_CODE_DIR/../../started"
case $(nni-trial get do) in
fail) exit 3 ;;
long) touch "$NNI_OUTPUT_DIR/runs"; exec sleep 100 ;;
until) until [ -e "$NNI_CODE_DIR/../../go" ]; do sleep 0.1; done ;;
env) env >"$NNI_OUTPUT_DIR/env"; umask >>"$NNI_OUTPUT_DIR/env" ;;
esac
nni-trial report --final 1.50
T
	cat >"$1.yml" <<Y
searchSpace: {do: {_type: choice, _value: [short]}}
trialCommand: sh trial.sh
trialCodeDirectory: code
trialConcurrency: 4
maxTrialNumber: 4
${3-}
tuner: {name: Random}
trainingService:
  platform: slurm
  ${2-}
Y
	nni-config "$1.yml" >"$D/config.json"
	code=$(nni-pack -q -o "$D/code.zip" code)
	code=${code#*\"digest\":\"} code=${code%%\"*}
}
# spec TRIAL DO: its record
spec() {
	printf '{"type":"trial","trial":"%s","attempt":1,"sequence":0,"dir":"%s","platform":"slurm","place":"slurm","parameter_id":0,"parameters":{"do": "%s"},"code":"%s","time":%s.000}\n' \
		"$1" "$(printf %s "$D" | sed 's/["\\]/\\&/g')" "$2" "$code" "$(date +%s)"
}
backend=$TOP/platforms/slurm/nni-platform-slurm
slurm() { # VERB [OPTION]
	"$backend" "$1" --dir "$D" --member slurm ${2-}
}
place() { slurm submit <specs >trials; }
follow() { slurm watch <trials >statuses; }
cancel() { printf '{"type":"cancel","trial":"%s","attempt":1}\n' "$1"; }
# last_of TRIAL EXPRESSION: of its last status
last_of() { jq -rs --arg t "$1" "[.[] | select(.type == \"status\" and .trial == \$t)] | last | $2" statuses; }
said() { grep -q "\"trial\":\"$1\".*$2" statuses; } # TRIAL PATTERN
# Each line of it a trial and how often it was started.
starts() { sort "$D/slurm/started" 2>/dev/null | uniq -c | awk '{ print $2, $1 }'; }

many_in_one_array() {
	setup many
	for n in 1 2 3 4 5 6 7 8 9; do spec "mmmm$n" short; done >specs
	spec mmmm0 fail >>specs
	place
	is "$(jq -r .job trials | sed 's/_.*//' | sort -u | wc -l)" 1 'lines that wait together are one array'
	is "$(jq -r .job trials | sort -u | wc -l)" 10 'and each has its own job'
	follow
	is "$(grep -c SUCCEEDED statuses)" 9 'all run'
	is "$(last_of mmmm0 '"\(.status) \(.exit_code) \(.reason)"')" 'FAILED 3 exit code 3' \
		'but one that fails, with its exit code'
	is "$(cat trials statuses | slurm collect | grep -c '"value":1.50')" 9 'their metrics are theirs'
	is "$(starts | grep -c ' 1$')" 10 'each was started once'
}

# What can be run and symbolic links are in the archive, whoever unpacks it.
without_unzip() {
	setup zipped
	printf '#!/bin/sh\ncat link/x >"$NNI_OUTPUT_DIR/said"\n' >code/run
	mkdir -p code/sub code/empty zipped-bin
	echo seen >code/sub/x
	chmod +x code/run
	ln -sf sub code/link
	nni-pack -q -o "$D/code.zip" code >/dev/null
	jq '.trialCommand = "[ -d empty ] && ./run" | .trainingService[0].trialCommand = .trialCommand' "$D/config.json" >config.new
	mv config.new "$D/config.json"
	rm -r code/run code/sub code/empty code/link
	for c in sh bash awk mawk gawk jq sed grep cat mkdir mv rm rmdir cp cmp tr tail head dd sort date id uname dirname \
		mktemp sleep env wc perl sbatch squeue scontrol; do
		! command -v $c >/dev/null || ln -sf "$(command -v $c)" zipped-bin/
	done
	ln -sf "$(python3 -c 'import sys; print(sys.executable)')" zipped-bin/python3
	spec uuuu1 short >specs
	(PATH=$PWD/zipped-bin; place)
	follow
	is "$(last_of uuuu1 .status) $(cat "$D/trials/uuuu1/said")" 'SUCCEEDED seen' 'code is whole where there is no unzip'
}

# Submit is killed when Slurm has the jobs and it does not know that yet.
killed_before_it_knew() {
	setup killed
	mkdir -p killed-bin killed-tmp
	real=$(command -v sbatch)
	cat >killed-bin/sbatch <<S
#!/bin/sh
'$real' "\$@" >/dev/null
kill -s KILL \$(cat '$PWD/pid')
exec sleep 10
S
	chmod +x killed-bin/sbatch
	{ spec kkkk1 short; spec kkkk2 until; } >specs
	(
		PATH=$PWD/killed-bin:$PATH TMPDIR=$PWD/killed-tmp
		export TMPDIR
		sh -c 'echo $$ >pid; exec "$@"' - "$backend" submit --dir "$D" --member slurm <specs >trials
	) 2>/dev/null
	is "$(cat trials)" '' 'killed before it could answer'
	is "$(ls killed-tmp | wc -l)" 1 'with a temporary directory'
	(TMPDIR=$PWD/killed-tmp; export TMPDIR; place)
	is "$(jq -r .job trials | wc -l)" 2 'told again, it finds the jobs'
	is "$(grep -c ' = ' "$D/platforms/slurm.jobs")" 1 'and starts none'
	is "$(ls killed-tmp)" '' 'the directory is removed'

	# The same, and its notes are lost too.
	rm "$D/platforms/slurm.jobs"
	wait_for grep kkkk2 "$D/slurm/started"
	spec kkkk2 until >specs
	place
	is "$(jq -r .job trials)" "$(cat "$D/trials/kkkk2/.nni/claim/job")" 'a trial that runs is found by its claim'
	touch "$D/slurm/go"
	follow
	is "$(last_of kkkk2 .status)" SUCCEEDED 'and ends well'
	is "$(starts | grep kkkk2)" 'kkkk2 1' 'started once'
}

# It is sbatch that is killed, when Slurm has the jobs.
killed_sbatch() {
	setup half
	mkdir -p half-bin
	printf '#!/bin/sh\n"%s" "$@" >/dev/null\nkill -s KILL $$\n' "$(command -v sbatch)" >half-bin/sbatch
	chmod +x half-bin/sbatch
	{ spec vvvv1 short; spec vvvv2 fail; } >specs
	(PATH=$PWD/half-bin:$PATH; place) 2>/dev/null
	is "$(jq -r 'select(.job) | .trial' trials | xargs)" 'vvvv1 vvvv2' 'sbatch was killed, and its jobs are found'
	grep '"job"' trials | slurm watch >statuses
	is "$(last_of vvvv1 .status) $(last_of vvvv2 .status) $(starts | xargs)" 'SUCCEEDED FAILED vvvv1 1 vvvv2 1' \
		'they end as they should, each started once'
}

# There are two jobs for one attempt, and it is told of the one that is late.
submitted_twice() {
	setup twice
	spec wwww1 until >specs
	place
	first=$(jq -r .job trials)
	wait_for grep wwww1 "$D/slurm/started"
	mv "$D/trials/wwww1/.nni/claim" claim
	rm "$D/platforms/slurm.jobs"
	printf '#!/bin/sh\n[ -e "%s" ] || exec "%s" "$@"\nmv "%s" "%s"\nexec "%s" "$@"\n' \
		"$PWD/claim" "$(command -v sbatch)" "$PWD/claim" "$D/trials/wwww1/.nni/claim" "$(command -v sbatch)" >sbatch
	chmod +x sbatch
	(PATH=$PWD:$PATH; place)
	is "$(jq -r --arg first "$first" '.job != $first' trials)" true 'two jobs for one attempt'
	cp trials twice.trials
	{ cat trials; wait_for said wwww1 RUNNING; touch "$D/slurm/go"; } | slurm watch >statuses
	is "$(last_of wwww1 .status)" SUCCEEDED 'the end of the one that runs it is told'
	is "$(starts)" 'wwww1 1' 'the other one finds it taken'
}

other_parameters() {
	setup other
	spec oooo1 short >specs
	place
	job=$(jq -r .job trials)
	place
	is "$(jq -r .job trials)" "$job" 'a trial that is there is answered with its job'
	spec oooo1 fail >specs
	place
	like "$(cat trials)" '*"status":"FAILED","reason":"it is there, with other parameters"*' \
		'one with other parameters is not'
}

cancelled_in_the_queue() {
	setup held 'options: [--hold]'
	{ spec hhhh1 short; spec hhhh2 short; } >specs
	place
	{ cat trials; wait_for said hhhh1 JobHeldUser; cancel hhhh1; wait_for said hhhh1 CANCELED; cancel hhhh2; } |
		slurm watch >statuses
	like "$(grep -m 1 hhhh1 statuses)" '*"WAITING","reason":"in Slurm*queue: JobHeldUser"*' 'why it waits is told'
	is "$(last_of hhhh1 .status)" USER_CANCELED 'an element of an array that waits is cancelled'
	is "$(last_of hhhh2 .status)" USER_CANCELED 'and the other one'
	is "$(squeue -h -r -u "$(id -u)" -o '%i %j' | grep -c nni-held-)" 0 'Slurm has none of them'
	is "$(starts)" '' 'none was started'
	# Again, as if the answer had been lost.
	rm "$D/platforms/slurm.jobs"
	place
	follow
	is "$(last_of hhhh1 .status)" USER_CANCELED 'nor is it when it is submitted again'
}

# The record has no job: it may be about to be submitted.
cancelled_before_its_job() {
	setup early
	spec bbbb1 short >trials
	{ cat trials; cancel bbbb1; } | slurm watch >statuses
	is "$(last_of bbbb1 .status)" USER_CANCELED 'cancelled before it was submitted'
	cp trials specs
	place
	follow
	is "$(last_of bbbb1 .status)$(starts)" USER_CANCELED 'it does not start afterwards'
}

cancelled_by_somebody_else() {
	setup gone
	spec gggg1 long >specs
	place
	{ cat trials; wait_for test -e "$D/trials/gggg1/runs"; scancel "$(jq -r .job trials)"; } | slurm watch >statuses
	is "$(last_of gggg1 '"\(.status) \(.infra) \(.reason)"')" \
		"SYS_CANCELED null somebody else has cancelled job $(jq -r .job trials)" 'scancel by hand is SYS_CANCELED'
}

too_long() {
	setup late '' 'maxTrialDuration: 1s'
	spec llll1 long >specs
	place
	follow
	is "$(last_of llll1 '"\(.status) \(.reason)"')" 'EARLY_STOPPED maxTrialDuration of 1 s reached' \
		'maxTrialDuration is kept to the second'
}

# Nothing of a job in which we are, nor of how this is written, comes to trials.
environment() {
	mkdir env_bin
	printf '#!/bin/sh\n[ "$1 $2 $3" = "load a/1 b c" ] || exit\necho loaded >"$NNI_OUTPUT_DIR/module"\n' >env_bin/module
	chmod +x env_bin/module
	setup env "modules: [a/1, 'b c']
  preCommand: 'export NNI_OF_PRE=\"it is\" # so'"
	spec eeee1 env >specs
	(
		SLURM_CPUS_PER_TASK=7 SLURM_JOB_ID=99 LC_ALL=C.UTF-8
		PATH=$PWD/env_bin:$PATH
		export SLURM_CPUS_PER_TASK SLURM_JOB_ID LC_ALL
		umask 022
		place
	)
	follow
	is "$(grep -c '^SLURM_CPUS_PER_TASK=7\|^SLURM_JOB_ID=99\|^nni_' "$D/trials/eeee1/env")" 0 \
		'a trial gets nothing of a job in which we are'
	is "$(grep '^LC_ALL\|^NNI_PLATFORM=\|^0' "$D/trials/eeee1/env" | sort | xargs)" \
		'0022 LC_ALL=C.UTF-8 NNI_PLATFORM=local' 'but the locale and umask of the user'
	is "$(grep ^NNI_OF_PRE "$D/trials/eeee1/env") $(cat "$D/trials/eeee1/module")" 'NNI_OF_PRE=it is loaded' \
		'and what modules and preCommand give it'
}

out_of_reach() {
	setup away
	mkdir -p away-bin
	for c in squeue sbatch; do
		cat >away-bin/$c <<S
#!/bin/sh
[ ! -e '$PWD/is-away' ] || { echo '$c: error: Unable to contact slurm controller (connect failure)' >&2; exit 1; }
exec '$(command -v $c)' "\$@"
S
		chmod +x away-bin/$c
	done
	spec aaaa1 until >specs
	touch is-away
	: >trials
	{ cat specs; wait_for grep tried trials; rm is-away; } |
		(PATH=$PWD/away-bin:$PATH; slurm submit >trials)
	is "$(jq -r 'select(.type == "error") | .message' trials | sed 's/.*error: //' | sort -u)" \
		'Unable to contact slurm controller (connect failure)' 'Slurm is away: that is told'
	is "$(jq -r 'select(.job) | .trial' trials)" aaaa1 'and it is placed when that is over'
	grep '"job"' trials >placed
	: >statuses
	{ cat placed; wait_for said aaaa1 RUNNING; touch is-away; wait_for said aaaa1 UNKNOWN
		rm is-away; touch "$D/slurm/go"; } | (PATH=$PWD/away-bin:$PATH; slurm watch >statuses)
	is "$(jq -r .status statuses | grep -v WAITING | xargs | sed 's/UNKNOWN RUNNING/UNKNOWN/')" \
		'RUNNING UNKNOWN SUCCEEDED' 'UNKNOWN while squeue fails, and nothing is lost'
}

elsewhere() {
	mkdir -p shared
	setup far "sharedDirectory: $PWD/shared"
	spec ffff1 short >specs
	mkdir -p "$D/trials/ffff1"
	place
	follow
	is "$(last_of ffff1 .status)" SUCCEEDED 'with sharedDirectory it runs there'
	is "$(cat trials statuses | slurm collect | grep -c '"value":1.50')" 1 'its metrics are found'
	is "$(readlink "$D/trials/ffff1")" "$PWD/shared/far/trials/ffff1" 'and its directory'
	slurm clean
	is "$(ls shared)" '' 'clean leaves nothing there'
}

odd_names() {
	odd="an it's 5% \"odd\" \\n place"
	mkdir "$odd"
	cd "$odd" || exit 1
	setup odd
	{ spec nnnn1 short; spec nnnn2 long; } >specs
	place
	{ cat trials; wait_for test -e "$D/trials/nnnn2/runs"; cancel nnnn2; } | slurm watch >statuses
	is "$(last_of nnnn1 .status) $(last_of nnnn2 .status)" 'SUCCEEDED USER_CANCELED' \
		'odd characters in the name of the directory'
	slurm clean
	ok $? 'it is cleaned up'
	[ ! -e "$D/slurm" ] && [ -e "$D/trials/nnnn1/parameter.cfg" ]
	ok $? 'what trials made is left'
	cd .. || exit 1
}

# nni-run and all that it has started are killed, and it goes on.
killed_and_resumed() {
	setup whole
	sed 's/\[short\]}/[until]}, x: {_type: uniform, _value: [0, 1]}/' whole.yml >chain.yml
	setsid nni-run --id chain chain.yml >log 2>&1 &
	pid=$!
	d=$NNI_EXPERIMENTS/chain
	wait_for sh -c '[ "$(wc -l <"$1")" -ge 3 ]' - "$d/slurm/started"
	kill -s KILL -- "-$pid"
	wait $pid 2>/dev/null
	touch "$d/slurm/go"
	nni-run --resume chain >log 2>&1 || diag "$(tail -5 log)"
	is "$(jq -r 'select(.type == "status" and .status == "SUCCEEDED") | .trial' "$d/events.jsonl" | sort -u | wc -l)" 4 \
		'killed and resumed, all trials end well'
	is "$(sort "$d/slurm/started" | uniq -d)" '' 'and none was started twice'
}

# ---- what can be played with the stand-in only ----

ended_from_outside() {
	setup outside
	states='NODE_FAIL PREEMPTED BOOT_FAIL TIMEOUT OUT_OF_MEMORY FAILED FAILED'
	n=0
	for s in $states; do n=$((n + 1)); spec "xxxx$n" long; done >specs
	place
	{
		cat trials
		n=0
		for s in $states; do
			n=$((n + 1))
			wait_for test -e "$D/trials/xxxx$n/runs"
			# As a Slurm without cgroups does.
			[ $n != 6 ] || sed -n 's/.*"id":"\(.*\)".*/slurmstepd-n1: error: StepId=\1.batch exceeded memory limit (9 > 1), being killed/p' \
				"$D/trials/xxxx6/.nni/state" >>"$D/slurm/out"
			act "$(jq -r "select(.trial == \"xxxx$n\") | .job" trials)" "$s"
		done
	} | slurm watch >statuses
	for n in 1 2 3; do
		s=$(echo "$states" | cut -d ' ' -f $n)
		is "$(last_of xxxx$n '"\(.status) \(.infra) \(.reason)"' | sed 's/job [^:]*/job N/')" \
			"FAILED true job N: $s" "$s is not the fault of the trial"
	done
	is "$(last_of xxxx4 '"\(.status) \(.infra) \(.reason)"')" \
		"FAILED null Slurm's time limit was reached (TIMEOUT): raise \`time\`" 'TIMEOUT is'
	is "$(last_of xxxx5 '"\(.status) \(.infra) \(.reason)"')" \
		'FAILED null out of memory: raise memorySize' 'and OUT_OF_MEMORY'
	is "$(last_of xxxx6 '"\(.status) \(.infra) \(.reason)"')" \
		'FAILED null out of memory: raise memorySize' 'also when Slurm calls that FAILED'
	like "$(last_of xxxx7 '"\(.status) \(.infra) \(.reason)"')" \
		'FAILED true job * was killed on its node (FAILED): slurm/out may say why' 'a kill that nobody owns is not'
}

# MinJobAge is over.
forgotten() {
	setup forgotten
	{ spec yyyy1 short; spec yyyy2 long; } >specs
	place
	{ cat trials; wait_for test -e "$D/trials/yyyy2/runs"
		act "$(jq -r 'select(.trial == "yyyy2") | .job' trials)" NODE_FAIL; } | slurm watch >statuses
	touch "$STANDIN_SLURM/forget"
	follow
	is "$(last_of yyyy1 .status)" SUCCEEDED 'a job that Slurm has forgotten has written its end'
	like "$(last_of yyyy2 '"\(.status) \(.infra) \(.reason)"')" 'FAILED true job * is gone, and nothing says how it ended' \
		'or it is told that nothing is known'
	touch "$STANDIN_SLURM/accounting"
	follow
	like "$(last_of yyyy2 '"\(.status) \(.infra) \(.reason)"')" 'FAILED true job *: NODE_FAIL' 'unless sacct knows it'
	is "$(slurm watch --once <trials | jq -r .status | sort | xargs)" 'FAILED SUCCEEDED' 'the same with --once'
	rm "$STANDIN_SLURM/forget" "$STANDIN_SLURM/accounting"
}

no_more_jobs() {
	setup limit
	for n in 1 2 3 4 5; do spec "qqqq$n" until; done >specs
	echo 2 >"$STANDIN_SLURM/limit"
	: >trials
	slurm submit <specs >trials &
	wait_for grep -q 'policy' trials
	touch "$D/slurm/go"
	wait $!
	is "$(jq -r 'select(.job) | .trial' trials | sort | xargs)" 'qqqq1 qqqq2 qqqq3 qqqq4 qqqq5' \
		'where a user may have few jobs, the others wait'
	rm "$STANDIN_SLURM/limit"
	grep '"job"' trials | slurm watch >statuses
	is "$(grep -c SUCCEEDED statuses)" 5 'and all run'
}

# sbatch is obeyed and hears no answer.
no_answer() {
	setup deaf
	{ spec dddd1 short; spec dddd2 short; } >specs
	touch "$STANDIN_SLURM/deaf"
	place
	rm "$STANDIN_SLURM/deaf"
	is "$(jq -r 'select(.job) | .job' trials | sed 's/_.*//' | uniq | wc -l | xargs) $(grep -c '"job"' trials)" '1 2' \
		'sbatch has timed out, and Slurm has the jobs: they are found'
	grep '"job"' trials | slurm watch >statuses
	is "$(starts | xargs)" 'dddd1 1 dddd2 1' 'and not started again'
}

refused() {
	setup refused 'partition: nope'
	spec rrrr1 short >specs
	place
	is "$(jq -r '"\(.status) \(.infra) \(.reason)"' trials)" \
		'FAILED null sbatch: Batch job submission failed: Invalid partition name specified' \
		'what sbatch refuses has failed, in its words'
	is "$(slurm check | jq -r 'select(.type == "error") | "\(.message); \(.hint)"')" \
		"there is no partition 'nope'; set partition to one of: debug gpu " 'check says what to do'
	cp "$D/config.json" good.json
	for case in '{time: 7200}|set less, or another partition' \
		'{memorySize: 9000}|ask for less than a node has (cpuNumber, memorySize, gres, nodes): sinfo -o "%R %c %m %G"' \
		'{gres: "foo"}|set gres or trialGpuNumber to what nodes have: sinfo -o "%R %G"' \
		'{account: "other"}|set account to one of yours: sacctmgr show associations user=$USER' \
		'{options: ["--nonsense"]}|see options, and what sbatch(1) says of them'; do
		jq ".trainingService[0] += ({partition: \"gpu\"} + ${case%%|*})" good.json >"$D/config.json"
		is "$(slurm check | jq -r 'select(.type == "error") | .hint')" "${case#*|}" "so with ${case%%|*}"
	done
	is "$(slurm check | jq -r 'select(.type == "place") | "\(.place) \(.server) \(.version) \(.code)"')" \
		'slurm lab 22.05.8 unpacked in the directory of the experiment, which nodes have to see' \
		'and which Slurm that is, and where code goes'
	touch "$STANDIN_SLURM/down"
	exits 5 'or that Slurm is away' slurm check
	like "$(cat out)" '*"sinfo: slurm_load_partitions: Unable to contact slurm controller*"*scontrol ping*' 'and how to see'
	rm "$STANDIN_SLURM/down"
	mkdir -p lost-bin
	printf '#!/bin/sh\necho "${0##*/}: fatal: Could not establish a configuration source" >&2\nexit 1\n' >lost-bin/sinfo
	chmod +x lost-bin/sinfo
	is "$(PATH=$PWD/lost-bin:$PATH; slurm check | jq -r 'select(.type == "error") | .message')" \
		'sinfo: Could not establish a configuration source' 'in its words, and no more of them'
}

# All that can be said of a job comes to sbatch.
asked_for() {
	setup asked "partition: gpu
  account: lab
  qos: high
  time: 90s
  cpuNumber: 2
  memorySize: 1GB
  constraint: slow
  nodes: 1
  options: [\"--constraint=fast\", \"--nice=7\"]" 'trialGpuNumber: 1'
	spec tttt1 short >specs
	place
	like "$(grep 'sbatch.*tttt1' "$STANDIN_SLURM/calls")" \
		'*--no-requeue*--partition=gpu --account=lab --qos=high --time=1:30 --cpus-per-task=2 --mem=1024M --constraint=slow --nodes=1 --gres=gpu:1 --constraint=fast --nice=7 *' \
		'sbatch is told all that is asked for'
}

# Where nodes do not see the folder, and where somebody puts a job back.
on_other_nodes() {
	setup nodes
	spec zzzz1 short >specs
	touch "$STANDIN_SLURM/hold"
	place
	mv "$D/trials/zzzz1" unseen
	rm "$STANDIN_SLURM/hold"
	job=$(jq -r .job trials)
	wait_for grep FAILED "$STANDIN_SLURM/jobs/$job"
	mv unseen "$D/trials/zzzz1"
	follow
	like "$(last_of zzzz1 '"\(.status) \(.infra) \(.reason)"')" \
		"FAILED true job $job ended (FAILED) before it came to its folder: is '$D' on a file system that all nodes share?*" \
		'a folder that nodes do not see'
	like "$(cat "$D/slurm/out")" "*nni: job $job on n1 cannot enter *" 'the job has told it, too'
	spec zzzz2 short >specs
	place
	follow
	job=$(jq -r .job trials)
	exits 75 'a job that is put back into the queue does not start its trial again' \
		env SLURM_JOB_ID="$job" sh "$STANDIN_SLURM/script/$job"
	exits 0 'nor does another one' env SLURM_JOB_ID=9999 sh "$STANDIN_SLURM/script/$job"
	is "$(starts)" 'zzzz2 1' 'it was started once'
}

# One squeue for all, at intervals, and none when there is nothing to ask.
politeness() {
	setup polite
	for n in 1 2 3 4 5 6; do spec "pppp$n" until; done >specs
	place
	: >"$STANDIN_SLURM/calls"
	{ cat trials; wait_for said pppp6 RUNNING
		running=$(grep -c squeue "$STANDIN_SLURM/calls")
		echo "$running" >polls
		touch "$D/slurm/go"; } | slurm watch >statuses
	ok "$([ "$(cat polls)" -lt 6 ]; echo $?)" 'six trials are not six questions'
	is "$(grep -c SUCCEEDED statuses)" 6 'and all are told of'
}

# conform TRIALS FILE PARTS: parts of the contract, in the experiment conform;
# to be run in the background.
conform() {
	nni-conformance -n "$1" --only="$3" slurm conform.yml >"$2" 2>&1
	echo "exit $?" >>"$2"
}

# A test for each FILE of conform, c1, c2...
verdicts() {
	for c in c?; do
		grep -qx 'exit 0' $c
		ok $? "the contract: $(sed -n 's/^# \([a-z-]*\): .*/\1/p' $c | xargs)" || diag "$(grep -A4 '^not ok' $c; tail -n 3 $c)"
	done
}

# What must be true wherever Slurm is.
anywhere() {
	many_in_one_array
	without_unzip
	killed_before_it_knew
	killed_sbatch
	submitted_twice
	other_parameters
	cancelled_in_the_queue
	cancelled_before_its_job
	cancelled_by_somebody_else
	too_long
	environment
	out_of_reach
	elsewhere
	odd_names
	killed_and_resumed
}
