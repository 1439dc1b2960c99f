#!/usr/bin/perl
# Every rule's message, to the letter: t/data/config/errors.txt has the input and
# what must be said.  t/0101-config-errors.t --write prints the file anew.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Spec;
use File::Temp qw(tempdir);

my $t = File::Spec->rel2abs(dirname($0));
my $bin = $ENV{NNI_BIN} // "$t/../bin";
$bin = File::Spec->rel2abs($bin);
my $dir = tempdir(CLEANUP => 1);

open my $in, '<:raw', "$t/data/config/errors.txt" or die $!;
my (@cases, $case, $part, $head);
while (<$in>) {
	if (/^### (.*)/) {
		$case = {name => $1, input => '', wanted => '', options => ''};
		push @cases, $case;
		$part = 'input';
	} elsif (!$case) {
		$head .= $_;
	} elsif (/^--- ?(.*)/) {
		$case->{options} = $1;
		$part = 'wanted';
	} elsif ($part ne 'wanted' || /\S/) {
		$case->{$part} .= $_;
	}
}

# What the cases find around them.
chdir $dir or die $!;
make_path('code', 'tuners');
for (['space.json', '{"x": {"_type": "uniform", "_value": [0, 1]}}'],
    ['bad-space.json', "{\"x\": {\"_type\": \"uniform\",\n \"_value\": [1, 0]}}"],
    ['broken-space.json', "{\"x\": {\"_type\": \"uniform\", \"_value\": [1, 0]},\n" .
	"\"y\": {\"_type\": \"unifrom\", \"_value\": [0, 1]},\n" .
	"\"z\" {\"_type\": \"uniform\", \"_value\": [0, 1]}}"],
    ['key', ''], ['tuners/my.py', ''], ['job.yml', '{}']) {
	open my $f, '>', $_->[0] or die $!;
	print $f $_->[1];
}
my %macro = (
	head => "searchSpace: {x: {_type: uniform, _value: [0, 1]}}\n" .
	    "trialCommand: ./t\ntrialConcurrency: 1\ntuner: {name: Random}\n",
	document => "---\n",
	local => "trainingService: {platform: local}\n",
	v1 => "trialConcurrency: 1\nsearchSpacePath: space.json\n" .
	    "tuner: {builtinTunerName: Random}\n",
	trial => "trial: {command: ./t, codeDir: code}\n",
);

sub run {
	my ($case) = @_;
	my $text = $case->{input};
	$text =~ s/^%(\w+)\n/$macro{$1}/mg;
	open my $f, '>:raw', 'c.yml' or die $!;
	print $f $text;
	close $f;
	chmod 0600, 'c.yml'; # it may have passwords
	system("'$bin/nni-config' --check $case->{options} c.yml >out 2>err </dev/null");
	my $code = $? >> 8;
	open my $e, '<:raw', 'err' or die $!;
	my $said = join '', <$e>;
	$said =~ s/\Q$dir\E/DIR/g;
	return ($code, $said, -s 'out');
}

if (@ARGV && $ARGV[0] eq '--write') {
	binmode STDOUT;
	print $head;
	for (@cases) {
		my ($code, $said) = run($_);
		my $options = length $_->{options} ? " $_->{options}" : '';
		print "### $_->{name}\n$_->{input}---$options\n$said\n";
	}
	exit 0;
}

print '1..', 3 * @cases, "\n";
my $n = 0;
my $failed = 0;
sub ok {
	my ($good, $name) = @_;
	print $good ? '' : 'not ', 'ok ', ++$n, " - $name\n";
	$failed++ unless $good;
	return $good;
}
for (@cases) {
	my ($code, $said, $size) = run($_);
	my $notes_only = !grep { !/: note: / } split /\n/, $_->{wanted};
	unless (ok($said eq $_->{wanted}, "$_->{name}: is said")) {
		print STDERR "# $_->{name}\n";
		print STDERR "# got:    $_\n" for split /\n/, $said;
		print STDERR "# wanted: $_\n" for split /\n/, $_->{wanted};
	}
	ok($code == ($notes_only ? 0 : 3), "$_->{name}: exit code");
	ok(!$size, "$_->{name}: nothing on standard output");
}
exit($failed ? 1 : 0);
