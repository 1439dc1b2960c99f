#!/bin/sh
# nni-pack: what is left out, what is said of names, --why and --list.
. "$(dirname "$0")/lib.sh"

# ---- version control ----
mkdir -p v/.git/objects v/sub/.git v/.hg v/.svn v/.bzr v/CVS v/_darcs v/mod v/x.git
echo x | tee v/.git/config v/sub/.git/config v/.hg/a v/x.git/y v/a v/sub/b \
	v/CVS/Root v/.svn/e v/.bzr/e v/_darcs/e >v/.gitignore
echo 'gitdir: ../.git/modules/mod' >v/mod/.git
exits 0 'version control' nni-pack --list v
is "$(tr '\n' ' ' <out)" '.gitignore a mod/ sub/ sub/b x.git/ x.git/y ' 'is left out'
is "$(cat err)" "nni-pack: left out, version control: .bzr, .git, .hg, .svn, CVS and 3 more (--keep-vcs keeps them)" \
	'which is said, once'
exits 0 'quietly' nni-pack -q --list v
is "$(cat err)" '' 'not at all by -q'
echo '!.git' >v/.nniignore
is "$(nni-pack -q -l v | grep -c '^\.git/')" 0 'a pattern does not take it in again'
is "$(nni-pack -l --keep-vcs v | grep -c '^\.git/\|/\.git\|CVS')" 8 '--keep-vcs does'

# ---- neither file nor link ----
mkdir -p s/d && mkfifo s/pipe s/d/pipe && echo x >s/a
perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_STREAM, 0;
	bind $s, pack_sockaddr_un("s/socket") or die'
exits 0 'a named pipe and a socket' nni-pack --list s
is "$(tr '\n' ' ' <out)" 'a d/ ' 'are left out'
is "$(cat err)" 'nni-pack: left out, neither files nor links: d/pipe, pipe, socket' 'which is said'
echo pipe >s/.nniignore; echo socket >>s/.nniignore
nni-pack --list s >out 2>err
is "$(cat err)" '' 'not of what is ignored'

# ---- names ----
mkdir n
for name in 'a:b' 'a?' 'tail.' 'tail ' nul aux.txt 'CON' 'lpt9.x.y' 'com¹' \
	'con .txt' 'back\slash' 'conin$' 'quote"'; do echo x >"n/$name"; done
for name in console nul1 com com10 a.nul lpt .con 'com²x' con-; do echo x >"n/$name"; done
mkdir n/prn; echo x >n/Readme; echo y >n/README; echo z >n/other
exits 0 'names that Windows cannot hold' nni-pack -o n.zip n
like "$(cat err)" 'nni-pack: warning: names that Windows cannot hold: CON is the name of a device, a:b has one of < > : " | [?] [*] *, a[?] has *, aux.txt *, back* and 10 more' 'are a warning'
exits 3 'or, by --portable, an error' nni-pack --portable -o p.zip n
[ ! -e p.zip ]
ok $? 'and no archive'
for name in 'a:b' 'a?' 'tail.' 'tail ' nul aux.txt CON lpt9.x.y 'com¹' \
	'con .txt' 'back\slash' 'conin$' 'quote"' prn Readme; do rm -rf "n/$name"; done
exits 0 'the others are fine' nni-pack --portable -o n.zip n
is "$(cat err)" '' 'and nothing is said of them'
mkdir n/Dir n/dir; echo x >n/Dir/f; echo x >n/dir/f
nni-pack --list n >out 2>err
is "$(cat err)" "nni-pack: warning: names that Windows cannot hold: dir differs only by case from 'Dir'" \
	'directories that differ only by case'
mkdir latin && printf x >"$(printf 'latin/caf\351')" && mkdir "$(printf 'latin/d\377')"
exits 3 'a name that is not UTF-8' nni-pack -o l.zip latin
like "$(cat err)" 'nni-pack: error: names that are not UTF-8: *; rename them, or leave them out by a .nniignore' 'is named'
printf 'caf?\nd?\n' >latin/.nniignore
exits 0 'unless it is ignored' nni-pack -o l.zip latin

# ---- links ----
mkdir -p k/d && ln -s /etc/passwd k/abs && ln -s ../../x k/d/up &&
	ln -s ../x k/d/in && ln -s d/../../k/y k/out && ln -s ./d/.././z k/z && ln -s .. k/top
exits 0 'links that lead out' nni-pack -o k.zip k
is "$(sed 's/.*warning: //; s/ is a link.*to / /; s/,.*//' err | tr '\n' ' ')" \
	"'abs' '/etc/passwd' 'd/up' '../../x' 'out' 'd/../../k/y' 'top' '..' " 'are told'
is "$(unzip -Z1 k.zip | tr '\n' ' ')" 'abs d/in d/up out top z ' 'and packed'

# ---- --why ----
mkdir -p w/data/keep w/.git; echo x | tee w/data/a.csv w/data/keep/b w/c.py w/.git/x >w/d.pyc
printf '# caches\n*.pyc\ndata/*\n!data/keep\n' >w/.nniignore
printf 'b  \n' >w/data/keep/.nniignore; mkfifo w/fifo
exits 4 'why: left out' nni-pack --why d.pyc w
is "$(cat out)" 'left out	d.pyc	.nniignore:2:*.pyc' 'by this rule'
exits 0 'why: packed' nni-pack --why c.py --why data/keep --why ./data/ w
is "$(cat out)" 'packed	c.py	no rule matches
packed	data/keep	.nniignore:4:!data/keep
packed	data/	no rule matches' 'in spite of which rules'
exits 4 'why: others' nni-pack --why c.py --why data/a.csv --why data/keep/b \
	--why .git/x --why fifo --why absent --why absent.pyc/ w
is "$(cat out)" "packed	c.py	no rule matches
left out	data/a.csv	.nniignore:3:data/*
left out	data/keep/b	data/keep/.nniignore:1:b
left out	.git/x	version control: '.git' (--keep-vcs keeps it)
left out	fifo	neither a file, a directory nor a link
absent	absent	nothing is there; would be packed: no rule matches
left out	absent.pyc/	.nniignore:2:*.pyc" 'each with its reason'
exits 0 'why: --keep-vcs' nni-pack --keep-vcs --why .git/x w
exits 2 'why: a path elsewhere' nni-pack --why /etc/passwd w
exits 4 'why: an absolute path' nni-pack --why "$PWD/w//sub/../d.pyc" w
is "$(cat out)" 'left out	d.pyc	.nniignore:2:*.pyc' 'is fine within'
exits 2 'why: a path that leads out' nni-pack --why a/../../x w

exits 4 'why: a path that is not there' nni-pack --why src/modle.py w
is "$(cat out err)" 'absent	src/modle.py	nothing is there; would be packed: no rule matches' 'says that'

# ---- the ignore file itself ----
mkdir -p i/sub; echo x >i/a; echo a >i/list; ln -s list i/.nniignore
is "$(nni-pack -l i | tr '\n' ' ')" '.nniignore a list sub/ ' 'a link is not read'
rm i/.nniignore; mkdir i/.nniignore; echo y >i/.nniignore/z
is "$(nni-pack -l i | tr '\n' ' ')" '.nniignore/ .nniignore/z a list sub/ ' 'nor a directory'
rm -r i/.nniignore; printf '*\n' >i/.nniignore
is "$(nni-pack -l i)" '' 'all can be ignored'
exits 0 'which is a legal archive' nni-pack -o i.zip i
done_testing
