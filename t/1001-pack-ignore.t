#!/usr/bin/perl
# nni-pack: .nniignore against the judge, git check-ignore.
#
# Random trees with random ignore files, each also there as .gitignore; for
# every path of a tree, and some that are not in it, `git check-ignore -v` and
# `nni-pack --why` must name the same rule, and `git ls-files` and
# `nni-pack --list` the same files.
#
#	SEED=n ROUNDS=n prove t/1001-pack-ignore.t
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);

my $top = abs_path(dirname($0) . '/..');
my $bin = $ENV{NNI_BIN} // "$top/bin";
my $pack = "$bin/nni-pack";
my $seed = $ENV{SEED} // time ^ $$;
my $rounds = $ENV{ROUNDS} // 60;
my $number = 0;

if (system('git --version >/dev/null 2>&1') != 0) {
	print "1..0 # SKIP no git\n";
	exit 0;
}
srand $seed;
print "# seed $seed\n";
$ENV{GIT_CONFIG_NOSYSTEM} = 1;
$ENV{GIT_CONFIG_GLOBAL} = '/dev/null';
$ENV{LC_ALL} = 'C';
delete @ENV{grep { /^GIT_(DIR|WORK_TREE|INDEX)/ } keys %ENV};

my $trash = tempdir('nni-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub ok
{
	my ($good, $name) = @_;

	printf "%sok %d - %s\n", $good ? '' : 'not ', ++$number, $name;
	return $good;
}

sub put
{
	my ($path, $text) = @_;

	open(my $f, '>:raw', $path) or die "$path: $!";
	print $f $text;
	close $f;
}

sub pick { return $_[int rand @_]; }

# ---- trees ----

my @names = ('a', 'b', 'ab', 'abc', 'a.o', 'b.c', 'A', 'B.o', 'foo', 'bar',
	'a b', 'a ', ' a', '#a', '!a', '[a]', 'a*b', '*', '?', 'x]', '-', 'a-c',
	"\xc3\xa9", "\xc3\xa9t\xc3\xa9", 'a\\b', '\\', '^', ':', "t\tt", "v\x0bv",
	"f\x0cf", '1', '42', '_', '.a', '.b.c', 'zzz', "\x7f", 'a.b.c', 'aaaa');

sub grow
{
	my ($dir, $depth, $paths) = @_;
	my %done;

	for (1 .. 3 + int rand 4) {
		my $name = pick(@names);
		next if $done{$name}++;
		my $path = "$dir/$name";
		my $kind = rand;
		if ($kind < 0.45 && $depth < 4) {
			mkdir $path or die "$path: $!";
			push @$paths, $path;
			grow($path, $depth + 1, $paths);
		} elsif ($kind < 0.55) {
			# To a directory, but no directory.
			symlink '..', $path or die "$path: $!";
			push @$paths, $path;
		} else {
			put($path, '');
			push @$paths, $path;
		}
	}
}

# ---- patterns ----

my @atoms = ('*', '**', '?', '[a-c]', '[!a]', '[^b-z]', '[]a]', '[]-]',
	'[a-]', '[[:alpha:]]', '[[:space:]]', '[![:digit:]_]', '[[:punct:]]',
	'[[:upper:][:digit:]]', '[[:cntrl:]]', '[[:blank:]x]', '[[:graph:]]',
	'[[:print:]]', '[[:xdigit:]]', '[[:alnum:].]', '[[:lower:]]',
	'[[:foo:]]', '[[:alpha', '[[:]a]', '[[::]', '[[:alpha:', '[a', '[',
	'[\\]]', '[\\a-\\c]', '[a-\\]]', '[c-a]', '[*]', '[?]', '[a/b]', ']',
	'\\a', '\\*', '\\?', '\\[', '\\\\', '\\', '\\#', '\\!', '\\ ', ' ',
	'a', 'b', 'c', '.', 'o', '#', '!', '-', "\xc3\xa9", '***', '**a', 'a**',
	"\t", '[--a]', '[a-c-e]', '[\\', '[!]a]', '[^]a]', '[[a]');

sub component
{
	return pick(@names) if rand() < 0.35;
	return pick('**', '*', '*.o', '.*', '?*') if rand() < 0.3;
	return join '', map { pick(@atoms) } 1 .. 1 + int rand 4;
}

sub pattern
{
	my ($paths) = @_;
	my $text;

	return pick('', '#', '# comment', '!', '/', '//', '!/', ' ', '  ', '\\',
	    "\r", "a\r", '**/', '/**', '/**/', '**/**', "a\0b", '\\ ', 'a\\ ',
	    'a\\  ', 'a \\ ', '***/a', 'a/***', '*/', '/*', '!*/', '!/*')
	    if rand() < 0.15;
	if (rand() < 0.35) {
		# Something that is there, perhaps with a wildcard in it.
		$text = pick(@$paths);
		$text =~ s{^.*?/}{} if rand() < 0.5;
		$text =~ s{^.*/}{} if rand() < 0.3;
		$text =~ s/([\\*?\[])/\\$1/g if rand() < 0.7;
		if (rand() < 0.6) {
			my $at = int rand length $text;
			substr($text, $at, 1 + int rand 3) = pick(@atoms);
		}
		$text =~ s{/[^/]*/}{/**/} if rand() < 0.2;
	} else {
		$text = join '/', map { component() }
		    1 .. 1 + (rand() < 0.5 ? 0 : int rand 4);
	}
	$text = "/$text" if rand() < 0.2;
	$text .= '/' if rand() < 0.2;
	$text = "!$text" if rand() < 0.25;
	$text .= ' ' x int rand 3 if rand() < 0.1;
	$text .= "\r" if rand() < 0.05;
	$text =~ s/\n//g;
	return $text;
}

sub ignore_file
{
	my ($paths) = @_;
	my $text = join "\n", map { pattern($paths) } 1 .. 1 + int rand 8;

	$text .= "\n" if rand() < 0.8;
	$text = "\xef\xbb\xbf$text" if rand() < 0.1;
	return $text;
}

# ---- one round ----

# What git says: path => "FILE:LINE:PATTERN", '' where no rule matches.
sub ask_git
{
	my ($dir, $paths) = @_;
	my %said;

	put("$trash/paths", join "", map { "./$_\0" } @$paths); # "./": ":" is magic
	open(my $git, '-|', "cd '$dir' && git check-ignore -v -n -z --no-index"
	    . " --stdin <../paths") or die;
	local $/;
	my @f = split /\0/, <$git>, -1;
	close $git;
	while (@f > 3) {
		my ($file, $line, $pattern, $path) = splice @f, 0, 4;
		$path =~ s/^\.\///;
		$file =~ s/\.gitignore$/.nniignore/;
		$said{$path} = $line eq '' ? '' : "$file:$line:$pattern";
	}
	return \%said;
}

sub ask_pack
{
	my ($dir, $paths) = @_;
	my %said;

	open(my $why, '-|', $pack, (map { ('--why', $_) } @$paths), $dir)
	    or die;
	local $/;
	my $all = <$why>;
	close $why;
	for my $path (@$paths) {
		$all =~ s/^(?:packed|left\ out|absent)\t\Q$path\E\t
			(?:nothing\ is\ there;\ would\ be\ packed:\ )?(.*)\n//x
		    or return { '' => "no answer for $path: $all" };
		$said{$path} = $1 eq 'no rule matches' ? '' : $1;
	}
	return \%said;
}

sub list_git
{
	my ($dir) = @_;

	open(my $git, '-|', "cd '$dir' && git ls-files -o -z"
	    . " --exclude-per-directory=.gitignore") or die;
	local $/ = "\0";
	my @files = sort grep { !/^(.*\/)?\.gitignore$/ }
	    map { s/\0$//r } <$git>;
	close $git;
	return join "\n", @files;
}

sub list_pack
{
	my ($dir) = @_;

	open(my $list, '-|', $pack, '-q', '--list', '-0', $dir) or die;
	local $/ = "\0";
	my @files = sort grep { !/\/$/ && !/^(.*\/)?\.gitignore$/ }
	    map { s/\0$//r } <$list>;
	close $list;
	return join "\n", @files;
}

sub show
{
	my ($dir, $what) = @_;

	print STDERR "# seed $seed: $what\n";
	for my $file (split /\n/,
	    `find '$dir' -name .git -prune -o -name .nniignore -print`) {
		open(my $f, '<:raw', $file) or next;
		print STDERR "# $file:\n";
		print STDERR "#\t", s/([^ -~])/sprintf '\\x%02x', ord $1/ger, "\n"
		    for map { chomp; $_ } <$f>;
		close $f;
	}
}

sub compare
{
	my ($dir, $paths) = @_;
	my $cases = 0;
	my $git = ask_git($dir, $paths);
	my $our = ask_pack($dir, $paths);

	for my $path (@$paths) {
		$cases++;
		next if ($git->{$path} // 'none') eq ($our->{$path} // 'none');
		show($dir, "'$path': git says '" . ($git->{$path} // 'none')
		    . "', we say '" . ($our->{$path} // $our->{''}) . "'");
		return (0, $cases);
	}
	my ($theirs, $ours) = (list_git($dir), list_pack($dir));
	if ($theirs ne $ours) {
		show($dir, "lists differ:\n$theirs\n---\n$ours");
		return (0, $cases);
	}
	return (1, $cases);
}

my $git_dir = "$trash/template.git";
system("git init -q --bare '$git_dir'") == 0 or die;

sub new_tree
{
	my ($name) = @_;
	my $dir = "$trash/$name";

	mkdir $dir or die;
	put("$dir/.git", "gitdir: ../template.git\n");
	return $dir;
}

sub ignores
{
	my ($dir, $text) = @_;

	put("$dir/.nniignore", $text);
	put("$dir/.gitignore", $text);
}

system("git -C '$git_dir' config core.bare false") == 0 or die;
system("git -C '$git_dir' config core.ignoreCase false") == 0 or die;
my ($all, $failed) = (0, 0);
for my $round (1 .. $rounds) {
	my $dir = new_tree("r$round");
	my @paths;
	grow($dir, 0, \@paths);
	$_ = substr $_, 1 + length $dir for @paths;
	my @dirs = grep { -d "$dir/$_" && !-l "$dir/$_" } @paths;
	ignores($dir, ignore_file(\@paths));
	for my $sub (@dirs) {
		ignores("$dir/$sub", ignore_file(\@paths)) if rand() < 0.3;
	}
	my @more = map { (@dirs ? pick(@dirs) . '/' : '') . pick(@names) } 1 .. 5;
	my %seen;
	my @ask = grep { !$seen{$_}++ && !/\n/ } @paths, @more;
	my ($good, $cases) = compare($dir, \@ask);
	$all += $cases;
	$failed++ unless $good;
	last if $failed > 3;
}
ok($failed == 0, "$all random cases as git decides them");

# Each of these once went wrong, here or in somebody's imitation of git.
my @fixed = (
	['a**/b', 'ab', 'ax/b', 'a/b', 'a/x/b'],
	['**/b', 'b', 'a/b', 'a/x/b', 'xb'],
	['a/**', 'a', 'a/b', 'a/x/b'],
	['a/**/b', 'a/b', 'a/x/b', 'a/x/y/b'],
	['a/**\\/b', 'a/b', 'a/x/b'],
	['*a*a*a*a*a*a*a*a*b', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
	["data/*\n!data/keep", 'data/x', 'data/keep', 'data/keep/y'],
	["data/\n!data/keep", 'data/x', 'data/keep'],
	['/a', 'a', 'b/a'],
	['/a[!x]b', 'a/b', 'acb', 'axb'],
	['/a?b', 'a/b', 'acb'],
	['a/', 'a', 'a/x'],
	["\xef\xbb\xbfa", 'a'],
	["a\r\n", 'a'],
	['a\\ ', 'a '],
	["[[:space:]]", "\x0b", "\x0c", "\t"],
	["\\", "\\"],
	["[]a]", ']', 'a'],
);
my $n = 0;
for my $case (@fixed) {
	my ($text, @paths) = @$case;
	my $dir = new_tree('f' . $n++);
	my $name = $text =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
	ignores($dir, $text);
	mkdir "$dir/a" if $text eq 'a/';
	mkdir "$dir/data";
	mkdir "$dir/data/keep";
	ok((compare($dir, \@paths))[0], "as git: $name");
}
print "1..$number\n";
exit($failed ? 1 : 0);
