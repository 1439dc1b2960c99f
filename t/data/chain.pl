#!/usr/bin/perl
# Does a journal keep the promise?  chain.pl DIR STARTS TRIALS
# Every journaled trial ends exactly once with all its metrics, none is started
# twice, and no metric comes behind the end of its attempt.  Prints what is
# wrong, a line each.
use strict;
use warnings;

my ($dir, $starts, $wanted) = @ARGV;
my (%spec, %end, %metric, %over, %retried, %seen);
my $n = 0;
open my $j, '<', "$dir/events.jsonl" or die "$dir: $!";
while (<$j>) {
	$n++;
	print "line $n is torn\n" unless /^\{.*\}\n\z/;
	my ($type) = /^\{"type":"(\w+)"/ or next;
	my ($t) = /"trial":"(\w+)"/;
	my ($a) = /"attempt":(\d+)/;
	next if !defined $t or /"late":true/;
	if ($type eq 'spec') {
		print "$t-$a is journaled twice\n" if $spec{$t}{$a}++;
	} elsif ($type eq 'metric') {
		my ($kind) = /"kind":"(\w+)"/;
		my ($at) = /"at":(\{.*?\}|".*?")/;
		print "a metric of $t-$a behind its end\n" if $over{"$t-$a"};
		print "a metric of $t-$a twice\n" if $seen{"$t-$a $at"}++;
		$metric{"$t-$a"}{$kind}++;
	} elsif ($type eq 'status' and /"status":"(SUCC|FAIL|USER|SYS|EARLY)/) {
		print "$t-$a ends twice\n" if $over{"$t-$a"}++;
		if (/"retry":true/) {
			$retried{$t} = 1;
		} else {
			print "$t ends twice\n" if $end{$t}++;
			next unless /"SUCCEEDED"/;
			my $m = $metric{"$t-$a"} // {};
			print "$t-$a: metrics are missing: ", join(' ', %$m), "\n"
			    unless ($m->{intermediate} // 0) == 2 and ($m->{final} // 0) == 1;
		}
	}
}
for my $t (keys %spec) {
	print "$t has no end\n" unless $end{$t};
}
my $count = keys %spec;
print "$count trials, wanted $wanted\n" unless $count == $wanted;
my %started;
if (open my $s, '<', $starts) {
	while (<$s>) {
		chomp;
		print "$_ is started twice\n" if $started{$_}++;
	}
}
