#!/usr/bin/env perl
# Nothing is saved, so nothing may be lost: a search is cut short before each of
# its proposals, begun again from the journal, and must make the same proposal.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename;
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $top = abs_path(dirname($0) . '/..');
require "$top/t/filter.pl";
my $dir = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical;

my %types = (
	choice => '["a",1,2.0,null]', randint => '[1,9]', uniform => '[0,1]',
	quniform => '[16,256,16]', loguniform => '[1e-6,1]',
	qloguniform => '[1,128,1]', normal => '[0,1]', qnormal => '[5,3,2]',
	lognormal => '[0,2]', qlognormal => '[0,1.5,1]');
my $all = join ',', map {"\"$_\":{\"_type\":\"$_\",\"_value\":$types{$_}}"} sort keys %types;
my $inner = "\"in\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"p\",$all},{\"_name\":\"q\"}]}";
my $space = "{$all,\"net\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"deep\",$inner},"
    . "{\"_name\":\"flat\",$all},{\"_name\":\"none\"}]}}";
my $finite = '{"a":{"_type":"choice","_value":["x","y",["z"]]},"b":{"_type":"quniform","_value":[0,10,3]},'
    . '"c":{"_type":"choice","_value":[{"_name":"m","d":{"_type":"randint","_value":[0,3]}},{"_name":"n"}]}}';

# Are the parameters a point of the space, inactive branches left out?
sub fits {
	my ($p, $s) = @_;
	return '' if exists $p->{n} && !exists $s->{n}; # Batch: no wrapping
	my %left = map { $_ => 1 } grep { $_ ne '_name' } keys %$p;
	for my $k (grep { $_ ne '_name' } keys %$s) {
		my ($type, $v) = @{$s->{$k}}{qw(_type _value)};
		return "no $k" if !exists $p->{$k};
		delete $left{$k};
		my $x = $p->{$k};
		if ($type eq 'choice' && ref $v->[0] && ref $v->[0] eq 'HASH') {
			my ($branch) = grep { $_->{_name} eq $x->{_name} } @$v;
			my $why = $branch ? fits($x, $branch) : "$k: branch?";
			return $why if $why;
		} elsif ($type eq 'choice') {
			return "$k: not of the list"
			    if !grep { $json->encode([$_]) eq $json->encode([$x]) } @$v;
		} elsif ($type eq 'randint') {
			return "$k: $x" if $x !~ /^\d+$/ || $x < $v->[0] || $x >= $v->[1];
		} elsif ($type =~ /uniform/) {
			return "$k: $x" if $x < $v->[0] || $x > $v->[1];
		}
		return "$k: $x is no step" if $type =~ /^q(uni|norm|lognorm)/
		    && abs($x / $v->[2] - sprintf('%.0f', $x / $v->[2])) > 1e-9;
	}
	return %left ? 'left over: ' . join(',', sort keys %left) : '';
}

# A search with a few at once, in no order, some failing: its journal.
my $phases = 0; # trials ask for further parameters
sub search {
	my ($name, $space_text, $steps, @args) = @_;
	my $file = "$dir/$name.json";
	open my $fh, '>', $file or die;
	print $fh $space_text;
	close $fh;
	@args = ('-q', '-s', $file, '--seed', 3, @args);
	my $s = JSON::PP->new->decode($space_text);
	my $f = Filter->start('nni-tune', @args);
	my (@journal, @running, $wrong, %phase);
	my ($state, $id) = (12345, 0);
	my $chance = sub { $state = ($state * 1103515245 + 12345) % 2**31; ($state >> 8) % $_[0] };
	my $put = sub { push @journal, $_[0]; $f->say($_[0]) };
	for my $step (1 .. $steps) {
		while (@running < 1 + $chance->(4)) {
			$f->say('{"type":"ask","n":1}');
			my $spec = $f->line;
			# an ask without an answer is void
			push @journal, '{"type":"ask","n":3}';
			if ($spec =~ /no_more/) {
				push @journal, $spec;
				last;
			}
			my $trial = sprintf 'a%04d', $id++;
			$wrong ||= fits(decode_json($spec)->{parameters}, $s);
			$spec =~ s/^\{"type":"spec",/{"type":"spec","trial":"$trial","attempt":1,"sequence":7,/;
			push @journal, $spec;
			push @running, [$trial, $id - 1, $id - 1];
		}
		last if !@running;
		my ($trial, $n, $first) = @{splice @running, $chance->(scalar @running), 1};
		my %who = (trial => $trial, attempt => 1);
		# nni-run feeds the number, the journal does not have it
		my $both = sub {
			my %r = (%who, @_);
			push @journal, $json->encode(\%r);
			$f->say($json->encode({%r, parameter_id => $n}));
		};
		$both->(type => 'status', status => 'RUNNING');
		$both->(type => 'metric', kind => 'intermediate', value => 3, sequence => 0);
		my $dice = $chance->(10);
		my $value = $dice == 1 ? 'NaN' : $dice == 2 ? {default => $chance->(50)}
		    : $chance->(100) / 7;
		$both->(type => 'metric', kind => 'final', value => $value, sequence => 0)
		    if $dice > 0;
		if ($phases && $chance->(3)) {
			my $k = ++$phase{$trial};
			$both->(type => 'metric', kind => 'request', parameter_index => $k);
			$f->say('{"type":"ask","n":1}');
			my $spec = $f->line;
			push @journal, "{\"type\":\"ask\",\"trial\":\"$trial\",\"n\":1}";
			if ($spec !~ /no_more/) {
				$spec =~ s/"spec",/"update","trial":"$trial","attempt":1,"parameter_index":$k,/;
				$put->($spec);
				push @running, [$trial, $id++, $first];
				next;
			}
			push @journal, $spec;
			$put->("{\"type\":\"update\",\"trial\":\"$trial\",\"parameter_index\":$k,\"parameters\":null}");
		}
		$n = $first; # the trial's own
		$both->(type => 'status', status => $dice == 3 ? 'FAILED'
			: $dice == 4 ? 'EARLY_STOPPED' : 'SUCCEEDED');
	}
	my ($rest, $code, $stderr) = $f->end;
	is "@$rest$code$stderr", '0', "$name: a search";
	is $wrong, '', "$name: all proposals lie in the space";
	return (\@args, \@journal);
}

sub replays {
	my ($name, $args, $journal) = @_;
	my $file = "$dir/journal";
	my ($bad, $cuts) = (0, 0);
	for my $cut (0 .. $#$journal) {
		my $next = $journal->[$cut];
		next if $next !~ /"type":"(spec|no_more)"|"update".*"parameter_id"/;
		open my $fh, '>', $file or die;
		print $fh "$_\n" for @$journal[0 .. $cut - 1];
		print $fh substr $next, 0, 20; # a torn line
		close $fh;
		my ($lines) = Filter->run(
		    'nni-tune', @$args, '--journal', $file, '-n', 1);
		my $got = $lines->[0] // '{"type":"no_more"}';
		$next =~ s/"update"/"spec"/;
		$next =~ s/"trial".*?"(sequence|parameter_index)":\d+,//;
		$cuts++;
		$bad++ or diag "got $got\nwanted $next" if $got ne $next;
	}
	cmp_ok $cuts, '>', 10, "$name: $cuts cuts";
	is $bad, 0, "$name: each goes on as the search did";
}

replays('TPE', search('TPE', $space, 60, '-t', 'TPE', '-a',
	'{"tpe_args":{"n_startup_jobs":4}}'));
for my $liar (qw("worst" "mean" null)) {
	replays("TPE $liar", search("TPE-$liar" =~ s/"//gr, $space, 25, '-t', 'TPE',
		'-a', "{\"tpe_args\":{\"n_startup_jobs\":4,\"constant_liar_type\":$liar}}"));
}
replays('TPE, finite', search('finite', $finite, 80, '-t', 'TPE', '-a',
	'{"tpe_args":{"n_startup_jobs":4}}'));
replays('Random', search('Random', $space, 20, '-t', 'Random'));
replays('Random, finite', search('Random-finite', $finite, 80, '-t', 'Random'));
replays('GridSearch', search('GridSearch', $finite, 80, '-t', 'GridSearch'));
replays('Batch', search('Batch', '{"x":{"_type":"choice","_value":['
	. join(',', map {"{\"n\":$_}"} 1 .. 30) . ']}}', 40, '-t', 'Batch'));

# Multi-phase trials: each phase is a proposal with its own result.
$phases = 1;
replays('TPE, phases', search('TPE-phases', $space, 50, '-t', 'TPE', '-a',
	'{"tpe_args":{"n_startup_jobs":4}}'));
replays('GridSearch, phases', search('Grid-phases', $finite, 80, '-t', 'GridSearch'));
$phases = 0;

# An absent journal is an empty one; a bad line in it is told and passed over.
{
	my ($args) = search('plain', $finite, 1, '-t', 'Random');
	my $tune = sub {
		my ($lines, $code, $stderr) = Filter->run('nni-tune', @$args, '-n', 2, @_);
		return ("@$lines", $code, $stderr);
	};
	my ($fresh) = $tune->();
	is(($tune->('--journal', "$dir/absent"))[0], $fresh, 'no journal yet');
	open my $fh, '>', "$dir/bad" or die;
	print $fh "nonsense\n{\"type\":\"ask\",\"n\":5}\n";
	close $fh;
	my ($got, $code, $stderr) = $tune->('--journal', "$dir/bad");
	is $stderr, "nni-tune: error: $dir/bad:1: not JSON: column 1: expected a value\n",
	    'a bad line is named';
	is "$got$code", "${fresh}0", 'and has no effect';
	($got, $code) = $tune->('--journal', $dir);
	is $code, 5, 'a journal that cannot be read is an outside failure';
}
done_testing;
