#!/usr/bin/env perl
# nni-assess as a filter. (Its verdicts one by one: t/unit/assess-medianstop.c.)
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

sub metric {
	my ($trial, $sequence, $value, %more) = @_;
	return $json->encode({type => 'metric', kind => 'intermediate',
		trial => $trial, attempt => 1, sequence => $sequence,
		value => $value, %more});
}
sub status {
	my ($trial, $status, %more) = @_;
	return $json->encode({type => 'status', trial => $trial, attempt => 1,
		status => $status, %more});
}
sub course {
	my ($trial, @values) = @_;
	my $i = 0;
	return map { metric($trial, $i++, $_) } @values;
}
sub cancel {
	my ($trial, $attempt) = @_;
	return "{\"type\":\"cancel\",\"trial\":\"$trial\",\"attempt\":"
	    . ($attempt // 1) . ',"early":true}';
}
sub file {
	my ($name, @lines) = @_;
	open my $fh, '>', "$dir/$name" or die;
	print $fh "$_\n" for @lines;
	close $fh;
	return "$dir/$name";
}
my @max = ('-t', 'Medianstop', '-a', '{"optimize_mode":"maximize"}');
sub assess {
	my ($args, @lines) = @_;
	my $f = Filter->start('nni-assess', @$args);
	$f->say(@lines);
	my ($rest, $code, $stderr) = $f->end;
	return join '|', @$rest, "$code$stderr";
}

# Three good trials; a fourth is bad from its second value on.
my @past = map { my $t = $_; (course($t, 1, 2, 3, 4), status($t, 'SUCCEEDED')) }
    qw(aaaaa aaaab aaaac);
my $stop = cancel('baaaa');
is assess(\@max, @past, course('baaaa', 1, 1, 1, 1)), "$stop|0", 'once only';
is assess(\@max, @past, course('baaaa', 1, 2, 3, 4)), '0', 'equal is not worse';
# A multi-phase trial is one course; what belongs to its phases is none of it.
my @phase = ('{"type":"metric","trial":"baaaa","attempt":1,"kind":"final","sequence":0,"value":0}',
    '{"type":"metric","trial":"baaaa","attempt":1,"kind":"request","sequence":0,"parameter_index":1}',
    '{"type":"update","trial":"baaaa","attempt":1,"parameter_index":1,"parameter_id":7,"parameters":{"x":1}}');
is assess(\@max, @past, metric('baaaa', 0, 1), @phase, metric('baaaa', 1, 2, parameter_id => 7)), '0',
    'phases are not looked at';
is assess(\@max, @past, metric('baaaa', 0, 1), @phase, metric('baaaa', 1, 1, parameter_id => 7)), "$stop|0",
    'and change nothing';
is assess(\@max, @past, course('baaaa', 9, 0, 0, 0)), '0', 'its best so far counts';
is assess(['-t', 'medianSTOP', '-a', '{"optimize_mode":"minimize"}'],
    @past, course('baaaa', 1, 1.6, 1.6)), '0', 'minimize: the least so far counts';
is assess(['-t', 'medianstop', '-a', '{"optimize_mode":"minimize"}'],
    @past, course('baaaa', 2)), "$stop|0", 'minimize: worse is larger';
like assess(['-t', 'Medianstop'], @past, course('baaaa', 1, 1)),
    qr/^\Q$stop\E\|0nni-assess: optimize_mode is not given.*larger/,
    'the silent default is said';
is assess([@max[0, 1], '-a', '{"start_step":4,"optimize_mode":"maximize"}'],
    @past, course('baaaa', 1, 1, 1, 1)), "$stop|0", 'not before start_step';
is assess([@max[0, 1], '-a', '{"start_step":5,"optimize_mode":"maximize"}'],
    @past, course('baaaa', 1, 1, 1, 1, 1)), '0',
    'trials that never came to start_step are not heard';

for my $end (qw(FAILED EARLY_STOPPED USER_CANCELED SYS_CANCELED)) {
	is assess(\@max, (map { /"status"/ ? status($_ =~ /"(aaaa.)"/, $end) : $_ } @past),
	    course('baaaa', 0, 0, 0)), '0', "$end teaches nothing";
}
is assess(\@max, course('baaaa', 0, 0), @past, metric('baaaa', 2, 0)),
    "$stop|0", 'judged when the next value comes';
is assess(\@max, @past, status('baaaa', 'SUCCEEDED'), course('baaaa', 0)), '0',
    'nothing after the end';

# ---- values ----
is assess(\@max, @past, metric('baaaa', 0, {default => 0, loss => 9})), "$stop|0",
    'an object with "default"';
is assess(\@max, @past, metric('baaaa', 0, 'NaN')), '0', 'NaN is not worse than anything';
is assess(\@max, @past, metric('baaaa', 0, 'NaN'), metric('baaaa', 1, 0)), "$stop|0",
    'nor does it hide what comes after it';
is assess(\@max, @past, metric('baaaa', 0, '-Infinity')), "$stop|0", '-Infinity is';
like assess(\@max, @past, metric('baaaa', 0, '1'), metric('baaaa', 1, 0)),
    qr/^\Q$stop\E\|0nni-assess: warning: stdin:16: .*baaaa is neither/,
    'text is told, and counts as NaN';
is assess(\@max, @past, metric('baaaa', 0, 0, kind => 'final'),
    metric('baaaa', 0, 0, kind => 'request'), metric('baaaa', 0, 0, late => JSON::PP::true)),
    '0', 'final, request and late metrics are not looked at';

# ---- order ----
is assess(\@max, @past, metric('baaaa', 1, 0)), '0', 'a gap: wait';
is assess(\@max, @past, metric('baaaa', 1, 0), metric('baaaa', 0, 9)), '0',
    'then all in sequence';
is assess(\@max, @past, metric('baaaa', 2, 0), metric('baaaa', 1, 0), metric('baaaa', 1, 0),
    metric('baaaa', 0, 0)), "$stop|0", 'repeats count once';
is assess(\@max, @past, (metric('baaaa', 0, 1)) x 2), '0', 'not twice';
is assess(\@max, @past, map { my %r = %{decode_json $_}; delete $r{sequence}; $json->encode(\%r) }
    course('baaaa', 9, 0, 0)), '0', 'without numbers: as they come';

# ---- attempts ----
is assess(\@max, @past, course('baaaa', 0, 0),
    status('baaaa', 'FAILED', infra => JSON::PP::true, retry => JSON::PP::true),
    metric('baaaa', 0, 0, attempt => 2), metric('baaaa', 1, 0), metric('baaaa', 1, 0, attempt => 2)),
    "$stop|" . cancel('baaaa', 2) . '|0', 'each attempt by itself';
is assess(\@max, course('aaaaa', 0, 0),
    status('aaaaa', 'FAILED', infra => JSON::PP::true, retry => JSON::PP::true),
    (map { s/"attempt":1/"attempt":2/r } @past[0 .. 4]), course('baaaa', 1, 1)),
    "$stop|0", 'the last attempt teaches';

is assess(\@max, @past, status('baaaa', 'RUNNING', attempt => 2),
    '{"type":"cancel","trial":"baaaa"}', metric('baaaa', 0, 0, attempt => 2)), '0',
    'a cancel without an attempt means the latest';

# ---- the journal ----
my $past = file('past', @past);
is assess([@max, '--journal', $past], course('baaaa', 1, 1)), "$stop|0", 'read first';
my $worse = file('worse', @past, course('baaaa', 1, 1), 'torn');
is assess([@max, '-q', '--journal', $worse]), '0nni-assess: error: ' .
    "$worse:18: not JSON: column 1: expected a value\n", 'and silently';
is assess([@max, '--journal', file('worse', @past, course('baaaa', 1, 1))],
    metric('baaaa', 2, 1)), "$stop|0", 'what was not said then is said now';
is assess([@max, '--journal', file('said', @past, course('baaaa', 1, 1), $stop)],
    metric('baaaa', 2, 1)), '0', 'a cancel in it counts';
is assess([@max, '--journal', file('user', @past, course('baaaa', 1),
	$stop =~ s/,"early":true//r)], metric('baaaa', 1, 1)), '0', "and so does a user's";
is assess([@max, '--journal', "$dir/absent"], @past), '0', 'no journal yet';
is assess(\@max, @past, course('baaaa', 1), $stop, metric('baaaa', 1, 1)), '0',
    'a cancel that is fed counts, too';

# ---- bad lines, options ----
like assess(\@max, '', 'x', '{"type":"metric","trial":1}', '7', @past, course('baaaa', 1, 1)),
    qr/^\Q$stop\E\|2nni-assess: error: stdin:2: not JSON: column 1.*stdin:3: .*stdin:4: not a JSON object$/s,
    'bad lines are told and passed over';
for my $case (
    ['no assessor', 2, qr/an assessor is needed/],
    ['an operand', 2, qr/unexpected argument/, '-t', 'Medianstop', 'x'],
    ['a name', 3, qr/no assessor 'Curvefitting' in this version; there are: Medianstop/,
	'-t', 'Curvefitting'],
    ['an argument', 3, qr/classArgs: unknown argument 'start_stp'; did you mean 'start_step'/,
	'-t', 'Medianstop', '-a', '{"start_stp":1}'],
    ['a mode', 3, qr/optimize_mode: must be one of/, '-t', 'Medianstop', '-a',
	'{"optimize_mode":"best"}'],
    ['a step', 3, qr/start_step: must be a whole number from 0 to 9999/, '-t',
	'Medianstop', '-a', '{"start_step":-1}'],
    ['no JSON', 3, qr/--args: not JSON/, '-t', 'Medianstop', '-a', '{'],
    ['no file', 3, qr/absent/, '-c', "$dir/absent"],
) {
	my ($name, $code, $pattern, @args) = @$case;
	my ($out, $got, $stderr) = Filter->run('nni-assess', @args);
	is "@$out$got", $code, "$name: exit code";
	like $stderr, $pattern, "$name: message";
}

# ---- a canonical configuration ----
sub config {
	my ($assessor) = @_;
	return file('config.json', '{"searchSpace":{"x":{"_type":"uniform","_value":[0,1]}},'
	    . '"trialConcurrency":1,' . ($assessor ? "\"assessor\":$assessor," : '')
	    . '"trainingService":[{"member":"local","platform":"local"}]}');
}
my $config = config('{"name":"Medianstop","classArgs":{"optimize_mode":"minimize"}}');
is assess(['-c', $config], @past, course('baaaa', 9)), "$stop|0", 'assessor and classArgs';
is assess(['-c', $config, @max], @past, course('baaaa', 9)), '0', 'options go before them';
like +(Filter->run('nni-assess', '-c', config('')))[2], qr/there is no assessor in it/, 'none';
is +(Filter->run('nni-assess', '-c', config('')))[1], 4, 'is nothing to do';
like +(Filter->run('nni-assess', '-c', config('{"className":"a.B"}')))[2],
    qr/of one's own/, 'one of the user';

# ---- flushed at once; ends with its reader ----
{
	my $f = Filter->start('nni-assess', @max);
	$f->say(@past, course('baaaa', 1, 1));
	is $f->line, $stop, 'a cancel is out before the input ends';
	close $f->{from};
	waitpid $f->{pid}, 0;
	is $?, 0, 'ends when its reader does, though its input goes on';
}
done_testing;
