#!/bin/sh
# nni-pack: what is in the archive, and that it is always the same bytes.
. "$(dirname "$0")/lib.sh"
umask 022
python=$(command -v python3) || skip_all 'no python3'
command -v unzip >/dev/null || skip_all 'no unzip'

# Every field that could tell who packed it, where or when.
show() {
	"$python" - "$1" <<-'END'
	import sys, zipfile
	z = zipfile.ZipFile(sys.argv[1])
	assert z.testzip() is None
	assert z.comment == b''
	for i in z.infolist():
	    assert i.create_system == 3 and i.create_version == 20, i
	    assert i.date_time == (1980, 1, 1, 0, 0, 0), i
	    assert i.flag_bits == 0x800 and i.extra == b'' and i.comment == b'', i
	    assert i.internal_attr == 0 and i.volume == 0, i
	    print(i.filename, oct(i.external_attr >> 16)[2:],
	        i.external_attr & 0xffff, i.compress_type, i.file_size)
	END
}

mkdir -p tree/dir/deep tree/empty tree/-odd 'tree/with blank'
echo text >tree/plain
: >tree/nothing
seq 1000 >tree/numbers
echo ': run' >tree/run; chmod 755 tree/run
chmod 654 tree/numbers
echo 'print(1)' >tree/dir/train.py
printf '#!/bin/sh\n' >tree/dir/tool
echo pl >tree/dir/x.pl; echo sh >tree/dir/x.sh; echo no >tree/dir/x.sh.txt
echo deep >tree/dir/deep/file
echo u >'tree/with blank/é中😀'
echo o >tree/-odd/-o
ln -s ../plain tree/dir/link
ln -s deep tree/dir/to-dir
ln -s nowhere tree/dangling
ln -s . tree/loop
head -c 3000 /dev/urandom >tree/random

exits 0 'packs' nni-pack -o a.zip tree
is "$(cat err)" '' 'and has nothing to say'
is "$(cat out)" "{\"type\":\"pack\",\"digest\":\"sha256:$(sha256sum <a.zip |
	cut -d' ' -f1)\",\"files\":13,\"directories\":5,\"links\":4,\"bytes\":$(
	find tree -type f -exec cat {} + | wc -c),\"packed\":$(wc -c <a.zip)}" \
	'the record'
is "$(show a.zip)" "$(cat <<'END'
-odd/-o 100644 0 0 2
dangling 120777 0 0 7
dir/deep/file 100644 0 0 5
dir/link 120777 0 0 8
dir/to-dir 120777 0 0 4
dir/tool 100755 0 0 10
dir/train.py 100755 0 0 9
dir/x.pl 100755 0 0 3
dir/x.sh 100755 0 0 3
dir/x.sh.txt 100644 0 0 3
empty/ 40755 16 0 0
loop 120777 0 0 1
nothing 100644 0 0 0
numbers 100644 0 8 3893
plain 100644 0 0 5
random 100644 0 0 3000
run 100755 0 0 6
with blank/é中😀 100644 0 0 2
END
)" 'names, modes, methods and sizes'
exits 0 'unzip is content' unzip -tq a.zip
exits 0 'zipinfo is content' unzip -Z -v a.zip
grep -q 'minimum software version.* 2.0' out
ok $? 'version 2.0 is needed'
mkdir back && unzip -q a.zip -d back
ok $? 'unzips'
rm -f 'back/dir/x'
diff -r --no-dereference tree back
ok $? 'to the same tree'
is "$(nni-pack --list tree | grep -v '[^y]/$')" "$(unzip -Z1 a.zip)" '--list tells the same'
is "$(nni-pack --list tree | grep '[^y]/$' | tr '\n' ,)" '-odd/,dir/,dir/deep/,with blank/,' \
	'and the other directories'
is "$(nni-pack -l0 tree | tr '\0' '\n')" "$(nni-pack -l tree)" 'with NULs too'

# ---- the same bytes ----
same() { cmp a.zip b.zip; ok $? "$1"; }
for n in 1 2 3 16; do
	nni-pack -j $n -o b.zip tree >/dev/null; same "the same by $n threads"
done
nni-pack tree >b.zip; same 'the same on stdout'
nni-pack tree | cat >b.zip; same 'and on a pipe'
nni-pack -o b.zip ./tree/ >/dev/null; same 'the same by another path'
ln -s tree way; nni-pack -o b.zip way >/dev/null; same 'or a link to it'
(cd tree && nni-pack -o ../b.zip . >/dev/null); same 'or from within'
find tree -exec touch -h -d '2001-02-03' {} +
chmod 700 tree/run; chmod 600 tree/plain; chmod 700 tree/dir
(umask 077; TZ=Asia/Tokyo LC_ALL=C nni-pack -o b.zip tree >/dev/null)
same 'whatever times, time zone, umask and other permissions'
is "$(nni-pack --digest tree)" "sha256:$(sha256sum <a.zip | cut -d' ' -f1)" \
	'--digest tells its digest'
mkdir other && (cd tree && find . -depth | sort -r | cpio -pdm ../other 2>/dev/null ||
	cp -a . ../other)
nni-pack -o b.zip other >/dev/null; same 'the same from a copy'
echo more >>other/plain
[ "$(nni-pack --digest other)" != "$(nni-pack --digest tree)" ]
ok $? 'another digest for other contents'

# ---- nothing, and much ----
mkdir none
exits 0 'an empty directory' nni-pack -o none.zip none
is "$(wc -c <none.zip)" 22 'is an empty archive'
"$python" -c 'import zipfile; assert zipfile.ZipFile("none.zip").namelist() == []'
ok $? 'that others can read'

# Sizes around the chunks that large files are cut into, of three kinds.
mkdir large
for size in 4194303 4194304 4194305 8388608 12582915; do
	seq 3000000 | head -c $size >large/n$size
	head -c $size /dev/zero >large/z$size
done
perl -e 'srand 1; binmode STDOUT;
	print pack("N*", map { int rand 2**32 } 1 .. 1 << 16), "x" x 100000
	    for 1 .. 30' >large/mixed
perl -e 'srand 2; binmode STDOUT;
	print pack("N*", map { int rand 2**32 } 1 .. 1 << 18) for 1 .. 5' >large/random
exits 0 'large files' nni-pack -o l.zip large
unzip -tq l.zip >/dev/null && show l.zip >shown
ok $? 'unzip and Python read them'
bad=
for f in large/*; do
	unzip -p l.zip "${f#large/}" | cmp -s - "$f" || bad="$bad $f"
done
is "$bad" '' 'byte for byte'
nni-pack -j1 -o b.zip large >/dev/null && cmp l.zip b.zip
ok $? 'the same by one thread'
(cd large && zip -qr ../theirs.zip .) 2>/dev/null &&
	[ "$(wc -c <l.zip)" -le "$(wc -c <theirs.zip)" ]
ok $? 'not larger than what zip makes'

# More entries than the old format has numbers for.
mkdir many
perl -e 'for (1 .. 66000) { open my $f, ">", "many/$_" or die; }'
exits 0 '66,000 files' nni-pack --max-files 0 -o m.zip many
is "$("$python" -c 'import zipfile; print(len(zipfile.ZipFile("m.zip").namelist()))')" \
	66000 'zip64: all are in it'
unzip -tqq m.zip
ok $? 'and unzip finds them'

if [ -n "${NNI_LONG-}" ]; then
	mkdir huge
	truncate -s 5G huge/sparse; echo end >>huge/sparse
	echo x >huge/tail.sh
	# What cannot be compressed, so that entries begin beyond 4 GiB too.
	head -c 4100M /dev/urandom >huge/noise
	exits 0 'more than 4 GiB' nni-pack --max-size 0 -o h.zip huge
	mv out record
	is "$("$python" - <<-'END'
	import zipfile
	for i in zipfile.ZipFile("h.zip").infolist():
	    print(i.filename, i.create_system, oct(i.external_attr >> 16), i.file_size)
	END
	)" 'noise 3 0o100644 4299161600
sparse 3 0o100644 5368709124
tail.sh 3 0o100755 2' 'zip64: sizes, and modes kept'
	unzip -tq h.zip >/dev/null
	ok $? 'unzip reads it'
	like "$(cat record)" "*\"sha256:$(sha256sum <h.zip | cut -d' ' -f1)\"*" 'its digest'
else
	skip 'NNI_LONG=1 does it' 'more than 4 GiB'
fi
done_testing
