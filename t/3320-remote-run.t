#!/bin/sh
# Whole runs on machines that ssh reaches.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
. "$TOP/t/remote.sh"

sshd_needed
trial_code
ln -s . code/here
ln -s trial.sh code/linked.sh
for m in one two; do sshd_start $m; done
sshd_absent gone

# All that is said to machines can be read in ./sent.
cat >tee <<E
#!/bin/sh
mkfifo $PWD/in.\$\$
exec 3<&0
tee -a $PWD/sent <&3 >$PWD/in.\$\$ 3<&- &
exec $NNI_SSH "\$@" <$PWD/in.\$\$ 3<&-
E
chmod +x tee

# ---- two machines, and one that is not there ----
SSHD_TRIALS=8 SSHD_CONCURRENCY=4 sshd_experiment c.yml 'sh here/linked.sh wait' one two gone
NNI_SSH=$PWD/tee nni-run --id a c.yml >out 2>err </dev/null &
pid=$!
wait_for ready one && wait_for ready two
touch go.a go.b go.c
wait $pid
is $? 0 'an experiment with a machine that is not there'
is "$(faults a 8)" '' 'each trial is started once, by way of links, and gives its results once'
is "$(cut -d' ' -f2 starts.a | sort -u)" "$(sshd_home one)
$(sshd_home two)" 'both machines are used'
is "$(events a 'select(.type=="trial")|[.platform,.place]|join(" ")' | sort -u)" \
	"$( (echo "remote $(sshd_place one)"; echo "remote $(sshd_place two)") | sort)" \
	'a trial record names member and place'
like "$(cat err)" "*$(sshd_place gone): *efused*" 'the machine is named, and why'
grep -q '"type":"file"' sent
ok $? 'the code is sent'

rm sent said
NNI_SSH=$PWD/tee exits 0 'the experiment again' nni-run --id b c.yml
is "$(faults b 8)" '' 'does as well'
is "$(grep -c '"type":"file"' sent)" 0 'and sends no code'

# ---- none of them is there ----
sshd_stop one
sshd_stop two
nni-run --id c c.yml >out 2>err </dev/null &
pid=$!
all_tell() {
	for m in one two gone; do
		grep WAITING out | grep -q "$(sshd_place $m): .*efused" || return
	done
}
wait_for all_tell
ok $? 'with no machine at all trials are WAITING, with the reasons'
sshd_again two
wait $pid
is "$? $(faults c 8)" '0 ' 'and run when there is one'

done_testing
