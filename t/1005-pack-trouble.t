#!/bin/sh
# nni-pack: bad input and bad days leave no half archive and no other file.
. "$(dirname "$0")/lib.sh"
build=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)
TMPDIR=$PWD/tmp; mkdir tmp; export TMPDIR
mkdir -p t/d dest && echo a >t/a && echo b >t/d/b && seq 200000 >t/numbers

# ---- usage ----
exits 2 'no directory' nni-pack
exits 2 'two directories' nni-pack t t
exits 2 'two things at once' nni-pack --list --digest t
exits 2 'a file' nni-pack -o dest/a.zip t/a
is "$(cat err)" "nni-pack: error: 't/a' is not a directory" 'is no directory'
exits 2 'none' nni-pack -o dest/a.zip absent
is "$(cat err)" "nni-pack: error: there is no directory 'absent'" 'there is none'
exits 2 'no threads' nni-pack -j0 -o dest/a.zip t
exits 2 'a directory as archive' nni-pack -o dest t
exits 2 'a device as archive' nni-pack -o /dev/null t
[ -c /dev/null ]
ok $? 'which is still there'
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	script -qec 'nni-pack t; echo $? >code' /dev/null </dev/null >said 2>&1
	is "$(cat code)" 2 'no archive on a terminal'
else
	skip 'no script(1)' 'no archive on a terminal'
fi

# ---- the place of the archive ----
exits 5 'no such directory' nni-pack -o missing/a.zip t
is "$(cat err)" "nni-pack: error: cannot write 'missing/a.zip': No such file or directory" 'is told'
nni-pack -o t/self.zip t >one && nni-pack -o t/self.zip t >two
is "$(cat two)" "$(cat one)" 'the archive does not pack itself'
rm t/self.zip
if [ "$(id -u)" != 0 ]; then
	mkdir locked && chmod 555 locked
	exits 6 'a directory without permission' nni-pack -o locked/a.zip t
	chmod 700 locked
	chmod 0 t/a
	exits 6 'a file without permission' nni-pack -o dest/a.zip t
	is "$(cat err)" "nni-pack: error: cannot open 't/a': Permission denied" 'is named'
	chmod 644 t/a
else
	skip 'root may all' 'no permission'
fi
echo old >dest/old.zip
(trap '' XFSZ; ulimit -f 64; exits 5 'a file too large' nni-pack -o dest/old.zip t) | grep -v '^1\.\.'
tests=$((tests + 1))
is "$(ls dest): $(cat dest/old.zip)" 'old.zip: old' 'leaves the old one, and nothing else'
nni-pack t 2>err | head -c1 >/dev/null
is "$(ls tmp)" '' 'nor does a reader that goes'

# ---- every write fails once ----
failio=$build/t/failio.so
if [ -e "$failio" ] && [ -z "${ASAN_OPTIONS-}" ]; then
	nni-pack -o whole.zip t >said
	with() { env LD_PRELOAD="$failio" "$@"; }
	for how in '-o dest/old.zip' '' '--digest'; do
		# shellcheck disable=SC2086
		with FAILIO_COUNT="$PWD/n" nni-pack $how t >said 2>&1
		total=$(cat n) n=1 bad=
		rm n; echo old >dest/old.zip
		while [ $n -le "$total" ]; do
			# shellcheck disable=SC2086
			# stderr is a pipe: the full disk does not concern it.
			told=$(with FAILIO_N=$n nni-pack $how t 2>&1 >said; echo $?)
			case $told in
			"nni-pack: error: cannot "*"
5") ;;
			*) bad="$bad $n:$told" ;;
			esac
			[ "$(ls dest tmp | tr '\n' ' ')" = 'dest: old.zip  tmp: ' ] ||
				bad="$bad $n:$(ls dest tmp)"
			# All is done when the directory cannot be flushed.
			[ "$(cat dest/old.zip)" = old ] ||
				cmp -s dest/old.zip whole.zip || bad="$bad $n:torn"
			n=$((n + 1))
		done
		ok $((total < 2)) "nni-pack $how: $total calls that write"
		is "$bad" '' 'if one fails: exit 5, the old one or the new one, nothing else'
	done
	n=1 bad=
	while [ $n -le 8 ]; do
		echo old >dest/old.zip
		with FAILIO_N=$n FAILIO_KILL=1 nni-pack -o dest/old.zip t >said 2>err
		[ "$(cat dest/old.zip)" = old ] || cmp -s dest/old.zip whole.zip ||
			bad="$bad $n"
		n=$((n + 1))
	done
	is "$bad" '' 'killed at any write: the old one or the new one is there'
	rm -f dest/*
else
	skip 'no failio.so (make helpers)' 'every write fails once'
fi

# ---- interrupted ----
mkfifo pipe
seq 3000000 >t/more
for signal in 15 2 1; do
	# The archive waits for its reader, with its file in tmp/.
	perl -e '$SIG{$_} = "DEFAULT" for qw(INT TERM HUP); exec @ARGV' \
		nni-pack t >pipe 2>err &
	pid=$!
	exec 4<pipe
	dd bs=1 count=1 <&4 >said 2>/dev/null
	[ "$(ls tmp | wc -l)" = 1 ]
	ok $? 'an unfinished archive'
	kill -$signal $pid
	wait $pid 2>/dev/null
	is $? $((128 + signal)) "ends by signal $signal"
	is "$(ls tmp)" '' 'and leaves nothing'
	exec 4<&-
done

# ---- others work in the same directory ----
meddle=$build/t/meddle.so
if [ -e "$meddle" ] && [ -z "${ASAN_OPTIONS-}" ]; then
	mkdir m && echo 1 >m/vanishes && echo 22 >m/it-grows &&
		echo 333 >m/shrinks && echo 4444 >m/z
	head -c 9000000 /dev/zero >m/large-shrinks
	head -c 9000000 /dev/zero >m/large-grows
	exits 0 'files that change' env LD_PRELOAD="$meddle" nni-pack -o m.zip m
	is "$(sed 's/.*warning: //' err)" "'it-grows' changed while it was packed
'large-grows' changed while it was packed
'large-shrinks' changed while it was packed
'shrinks' changed while it was packed
'vanishes' vanished and is not packed" 'are told'
	unzip -tq m.zip >/dev/null
	ok $? 'the archive is sound'
	is "$(unzip -p m.zip it-grows shrinks z | tr '\n' ,)" '22,34444,' \
		'with what was there'
	is "$(unzip -p m.zip large-grows | wc -c)" 9000000 'as long as it was'
	head -c 9000000 /dev/zero >m/large-goes
	exits 5 'a part that vanishes' env LD_PRELOAD="$meddle" nni-pack -j1 -o v.zip m
	like "$(cat err)" "*error: 'm/large-goes' vanished while it was packed" 'is told'
	[ ! -e v.zip ]
	ok $? 'no archive'
else
	skip 'no meddle.so (make helpers)' 'files that change'
fi

# ---- deep ----
mkdir deep && (cd deep && perl -e 'for (1 .. 150) { mkdir "d" x 20 or die; chdir "d" x 20 or die }
	open my $f, ">", "end" or die')
exits 0 'three thousand characters deep' nni-pack -o deep.zip deep
is "$(unzip -Z1 deep.zip | tail -1 | wc -c)" 3154 'all of them'
done_testing
