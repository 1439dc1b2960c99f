#!/bin/sh
# Which trial gets which GPU, and why one has to wait; nvidia-smi is a script.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"

mkdir smi
PATH=$PWD/smi:$PATH
uuid=GPU-$$-$(date +%s)
stop_at_end "rm -f /tmp/nni-gpu/$uuid-*"

# gpus 'PROCESSES OF 0' 'PROCESSES OF 1' ...: "812 /usr/lib/xorg/Xorg;913 x"
gpus() {
	{
		echo "<?xml version=\"1.0\" ?><nvidia_smi_log><attached_gpus>$#</attached_gpus>"
		i=0
		for processes; do
			echo "<gpu id=\"0$i\"><product_name>T4</product_name><uuid>$uuid-$i</uuid><processes>"
			echo "$processes" | tr ';' '\n' | while read -r pid name; do
				[ -z "$pid" ] || echo "<process_info><pid>$pid</pid><type>C+G</type><process_name>$name</process_name></process_info>"
			done
			echo '</processes></gpu>'
			i=$((i + 1))
		done
		echo '</nvidia_smi_log>'
	} >smi/xml
	printf '#!/bin/sh\n[ "$*" = "-q -x" ] || exit 9\necho x >>"%s/looks"\ncat "%s/xml"\n' \
		"$PWD/smi" "$PWD/smi" >smi/nvidia-smi
	chmod +x smi/nvidia-smi
}
gpu() { experiment "$PWD/$1" "${3-sleep 1000}" ",\"trialGpuNumber\":$2" ',"killGrace":0.3'; }
credit() { "$L" submit --dir "$1" </dev/null >c; grep credit c | tail -n 1; }
visible() { # DIR ID
	wait_for grep -qsz ^CUDA_VISIBLE_DEVICES= "/proc/$(session "$1" "$2")/environ"
	tr '\0' '\n' <"/proc/$(session "$1" "$2")/environ" | sed -n 's/^CUDA_VISIBLE_DEVICES=//p'
}
stop() { # what was started of the last submit, or these
	d=$1
	shift
	[ $# -gt 0 ] || set -- $(jq -r 'select(.job).trial' answers)
	{ jobs_of "$PWD/$d" "$@"; for id; do cancel "$id"; done; } | watch "$d" >/dev/null
}
one() { jq -r 'select(.job).trial' answers | head -n 1; }
[ -r /proc/self/environ ] || skip_all 'reads environments in /proc'

# ---- one GPU each ----
gpus '' ''
gpu a 1
sed 's/"trialConcurrency":1000/"trialConcurrency":9/' a/config.json >n && mv n a/config.json
# submit with GPUs says its credit when it has looked: keep its input open
credit_of() {
	rm -f said
	wait_for grep -q '"credit"' said | "$L" submit --dir "$1" >said
	grep '"credit"' said | tail -n 1
}
is "$(credit_of a | field n)" 2 'two idle GPUs: two trials'
submit "$PWD/a" aaaa1 aaaa2 aaaa3 >/dev/null
set -- $(jq -r 'select(.job).trial' answers)
first=$1 second=$2
is $# 2 'two start'
is "$(jq -rc 'select(.type == "no_room").type' answers)" no_room 'the third has no room'
like "$(jq -rc 'select(.type == "no_room").reason' answers)" \
	'gpu 0 has 1 trial of this experiment; gpu 1 has 1 trial of this experiment' 'which says why'
free=$(visible a "$first")
is "$( (visible a "$first"; visible a "$second") | sort)" "$(printf '0\n1')" 'each has its own'
is "$(credit_of a | field n)" 0 'no credit left'

# ---- another experiment ----
gpu b 1
is "$(credit_of b | jq -c '[.n,.reason]')" \
	"[0,\"gpu 0 taken by experiment $(id -un):a; gpu 1 taken by experiment $(id -un):a\"]" \
	'another experiment gets none of them'
experiment "$PWD/b" 'sleep 1000' ',"trialGpuNumber":1,"maxTrialNumberPerGpu":4,"useActiveGpu":true'
is "$(credit_of b | field n)" 0 'whatever it asks for'
for p in $(keeper a "$first") $(session a "$first"); do
	kill -9 "$p"
	while kill -0 "$p" 2>/dev/null; do :; done
done
is "$(credit_of b | field n)" 4 'a dead keeper holds no GPU'
submit "$PWD/b" bbbb1 bbbb2 bbbb3 bbbb4 bbbb5 >/dev/null
is "$(grep -c '"job"' answers)" 4 'four share one GPU (G3)'
is "$(visible b "$(one)")" "$free" 'the one that is free'
stop b
stop a "$second"
is "$(credit_of a | field n)" 2 'ended trials give theirs back'

# ---- sharing, indices, several ----
experiment "$PWD/s" 'sleep 1000' ',"trialGpuNumber":2,"maxTrialNumberPerGpu":2' ',"killGrace":0.3'
is "$(credit_of s | field n)" 2 'two trials of two GPUs each share both (G1, G3)'
submit "$PWD/s" ssss1 ssss2 ssss3 >/dev/null
is "$(grep -c '"job"' answers)" 2 'they do'
is "$(visible s "$(one)")" 0,1 'both visible, in order'
stop s
experiment "$PWD/i" 'sleep 1000' ',"trialGpuNumber":1,"gpuIndices":[1]' ',"killGrace":0.3'
submit "$PWD/i" iiii1 iiii2 >/dev/null
is "$(visible i "$(one)")" 1 'gpuIndices'
is "$(jq -r 'select(.type == "no_room").reason' answers)" 'gpu 1 has 1 trial of this experiment' \
	'no other GPU'
stop i

# ---- strangers ----
sleep 1000 & stranger=$!
stop_at_end "kill $stranger 2>/dev/null"
gpus "$stranger /usr/lib/xorg/Xorg" '999999 gone'
sees_all() { ! portable && [ "$(readlink /proc/self/ns/pid)" = 'pid:[4026531836]' ]; }
if sees_all; then
	is "$(credit_of a | field n)" 1 'a GPU with a process is busy; one whose process is gone is not'
else
	skip 'not all processes of the machine can be seen' 'a process that is gone'
fi
# As in a container: nvidia-smi tells the host's pids, and they are not there.
if ! portable && unshare -Urpf --mount-proc true 2>/dev/null; then
	is "$(unshare -Urpf --mount-proc "$L" check --dir a | jq -c '[.gpus[]?.process]')" \
		'["Xorg","gone"]' 'a process that cannot be seen counts'
else
	skip 'no namespaces of pids' 'a process that cannot be seen counts'
fi
! sees_all || gone='999999 gone;'
gpus "${gone-}$stranger /usr/lib/xorg/Xorg"
is "$(credit_of a | jq -c '[.n,.reason]')" "[0,\"gpu 0 busy: pid $stranger Xorg\"]" \
	'and the reason names it'
experiment "$PWD/v" 'sleep 1000' ',"trialGpuNumber":1,"useActiveGpu":true' ',"killGrace":0.3'
is "$(credit_of v | field n)" 1 'useActiveGpu takes it anyway'
submit "$PWD/v" vvvv1 >/dev/null
is "$(grep -c '"job"' answers)" 1 'and starts there'
stop v
submit "$PWD/a" aaaa4 >/dev/null
is "$(jq -r .reason answers)" "gpu 0 busy: pid $stranger Xorg" 'a trial is given back for it'
exits 0 'check' "$L" check --dir a
is "$(jq -c '[.n,.gpus[0].process]' out)" '[0,"Xorg"]' 'shows it'

# Our own trial makes a GPU busy: not for this experiment (G2).
gpus ''
experiment "$PWD/m" 'sleep 1000' ',"trialGpuNumber":1,"maxTrialNumberPerGpu":2' ',"killGrace":0.3'
submit "$PWD/m" mmmm1 >/dev/null
gpus "$(session m mmmm1) python"
is "$(credit_of m | field n)" 1 'its own process does not count as a stranger (G2)'
stop m

# ---- what can never be ----
gpu x 3
gpus '' ''
exits 3 'check: more GPUs than there are' "$L" check --dir x
like "$(grep error out)" '*trialGpuNumber is 3, but this machine has 2 GPUs*hint*' 'said so'
is "$(credit_of x | jq -c '[.n,.reason]')" '[0,"trialGpuNumber is 3, but this machine has 2 GPUs"]' \
	'no credit, with the reason'
is "$(submit "$PWD/x" xxxx1 | jq -c '[.status,.infra]')" '["FAILED",null]' 'a trial fails at once'
experiment "$PWD/y" 'sleep 1000' ',"trialGpuNumber":1,"gpuIndices":[0,7]'
exits 3 'check: an index that does not exist' "$L" check --dir y
like "$(grep error out)" '*gpuIndices names GPU 7*' 'said so'

# ---- nvidia-smi has bad days ----
printf '#!/bin/sh\necho "Failed to initialize NVML"; exit 15\n' >smi/nvidia-smi
exits 5 'check: nvidia-smi fails' "$L" check --dir a
like "$(credit_of a | field reason)" 'the GPUs cannot be seen: *' 'no credit, with the reason'
is "$(submit "$PWD/a" aaaa5 | field type)" no_room 'a trial is given back'
gpus '' ''
{
	sleep 0.5
	printf '#!/bin/sh\nexit 1\n' >smi/nvidia-smi
	sleep 4.5
	trial "$PWD/a" aaaa6
	sleep 1
} | "$L" submit --dir a >answers
is "$(grep -c '"job"' answers)" 1 'one look that fails changes nothing (G12)'
stop a aaaa6
rm smi/nvidia-smi
if command -v nvidia-smi >/dev/null; then
	skip 'there is a real one' 'no nvidia-smi'
else
	like "$(credit_of a | field reason)" "*cannot run 'nvidia-smi'*" 'no nvidia-smi'
fi

# Many at once for few slots: never two of one slot.
gpus '' ''
experiment "$PWD/z" 'sleep 1000' ',"trialGpuNumber":1,"maxTrialNumberPerGpu":3' ',"killGrace":0.3'
for n in 1 2 3 4; do
	for id in 1 2 3 4 5; do trial "$PWD/z" "z${n}00$id"; done | "$L" submit --dir z >z$n &
	pids="${pids-} $!"
done
wait $pids
is "$(cat z? | grep -c '"job"')" 6 'twenty at once for six slots: six start'
cat z? >answers
stop z
is "$(stat -c %a /tmp/nni-gpu 2>/dev/null || echo 1777)" 1777 'the folder of locks is for all'
done_testing
