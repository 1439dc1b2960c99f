# What the benchmarks share: a directory of their own, configurations, and the
# rows they print.  A row is
#
#	what    ours    the peer's    ratio    target
#
# where the ratio says how many times as good as the peer we are (of sizes: how
# many times as large), and "MISSED" stands behind a target that is not met.
use strict;
use warnings;
use File::Basename;
use File::Temp qw(tempdir);
use Time::HiRes qw(time sleep);

# An interrupt removes the directory, too.
$SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);

our $bin = $ENV{NNI_BIN} // dirname(__FILE__) . '/../bin';
$bin = `cd '$bin' && pwd`;
chomp $bin;
# perl -c makes none: nobody would remove it.
our $dir = $^C ? '' : tempdir('nni-bench.XXXXXX', TMPDIR => 1, CLEANUP => 1);
$ENV{NNI_EXPERIMENTS} = "$dir/experiments";
$ENV{LC_ALL} = 'C.UTF-8';

sub median { my @s = sort { $a <=> $b } @_; return $s[@s / 2] }

sub run { system('sh', '-c', $_[0]) == 0 or die "$_[0]: ended with $?\n" }

# Seconds that a command takes; it must succeed.
sub seconds {
	my $start = time;
	run($_[0]);
	return time - $start;
}

sub there { return system("command -v $_[0] >/dev/null 2>&1") == 0 }

# A configuration file for trials on this machine; its path.
sub configure {
	my %c = (name => 'c', command => '/bin/true', jobs => 1, trials => 1, @_);
	my $path = "$dir/$c{name}.yml";
	open my $yml, '>', $path or die "$path: $!\n";
	print $yml <<"Y";
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: $c{command}
trialConcurrency: $c{jobs}
maxTrialNumber: $c{trials}
tuner: {name: Random}
trainingService: {platform: local}
Y
	close $yml;
	return $path;
}

sub misses {
	my ($value, $target) = @_;

	my ($sign, $limit) = $target =~ /^(<=|>=|<|>) ([\d.]+)/ or return 0;
	return $sign eq '<=' ? $value > $limit
	    : $sign eq '>=' ? $value < $limit
	    : $sign eq '<' ? $value >= $limit
	    : $value <= $limit;
}

# row(what => ..., ours => number, format => '%.1f ms', target => '< 20')
# row(..., peer => number, of => 'zip -r', ratio => number, target => '>= 4')
# The target is the ratio's where there is one.
sub row {
	my %r = (format => '%.0f', target => '', @_);
	my $ours = sprintf $r{format}, $r{ours};
	my $peer = defined $r{peer} ? sprintf("$r{format} ", $r{peer}) . $r{of}
	    : $r{of} ? "$r{of}: not installed" : '-';
	my $ratio = defined $r{ratio} ? sprintf('%.2f', $r{ratio}) : '-';
	my $value = $r{of} ? $r{ratio} : $r{ours};
	my $missed = defined $value && misses($value, $r{target}) ? ' MISSED' : '';
	printf "%-42s %12s  %-26s %7s  %s%s\n", $r{what}, $ours, $peer, $ratio,
	    $r{target}, $missed;
}

1;
