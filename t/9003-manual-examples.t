#!/usr/bin/perl
# The EXAMPLES of the manual pages, really run, each in a home that has what they
# speak of.  In a page,
#
#	.\" not run: WHY
#
# before a .Dl or .Bd excepts that one.  Where lines begin with "$ " the others
# are what is printed, "..." being anything; "$ cat FILE" makes the file.  The
# pages of section 5 have no commands.
use strict;
use warnings;
use File::Basename qw(dirname basename);
use File::Spec;
use File::Temp qw(tempdir);

my $top = File::Spec->rel2abs(dirname($0) . '/..');
my $bin = File::Spec->rel2abs($ENV{NNI_BIN} // "$top/bin");
my $dir = tempdir(CLEANUP => 1);
delete $ENV{$_} for grep { /^NNI_/ } keys %ENV;
$ENV{PATH} = "$dir/stubs:$bin:$ENV{PATH}";
$ENV{LC_ALL} = 'C.UTF-8';

my ($n, $failed) = (0, 0);
sub ok {
	my ($good, $name) = @_;
	print $good ? '' : 'not ', 'ok ', ++$n, " - $name\n";
	$failed++ unless $good;
	return $good;
}
sub put {
	my ($file, $text, $mode) = @_;
	open my $f, '>', $file or die "$file: $!";
	print $f $text;
	close $f;
	chmod $mode, $file if $mode;
}

# ---- the pages ----

# Each example's text, without mdoc.
sub examples {
	my ($page) = @_;
	my ($on, $skip, $block, @list);
	open my $in, '<', $page or die "$page: $!";
	while (<$in>) {
		if (/^\.Sh (.*)/) {
			$on = $1 eq 'EXAMPLES';
		} elsif (!$on) {
			next;
		} elsif (/^\.\\" not run: \S/) {
			$skip = 1;
		} elsif (/^\.Dl (.*)/s) {
			push @list, $1 unless $skip;
			$skip = 0;
		} elsif (/^\.Bd/) {
			$block = '';
		} elsif (/^\.Ed/) {
			push @list, $block unless $skip;
			undef $block;
			$skip = 0;
		} elsif (defined $block) {
			$block .= $_;
		}
	}
	for (@list) {
		s/\\e/\\/g;
		s/\\\(dq/"/g;
		s/\\-/-/g;
		s/\\&//g;
	}
	return @list;
}

# A session's commands, with what each prints.
sub session {
	my ($text) = @_;
	return [$text, undef] unless $text =~ /^\$ /m;
	my @parts;
	for (split /^/, $text) {
		if (s/^\$ //) {
			# commands that print nothing go with the next
			if (@parts && !length $parts[-1][1] && $parts[-1][0] !~ /^cat /) {
				$parts[-1][0] .= $_;
			} else {
				push @parts, [$_, ''];
			}
		} elsif ($parts[-1][0] =~ /[|\\]\n\z/ && !length $parts[-1][1]) {
			$parts[-1][0] .= $_;
		} else {
			$parts[-1][1] .= $_;
		}
	}
	return @parts;
}

# ---- what they speak of ----
mkdir "$dir/$_" for qw(stubs world);
put("$dir/stubs/ssh", <<'S', 0755);
#!/bin/sh
case $1 in
-*) # nni-platform-remote
	for c; do :; done
	exec sh -c "$c" ;;
esac
shift
mkdir -p remote && cd remote && exec sh -c "$*"
S
put("$dir/stubs/mail", "#!/bin/sh\ncat >mail\n", 0755);
put("$dir/stubs/train", "#!/bin/sh\necho 0.25\n", 0755);
put("$dir/stubs/evaluate", "#!/bin/sh\necho 0.5\n", 0755);
put("$dir/world/evaluate", "#!/bin/sh\necho \"\$1\" | jq .lr\n", 0755);
my $space = '{"lr": {"_type": "uniform", "_value": [0, 1]}}' . "\n";
put("$dir/world/$_", $space) for qw(space.json search_space.json);
# With a file "slow" a trial waits to be stopped.
my $config = <<'E';
searchSpaceFile: space.json
trialCommand: test ! -e slow || { nni-trial report 0.1 && sleep 600; }; nni-trial report --final "$(nni-trial get lr)"
trialConcurrency: 2
maxTrialNumber: 4
tuner: {name: Random}
E
put("$dir/world/$_", $config . "trainingService: {platform: local}\n") for qw(config.yml sweep.yml);
put("$dir/world/exp.yml", $config . <<'E');
trainingService:
- {platform: local, member: gpu7}
- {platform: local, member: bigbox}
E
put("$dir/world/machines.yml", $config . "trainingService: {platform: remote, machineList: [{host: 192.0.2.2, " .
    "user: bob, agentPath: $bin/nni-platform-local}]}\n");

sub run_in {
	my ($home, $script) = @_;
	put("$home/.script", $script);
	local $ENV{HOME} = $home;
	system("cd '$home' && exec timeout 100 sh -e .script </dev/null >.out 2>.err");
	my $code = $? >> 8;
	open my $f, '<', "$home/.out" or die $!;
	my $out = join '', <$f>;
	return ($code, $out);
}
sub must {
	my ($home, $script) = @_;
	my ($code) = run_in($home, $script);
	return if $code == 0;
	system("sed 's/^/# /' '$home/.err' >&2");
	die "cannot make ready ($code): $script";
}

must("$dir/world", <<'E');
mkdir data
echo 1 >data/train.csv
nni-tune -q -s space.json -n 3 >specs.jsonl
nni-run -q config.yml --id abcd1234 >/dev/null
cd nni-experiments
# the ids that the pages have
i=0
for trial in $(cd abcd1234/trials && ls -d ?????); do
	i=$((i + 1))
	case $i in 1) new=k3xq9 ;; 2) new=p01ab ;; *) continue ;; esac
	mv abcd1234/trials/$trial abcd1234/trials/$new
	find abcd1234 -type f -exec perl -pi -e "s/\b$trial\b/$new/g" {} +
done
for id in fq3k9x2a k3x9a2bc; do cp -R abcd1234 $id; done
mkdir -p ../old/nni-experiments && cp -R abcd1234 ../old/nni-experiments
E

# What is to be done before an example.
sub typed {
	my ($id) = @_;
	return <<"E";
touch slow
rm -rf nni-experiments/$id
nni-run -q --prepare exp.yml --id $id
for t in k3xq9 p01ab; do echo '{"type":"spec","trial":"'\$t'","parameters":{"lr":1}}'; done |
	nni-submit -q -d $id >/dev/null
E
}
my %before = (
	'nni-cancel.1 1' => typed('abcd1234'),
	'nni-cancel.1 2' => typed('abcd1234'),
	'nni.7 7' => typed('k3x9a2bc'),
	'nni-platform-remote.8 1' => "rm -rf nni-experiments/abcd1234\n" .
	    'nni-run -q --prepare machines.yml --id abcd1234',
	'nni-platform-rest.8 1' =>
	    "perl -pi -e 's/\"local\"/\"kubernetes\"/g' nni-experiments/abcd1234/config.json",
	'nni-run.1 1' => 'nni-run -q --prepare config.yml --id k3j2h1a9',
	'nnictl.1 1' => 'touch slow',
	'nnictl.1 2' => 'rm slow',
	'nnictl.1 3' => 'touch slow',
);

# Where nothing is to be done, or found.
my %code = ('nni-assess.1 2' => '4', 'nni-pack.1 2' => '[04]');

# The last program of a pipeline does not tell of the others.
sub complaints {
	my ($home) = @_;
	open my $f, '<', "$home/.err" or die $!;
	return grep { /error:|No such file|not found/ } <$f>;
}

sub try {
	my ($page, $i, $home, $text) = @_;
	my $name = "$page, example $i";
	my $allowed = $code{"$page $i"} // '0';
	must($home, $before{"$page $i"}) if $before{"$page $i"};
	for (session($text)) {
		my ($command, $wanted) = @$_;
		if (defined $wanted && $command =~ /^cat (\S+)$/) {
			put("$home/$1", $wanted);
			next;
		}
		my $first = "$name: $command" =~ s/\n.*//sr;
		# a line of a crontab, and thirty times of something
		$command =~ s{^\*/\d+ \* \* \* \* }{};
		$command =~ s/seq 30/seq 3/;
		if ($page eq 'nni-trial.1') {
			put("$home/trial", $command);
			my $c = $config;
			$c =~ s/^trialCommand.*/trialCommand: sh -e trial/m;
			put("$home/trial.yml", $c . "trainingService: {platform: local}\n");
			$command = "nni-run -q trial.yml >/dev/null";
		}
		my ($code, $out) = run_in($home, $command);
		my $good = ok($code =~ /^$allowed$/ && !complaints($home), $first);
		if ($good && length($wanted // '')) {
			my $pattern = quotemeta $wanted;
			$pattern =~ s/\\\.\\\.\\\.\\\n/.*/g;
			$good = ok($out =~ /\A$pattern\z/s, "$name: prints what it says");
			print STDERR "# got: $out" unless $good;
		}
		next if $good;
		print STDERR "# exit code $code\n";
		system("head -c 1000 '$home/.err' | sed 's/^/# /' >&2");
	}
}

for my $page (sort glob "$top/doc/*.[1-8]") {
	my $name = basename($page);
	next if $name =~ /\.5$/;
	my $home = "$dir/$name";
	my @list = examples($page);
	next unless @list;
	system('cp', '-R', "$dir/world", $home) == 0 or die;
	my $i = 0;
	try($name, ++$i, $home, $_) for @list;
	run_in($home, 'for e in nni-experiments/*; do nnictl stop $e -y || nni-cancel -d $e --all || :; done')
	    if -e "$home/slow";
}
print "1..$n\n";
exit($failed ? 1 : 0);
