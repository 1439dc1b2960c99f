#!/usr/bin/env perl
# nni-tune as a filter: asks, results, what may go wrong with them.
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

sub file {
	my ($name, @lines) = @_;
	open my $fh, '>', "$dir/$name" or die;
	print $fh "$_\n" for @lines;
	close $fh;
	return "$dir/$name";
}
sub final {
	my ($id, $value, @more) = @_;
	return $json->encode({type => 'metric', kind => 'final',
		parameter_id => $id, value => $value, @more});
}
sub status {
	my ($id, $trial, $status, @more) = @_;
	return $json->encode({type => 'status', parameter_id => $id,
		trial => $trial, status => $status, @more});
}
my $ask = '{"type":"ask","n":1}';

my $x = file('x.json', '{"x":{"_type":"uniform","_value":[0,1]}}');
my $small = file('small.json',
    '{"a":{"_type":"choice","_value":[1,2]},"b":{"_type":"choice","_value":[1,2]}}');

# ---- asks ----
for my $t (qw(TPE Random GridSearch)) {
	my $f = Filter->start('nni-tune', '-q', '-s', $small, '-t', $t, '--seed', 1);
	$f->say('{"type":"ask","n":3}');
	my @ids = map { decode_json($f->line)->{parameter_id} } 1 .. 3;
	is "@ids", '0 1 2', "$t: numbers count from 0";
	$f->say('{"type":"ask","n":3}');
	my @types = map { decode_json($f->line)->{type} } 1 .. 3;
	is "@types", 'spec no_more no_more', "$t: exactly n lines, whatever they are";
	$f->say($ask);
	is decode_json($f->line)->{type}, 'no_more', "$t: and so it stays";
	my ($rest, $code, $stderr) = $f->end;
	is "@$rest$code$stderr", '0', "$t: ends quietly with its input";
}

# ---- what is not a record is told, with its place, and passed over ----
{
	my $f = Filter->start('nni-tune', '-s', $x, '-a', '{"optimize_mode":"minimize"}', '--seed', 1);
	$f->say('', 'nonsense', '{"type":"ask","n":0}', '{"type":"ask","n":"a"}',
	    '[1]', '{"type":"metric","trial":"TOO LONG","kind":"final"}',
	    final(7, 1), '{"type":"spec","parameter_id":3}', '{"x":1}',
	    '{"type":"something","of":"others"}', 'x' x (1 << 20) . 'y', $ask);
	is decode_json($f->line)->{parameter_id}, 4,
	    'the next number is above all that were seen';
	my ($rest, $code, $stderr) = $f->end;
	is $code, 2, 'no bad line ends it';
	like $stderr, qr/^nni-tune: error: stdin:2: not JSON: column 1/m, 'not JSON';
	like $stderr, qr/stdin:3: "n" must be from 1/, 'ask for nothing';
	like $stderr, qr/stdin:4: "n" must be/, 'ask for what is no number';
	like $stderr, qr/stdin:5: not a JSON object/, 'no object';
	like $stderr, qr/stdin:6: "trial" is not/, 'no trial';
	like $stderr, qr/stdin:7: there is no proposal 7/, 'no proposal';
	like $stderr, qr/stdin:8: proposal 3 teaches.*not an object/, 'no parameters';
	like $stderr, qr/stdin:11: longer than/, 'too long';
	is scalar(() = $stderr =~ /\n/g), 8, 'and nothing else is said';
}

# ---- learning ----
# What a tuner with these records proposes next; equal text, equal knowledge.
my $wide = file('wide.json', '{' . join(',',
	map {"\"x$_\":{\"_type\":\"uniform\",\"_value\":[0,1]}"} 1 .. 8) . '}');
our @args = ('-q', '-s', $wide, '--seed', 4, '-a', '{"tpe_args":{"n_startup_jobs":3}}');
sub next_after {
	my (@records) = @_;
	my $f = Filter->start('nni-tune', @args);
	for (@records) {
		$f->say($_);
		$f->line if $_ eq $ask;
	}
	$f->say('{"type":"ask","n":3}');
	my ($rest, $code, $stderr) = $f->end;
	return join "\n", @$rest, $stderr;
}
my @asks = ($ask) x 4;
my @three = (final(0, 3), final(1, 1), final(2, 2));
my $known = next_after(@asks, @three, final(3, 4));
my $less = next_after(@asks, @three, status(3, 'aaaad', 'FAILED'));
isnt $known, $less, 'a result teaches';

for my $case (
    ['an object with "default"', final(3, {default => 4, loss => 9})],
    ['a metric first, then the end', final(3, 4, trial => 'aaaad'),
	status(3, 'aaaad', 'SUCCEEDED')],
    ['an early stop after a final result', final(3, 4, trial => 'aaaad'),
	status(3, 'aaaad', 'EARLY_STOPPED')],
    ['only the first final result', final(3, 4, trial => 'aaaad'),
	final(3, 5, trial => 'aaaad'), status(3, 'aaaad', 'SUCCEEDED')],
    ['a result once said is not said again', final(3, 4), final(3, 5),
	status(3, 'aaaad', 'FAILED')],
    ['records without a number go by the trial',
	status(3, 'aaaad', 'RUNNING'),
	'{"type":"metric","kind":"final","trial":"aaaad","attempt":1,"value":4}',
	'{"type":"status","trial":"aaaad","attempt":1,"status":"SUCCEEDED"}'],
    ['the last attempt', final(3, 1, trial => 'aaaad', attempt => 1),
	status(3, 'aaaad', 'FAILED', attempt => 1, infra => JSON::PP::true,
	    retry => JSON::PP::true),
	final(3, 4, trial => 'aaaad', attempt => 2),
	final(3, 0, trial => 'aaaad', attempt => 1),
	status(3, 'aaaad', 'SUCCEEDED', attempt => 2)],
    ['an attempt after an end', status(3, 'aaaad', 'FAILED', infra => JSON::PP::true),
	status(3, 'aaaad', 'RUNNING', attempt => 2),
	final(3, 4, trial => 'aaaad', attempt => 2),
	status(3, 'aaaad', 'SUCCEEDED', attempt => 2)],
    ['what is late does not count', final(3, 9, trial => 'aaaad', late => JSON::PP::true),
	final(3, 4, trial => 'aaaad'), status(3, 'aaaad', 'SUCCEEDED')],
    ['requests and intermediate results do not count',
	final(3, 9, trial => 'aaaad', kind => 'intermediate'),
	final(3, 9, trial => 'aaaad', kind => 'request'), final(3, 4)],
) {
	my ($name, @records) = @$case;
	is next_after(@asks, @three, @records), $known, $name;
}
for my $case (
    ['NaN', final(3, 'NaN')],
    ['a bare NaN', '{"type":"metric","kind":"final","parameter_id":3,"value":NaN}'],
    ['a failure after a final result', final(3, 4, trial => 'aaaad'),
	status(3, 'aaaad', 'FAILED')],
    ['a cancel', final(3, 4, trial => 'aaaad'), status(3, 'aaaad', 'USER_CANCELED')],
    ['success without a result', status(3, 'aaaad', 'SUCCEEDED')],
    ['a metric after the end', status(3, 'aaaad', 'SUCCEEDED'),
	final(3, 4, trial => 'aaaad')],
) {
	my ($name, @records) = @$case;
	is next_after(@asks, @three, @records), $less, "no result: $name";
}
{
	local @args = @args[1 .. $#args];
	like next_after(@asks, @three, final(3, '0.5')),
	    qr/stdin:8: .*proposal 3 is neither a number nor an object/,
	    'a metric that is text is told';
}
isnt next_after(@asks, @three, final(3, 0)), $less, 'a metric of 0 is a result';
isnt next_after(@asks, @three, final(3, '-Infinity')), $less, 'and so is -Infinity';
isnt next_after(@asks, @three, final(3, JSON::PP::true)), $less, 'and true, as 1';
isnt next_after(@asks, @three), $less, 'what still runs counts as a lie';
{
	my @all = map { {optimize_mode => $_, tpe_args => {n_startup_jobs => 3}} }
	    qw(minimize maximize);
	my @next = map {
		local @args = ('-q', '-s', $wide, '--seed', 4, '-a', encode_json($_));
		next_after(@asks, @three, final(3, 4))
	} @all;
	is $next[0], $known, 'TPE minimizes if nothing is said';
	isnt $next[1], $known, 'and maximizes if it is told';
	@next = map {
		my $way = $_;
		my $sign = $way eq 'maximize' ? -1 : 1;
		local @args = ('-q', '-s', $wide, '--seed', 4, '-a', encode_json({
			optimize_mode => $way, tpe_args => {n_startup_jobs => 3}}));
		next_after(@asks, map { final($_->[0], $sign * $_->[1]) }
			[0, 3], [1, 1], [2, 2], [3, 4])
	} qw(minimize maximize);
	is $next[0], $next[1], 'the one is the other of the negated metric';
}
# ---- liars ----
{
	my %next;
	for my $liar (qw(best worst mean), undef, 'none', 'BEST') {
		local @args = ('-q', '-s', $wide, '--seed', 4, '-a', encode_json({
			tpe_args => {n_startup_jobs => 3, gamma => 1,
				constant_liar_type => $liar}}));
		$next{$liar // 'null'} = next_after(($ask) x 6, @three);
	}
	is scalar(keys %{{reverse %next}}), 4, 'four ways to lie, and not to';
	is $next{none}, $next{null}, '"none" is null; NNI dies of it';
	is $next{BEST}, $next{best}, 'any case';
	local @args = ('-q', '-s', $wide, '--seed', 4, '-a',
	    '{"tpe_args":{"n_startup_jobs":3,"gamma":1},"parallel_optimize":true,"constant_liar_type":"max"}');
	is next_after(($ask) x 6, @three), $next{worst},
	    "hyperopt's arguments: max is the worst where less is better";
}
# Infinite results must not spoil the mean, nor NaN the order.
{
	local @args = ('-q', '-s', $wide, '--seed', 4, '-a',
	    '{"tpe_args":{"n_startup_jobs":3,"constant_liar_type":"mean"}}');
	my @odd = map { final($_, ('Infinity', 'NaN', 2, '-Infinity', 3)[$_]) } 0 .. 4;
	like next_after(($ask) x 7, @odd), qr/^(\{.*"x8": 0\.\d+\}\}\n){3}$/,
	    'infinite results do no harm';
}

# ---- it does learn: 60 proposals of a parabola ----
{
	my $f = Filter->start('nni-tune', '-q', '-s', $x, '--seed', 8);
	my @far;
	for (0 .. 59) {
		$f->say($ask);
		my $spec = decode_json($f->line);
		my $v = $spec->{parameters}{x} - 0.7;
		push @far, abs $v;
		$f->say(final($spec->{parameter_id}, $v * $v));
	}
	my @late = sort { $a <=> $b } @far[40 .. 59];
	cmp_ok $late[10], '<', 0.1, 'the later proposals are near the minimum';
}

# ---- a new search space on the way ----
{
	my $old = file('old.json', '{"c":{"_type":"choice","_value":["p","q","r"]},'
	    . '"x":{"_type":"uniform","_value":[0,1]},"k":{"_type":"randint","_value":[0,9]},'
	    . '"n":{"_type":"choice","_value":[{"_name":"u","w":{"_type":"uniform","_value":[0,1]}},{"_name":"v"}]}}');
	my $new = '{"n":{"_type":"choice","_value":[{"_name":"v"},{"_name":"u","w":{"_type":"uniform","_value":[0.5,1]}}]},'
	    . '"k":{"_type":"randint","_value":[3,5]},"c":{"_type":"choice","_value":["r"]},"y":{"_type":"normal","_value":[0,1]}}';
	for my $t (qw(TPE Random GridSearch)) {
		my $f = Filter->start('nni-tune', '-s', $old, '--seed', 8, '-t', $t,
		    $t eq 'TPE' ? ('-a', '{"tpe_args":{"n_startup_jobs":5}}') : ());
		for (0 .. 29) {
			$f->say($ask);
			my $spec = decode_json($f->line);
			$f->say(final($_, $spec->{parameters}{k})) if $_ < 26;
		}
		$f->say("{\"type\":\"control\",\"request\":{\"type\":\"set\",\"key\":\"searchSpace\",\"value\":$new}}");
		my $bad = 0;
		for (30 .. 69) {
			$f->say($ask);
			my $p = decode_json($f->line)->{parameters};
			$bad++ if join(',', sort keys %$p) ne 'c,k,n,y' or $p->{c} ne 'r'
			    or $p->{k} < 3 or $p->{k} > 4
			    or exists $p->{n}{w} && $p->{n}{w} < 0.5;
			$f->say(final($_, $p->{k}));
		}
		is $bad, 0, "$t: proposals of the new space";
		$f->say('{"type":"set","key":"searchSpace","value":{"x":{"_type":"foo"}}}', $ask);
		ok exists decode_json($f->line)->{parameters}{y}, "$t: a wrong one is not taken";
		my ($rest, $code, $stderr) = $f->end;
		is $code, 0, "$t: and does no harm";
		like $stderr, qr/new search space is not taken.*unknown _type/s, "$t: it is said";
	}
	my $batch = file('batch.json', '{"x":{"_type":"choice","_value":[{"a":1},{"a":2},{"a":3}]}}');
	my $f = Filter->start('nni-tune', '-q', '-s', $batch, '-t', 'BatchTuner');
	$f->say($ask);
	is decode_json($f->line)->{parameters}{a}, 1, 'Batch: the first';
	$f->say('{"type":"set","key":"searchSpace","value":{"x":{"_type":"choice","_value":[{"a":8},{"a":9}]}}}', ($ask) x 3);
	is join(',', map { $_->{parameters}{a} // $_->{type} } map { decode_json($f->line) } 1 .. 3),
	    '8,9,no_more', 'Batch: then a new list from its beginning';
	$f->end;
}

# ---- phases ----
# Each phase of a trial is a proposal; equal text, equal knowledge.
{
	sub request {
		my ($id, $index, @more) = @_;
		return $json->encode({type => 'metric', kind => 'request', trial => 'aaaad',
			parameter_id => $id, parameter_index => $index, @more});
	}
	sub update {
		my ($id, $index, @more) = @_;
		return $json->encode({type => 'update', trial => 'aaaad', parameter_id => $id,
			parameter_index => $index, parameters => {}, @more});
	}
	my @t = (trial => 'aaaad');
	my @first = ($ask, $ask, $ask, final(1, 1), final(2, 2));
	my $two = next_after(@first, final(0, 3), $ask, final(3, 4));
	is next_after(@first, final(0, 3, @t), request(0, 1), $ask, update(3, 1), final(3, 4, @t),
	    request(3, 2)), $two, 'a phase has its result when the next is asked for';
	is next_after(@first, final(0, 3, @t), request(0, 1), $ask, update(3, 1), final(3, 4, @t),
	    status(0, 'aaaad', 'SUCCEEDED')), $two, 'or when the trial ends';
	my @late = (@first, request(0, 1), $ask, update(3, 1));
	isnt next_after(@late, final(0, 3, @t)), next_after(@late), 'a result that comes late teaches too';
	is next_after(@late, final(0, 3, @t), final(0, 4, @t)), next_after(@late, final(0, 3, @t)), 'once';
	my $one = next_after(@first, final(0, 3), $ask, status(3, 'aaaae', 'FAILED'));
	is next_after(@first, final(0, 3, @t), request(0, 1), $ask, update(3, 1), final(3, 4, @t),
	    status(0, 'aaaad', 'FAILED')), $one, 'what was over stays when the trial fails, the last phase has no result';
	is next_after(@first, final(0, 3, @t), request(0, 1), $ask, update(3, 1), request(3, 2), request(3, 2)),
	    $one, 'a phase without a result, asked for twice';
	is next_after(@first, final(0, 3, @t), request(0, 1), $ask, update(3, 1), final(3, 9, @t),
	    status(0, 'aaaad', 'FAILED', infra => JSON::PP::true, retry => JSON::PP::true),
	    '{"type":"spec","trial":"aaaad","attempt":2,"parameter_id":0,"parameters":{}}',
	    final(0, 8, @t, attempt => 2), request(0, 1, attempt => 2), update(3, 1, attempt => 2),
	    final(3, 4, @t, attempt => 2), status(0, 'aaaad', 'SUCCEEDED', attempt => 2)),
	    $two, 'a second attempt goes through the phases again; a result once known stays';
	is next_after(@first, final(0, 3, @t), request(0, 1), update(0, 1, parameter_id => undef, parameters => undef),
	    status(0, 'aaaad', 'SUCCEEDED')), next_after(@first, final(0, 3)), 'an update without parameters is no proposal';
}

# ---- the reader goes away ----
{
	my $lines = `$Filter::bin/nni-tune -q -s $x -n 1000000 2>&1 | head -n 2 | wc -l`;
	is $lines + 0, 2, 'a reader that has enough ends it without a word';
	is system("timeout 300 sh -c '$Filter::bin/nni-tune -q -s $x --seed 1 </dev/null'") >> 8, 0,
	    'no input, no output';
}
done_testing;
