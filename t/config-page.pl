# What nni-config(5) says of each key of V3 beside what nni-config --keys says: a
# line for each difference.  t/config-page.pl PAGE KEYS
use strict;
use warnings;

my ($page, $keys) = @ARGV;
my (%page, %table);

# ---- the page: its lists of keys, those of an object below its key ----
my %sections = ('KEYS OF AN EXPERIMENT' => ['v3', ''],
    'TUNERS AND ASSESSORS' => ['v3', 'tuner'],
    'TRAINING SERVICES' => ['v3', 'trainingService'],
    'SHARED STORAGE' => ['v3', 'sharedStorage']);
my ($form, $place, @lists, $item);
open my $in, '<', $page or die "$page: $!";
while (<$in>) {
	chomp;
	if (/^\.Sh (.*)/) {
		($form, $place) = @{$sections{$1} // []};
	} elsif (!$form) {
		next;
	} elsif (/^\.Ss (.*)/) {
		($form, $place) = ("v3 $1", 'trainingService');
	} elsif (/^\.Bl /) {
		my $above = @lists ? "$lists[-1]{place}.$lists[-1]{key}" : $place;
		push @lists, {place => $above, key => ''};
	} elsif (/^\.El/) {
		pop @lists;
		undef $item;
	} elsif (/^\.It Cm (\S+) Pq (.*)/ && @lists) {
		$lists[-1]{key} = $1;
		my $where = $lists[-1]{place};
		$item = join ' ', $form, length $where ? "$where." . $1 : $1;
		$page{$item} = {said => $2, text => ''};
	} elsif ($item) {
		$page{$item}{text} .= "$_ ";
	}
}
close $in;

# ---- the tables ----
my %kinds = ('true|false' => 'true or false');
open $in, '<', $keys or die "$keys: $!";
while (<$in>) {
	chomp;
	my ($of, $where, $key, $kind, $remarks) = split /\t/, $_, -1;
	next unless $of =~ /^v3/;
	$where =~ s/\[\]//g;
	$kind = $kinds{$kind} // $kind;
	my @remarks = grep { !/^becomes / } split /; /, $remarks;
	s/^default "(.*)"$/default $1/ for @remarks;
	if ($kind eq 'word') {
		$kind = shift @remarks;
		$kind =~ s/ / | /g;
	}
	my $name = join ' ', $of, length $where ? "$where.$key" : $key;
	$table{$name} = join '; ', $kind, @remarks;
}
close $in;

# These have the keys of the tuner, of the worker and of kubernetes, and the page
# says so.
delete @table{grep { /^v3 (assessor|advisor)\.|\.(ps|master|chief|evaluator|launcher)\./ } keys %table};
for (grep { /^v3 (kubeflow|frameworkcontroller) / && !$page{$_} } keys %table) {
	my $other = $table{s/^v3 \S+/v3 kubernetes/r};
	delete $table{$_} if defined $other && $other eq $table{$_};
}

for (sort keys %table) {
	print "$_: not in the page\n" if !$page{$_};
	print "$_: ($page{$_}{said}) is ($table{$_})\n"
	    if $page{$_} && $page{$_}{said} ne $table{$_};
	print "$_: nothing is said of it\n"
	    if $page{$_} && $page{$_}{text} !~ /\w/;
}
print "$_: no such key\n" for grep { !defined $table{$_} } sort keys %page;
