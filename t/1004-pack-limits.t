#!/bin/sh
# nni-pack: NNI's limits, and what is said when they are passed.
. "$(dirname "$0")/lib.sh"

mkdir -p f/big/sub f/small
perl -e 'for (1 .. 1990) { open my $f, ">", "f/big/sub/$_" or die }'
perl -e 'for (1 .. 7) { open my $f, ">", "f/small/$_" or die }'
exits 0 'exactly 2000 files and directories' nni-pack -o f.zip f
echo >f/one
exits 3 'one more' nni-pack -o g.zip f
[ ! -e g.zip ]
ok $? 'and no archive'
is "$(cat err)" "nni-pack: error: f/ holds 2001 files and directories, 1 byte; more than 2000 (--max-files)
folders with the most files:
        1990  big/sub/
           7  small/
largest folders:
      1 byte  ./
is it the right directory? leave folders out by a .nniignore, or raise the limit (0: none)" \
	'who is to blame'
exits 0 'a higher limit' nni-pack --max-files 2001 -o f.zip f
exits 0 'no limit' nni-pack --max-files 0 -o f.zip f
exits 0 '--list lists all the same' nni-pack --list f
is "$(wc -l <out) $(grep -c 'warning: .*more than 2000' err)" '2001 1' 'and warns'
echo small/ >f/.nniignore
exits 0 'what is ignored does not count' nni-pack -o f.zip f
mkdir f/.git; perl -e 'for (1 .. 50) { open my $f, ">", "f/.git/$_" or die }'
exits 0 'nor does version control' nni-pack -o f.zip f
ln -s big f/link; ln -s big/sub f/link2
exits 0 'a link is one entry' nni-pack -q -o f.zip f

mkdir -p s/data/raw s/src
truncate -s 200M s/data/raw/x; truncate -s 90M s/data/y; truncate -s 10M s/src/z
exits 0 'exactly 300 MiB' nni-pack --list s
is "$(cat err)" '' 'pass'
echo >s/a
exits 3 'one byte more' nni-pack -o t.zip s
like "$(cat err)" "nni-pack: error: s/ holds 7 files and directories, 300.0 MiB; more than 300.0 MiB (--max-size)*
largest folders:
   290.0 MiB  data/
   200.0 MiB  data/raw/
    10.0 MiB  src/
is it*" 'the largest folders'
exits 0 'another limit' nni-pack --max-size 301MiB --list s
is "$(cat err)" '' 'passes'
exits 0 'none' nni-pack --max-size 0 -o s.zip s
exits 3 'both' nni-pack --max-size 100KB --max-files 3 -o t.zip s
like "$(cat err)" '*more than 3 (--max-files) and more than *(--max-size)*' 'are named'

# What cannot be read is told only if there is not too much.
if [ "$(id -u)" != 0 ]; then
	mkdir -p f/locked; chmod 0 f/locked
	exits 6 'a directory that cannot be read' nni-pack -q -o t.zip f
	like "$(cat err)" "nni-pack: error: cannot * 'f/locked*': Permission denied" \
		'is named'
	exits 3 'unless there is too much' nni-pack --max-files 10 -o t.zip f
	chmod 700 f/locked
else
	skip 'root reads all' 'a directory that cannot be read'
fi

# A whole home by mistake: the search ends.
if [ -n "${NNI_LONG-}" ]; then
	mkdir -p h/a h/b
	perl -e 'for (1 .. 100001) { open my $f, ">", "h/a/$_" or die }'
	exits 3 'very many files' nni-pack -o t.zip h
	like "$(cat err)" '*at least 100000 files*' 'are not counted to the end'
else
	skip 'NNI_LONG=1 does it' 'very many files'
fi
exits 2 'a negative limit' nni-pack --max-files=-1 -o t.zip s
exits 2 'no size' nni-pack --max-size=much -o t.zip s
done_testing
