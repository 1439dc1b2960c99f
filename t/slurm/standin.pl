#!/usr/bin/perl
# A stand-in for Slurm: sbatch, squeue, scancel, sacct, sinfo and scontrol,
# whichever this is called as.  It knows the options and formats that are used
# here, answers in the real ones' words (22.05), and refuses all else as they
# would.  t/slurm/formats.sh compares the two.
#
# All is in the folder $STANDIN_SLURM:
#	jobs/ID, jobs/ID_N	a job or element of an array: what follows, by TAB
#	script/ID		what it runs
#	calls			each command line, in the order of their ends
#	out			what a job said outside of any trial
# and, made by tests, to play a fault:
#	down			nobody can be reached
#	deaf			sbatch is obeyed and hears no answer
#	hold			jobs stay in the queue
#	accounting		sacct works (and forgets nothing)
#	forget			jobs that ended are in no squeue (MinJobAge is over)
#	limit			so many jobs of a user may be there
# `act ID STATE` ends a job from outside: NODE_FAIL, TIMEOUT...
use strict;
use warnings;
use Fcntl qw(:flock);
use POSIX qw(setsid _exit);

my ($me) = $0 =~ m{([^/]*)$};
my $dir = $ENV{STANDIN_SLURM} or die "$me: fatal: STANDIN_SLURM is not set\n";
my @fields = qw(id array index state reason name pgid by);
my $kill_wait = 1;
my $max_array = 1001;
my $cpus = 8;
my $line = join ' ', $me, @ARGV;

# ---- the jobs ----

my $lock;
sub locked(&) {
	my ($do) = @_;
	open $lock, '>>', "$dir/lock" or die "$dir/lock: $!";
	flock $lock, LOCK_EX;
	my @r = $do->();
	close $lock;
	return wantarray ? @r : $r[0];
}

sub text_of { open my $f, '<', "$dir/$_[0]" or return undef; local $/; return <$f> // '' }
sub is { -e "$dir/$_[0]" }
sub load {
	my $text = text_of("jobs/$_[0]") // return undef;
	my %j;
	@j{@fields} = split /\t/, $text, -1;
	return \%j;
}
sub save {
	my ($j) = @_;
	open my $f, '>', "$dir/jobs/.new" or die "$dir/jobs: $!";
	print $f join("\t", @$j{@fields});
	close $f;
	rename "$dir/jobs/.new", "$dir/jobs/$j->{id}";
}
sub all_jobs {
	opendir my $d, "$dir/jobs" or die "$dir/jobs: $!";
	my @ids = grep { !/^\./ } readdir $d;
	return map { load($_) // () } sort {
		my @a = split /_/, $a; my @b = split /_/, $b;
		$a[0] <=> $b[0] || ($a[1] // 0) <=> ($b[1] // 0)
	} @ids;
}
sub over { $_[0]{state} !~ /^(PENDING|RUNNING|COMPLETING)$/ }
sub change { # ID, sub: under the lock
	my ($id, $do) = @_;
	return locked { my $j = load($id) or return; $do->($j); save($j); $j };
}

# ---- what the commands share ----

sub fail { my ($code, @text) = @_; called(); print STDERR map { "$_\n" } @text; exit $code }
sub called { open my $f, '>>', "$dir/calls" or return; syswrite $f, "$line\n" }
sub unreachable { fail(1, "$_[0] Unable to contact slurm controller (connect failure)") if is('down') }

# options(SPEC...): SPEC is "parsable", "job-name=", "o|format=".  What is left
# are operands.
sub options {
	my (%short, %long, %got);
	for (@_) {
		my ($names, $takes) = /^([^=]*)(=?)$/;
		my @n = split /\|/, $names;
		for my $n (@n) { (length $n == 1 ? \%short : \%long)->{$n} = [$n[-1], $takes] }
	}
	my $bad = $me eq 'sbatch' ? 255 : 1;
	my @hint = "Try \"$me --help\" for more information";
	while (@ARGV and $ARGV[0] =~ /^-./) {
		my $o = shift @ARGV;
		last if $o eq '--';
		my ($name, $value) = $o =~ /^--([^=]*)(?:=(.*))?$/s ? ($1, $2) : (substr($o, 1, 1), undef);
		my $known = $o =~ /^--/ ? $long{$name} : $short{$name};
		fail($bad, $o =~ /^--/ ? "$me: unrecognized option '$o'" : "$me: invalid option -- '$name'", @hint)
			unless $known;
		if ($o !~ /^--/ and length $o > 2) {
			if ($known->[1]) { $value = substr $o, 2 } else { unshift @ARGV, '-' . substr $o, 2 }
		}
		if ($known->[1] and not defined $value) {
			fail($bad, "$me: option '$o' requires an argument", @hint) unless @ARGV;
			$value = shift @ARGV;
		}
		$got{$known->[0]} = $known->[1] ? $value : 1;
	}
	return %got;
}

# rows(FORMAT, {letter => text}...)
sub say_row {
	my ($format, %v) = @_;
	$format =~ s{%(.)}{exists $v{$1} ? $v{$1} : fail(1, "$me: error: the stand-in has no %$1")}ge;
	print "$format\n";
}

# ---- sbatch ----

sub sbatch {
	my %o = options(qw(parsable no-requeue job-name= chdir= open-mode= output= array= test-only
		partition= account= qos= time= cpus-per-task= mem= gres= constraint= nice= hold));
	my @refused = ("sbatch: error: Batch job submission failed:", $o{'test-only'} ? 'allocation failure:' : ());
	my $because = $refused[-1];
	fail(1, 'sbatch: error: the stand-in wants a script') unless @ARGV;
	open my $f, '<', $ARGV[0] or fail(1, "sbatch: error: Unable to open file $ARGV[0]");
	my $script = do { local $/; <$f> };
	fail(1, 'sbatch: error: This does not look like a batch script.  The first',
		'sbatch: error: line must start with #! followed by the path to an interpreter.',
		'sbatch: error: For instance: #!/bin/sh') unless $script =~ /^#!\s*\//;
	fail(1, 'sbatch: error: Batch script contains DOS line breaks (\r\n)',
		'sbatch: error: instead of expected UNIX line breaks (\n).') if $script =~ /\r\n/;
	fail(255, 'sbatch: error: Invalid --time specification')
		if defined $o{time} and $o{time} !~ /^(\d+|\d+:\d+|\d+:\d+:\d+|\d+-\d+(:\d+){0,2})$/;
	fail(255, 'sbatch: error: Invalid --mem specification') if defined $o{mem} and $o{mem} !~ /^\d+[KMGT]?$/i;
	fail(1, "sbatch: error: Invalid numeric value \"$o{'cpus-per-task'}\" for --cpus-per-task.")
		if defined $o{'cpus-per-task'} and $o{'cpus-per-task'} !~ /^[1-9]\d*$/;
	fail(1, 'sbatch: error: Invalid generic resource (gres) specification')
		if defined $o{gres} and $o{gres} !~ /^(none|gpu(:[a-z]\w*)?(:\d+)?)$/;
	unreachable($refused[0]);
	fail(1, "sbatch: error: invalid partition specified: $o{partition}", "$because Invalid partition name specified")
		if defined $o{partition} and $o{partition} !~ /^(debug|gpu)(,(debug|gpu))*$/;
	fail(1, "$because Invalid account or account/partition combination specified")
		if defined $o{account} and $o{account} ne 'lab';
	fail(1, "$because Requested node configuration is not available")
		if ($o{gres} // '') =~ /:(\d+)$/ && $1 > 2 or
			$o{'test-only'} && ($o{'cpus-per-task'} // 1) > 4 or
			($o{mem} // '') =~ /^(\d+)(M?)$/ && $1 > 4000 or ($o{mem} // '') =~ /^([5-9]|\d\d+)G/ or
			defined $o{constraint} and $o{constraint} ne 'fast';
	my @index;
	if (defined $o{array}) {
		fail(1, "$refused[0] Invalid job array specification")
			unless $o{array} =~ /^(\d+)-(\d+)$/ and $1 <= $2 and $2 < $max_array;
		@index = $1 .. $2;
	}
	if ($o{'test-only'}) {
		print STDERR "sbatch: Job 1 to start at 2026-01-01T00:00:00 using 1 processors on nodes n1 in partition debug\n";
		return;
	}
	my $limit = text_of('limit');
	if (defined $limit and (grep { !over($_) } all_jobs()) + (@index || 1) > $limit) {
		fail(1, 'sbatch: error: QOSMaxSubmitJobPerUserLimit', "$refused[0] Job violates accounting/QOS " .
			'policy (job submit limit, user\'s size and/or time limits)');
	}
	my $id = locked {
		my $n = (text_of('last') // 0) + 1;
		open my $l, '>', "$dir/last"; print $l $n; close $l;
		open my $s, '>', "$dir/script/$n"; print $s $script; close $s;
		for my $i (@index ? @index : '') {
			save({id => $i eq '' ? $n : "${n}_$i", array => $n, index => $i, state => 'PENDING',
				reason => $o{hold} ? 'JobHeldUser' : 'None', name => $o{'job-name'} // 'sbatch', pgid => 0, by => ''});
		}
		$n;
	};
	control($id, \%o, @index ? map { "${id}_$_" } @index : $id);
	fail(1, "$refused[0] Socket timed out on send/recv operation") if is('deaf');
	print $o{parsable} ? "$id\n" : "Submitted batch job $id\n";
}

# ---- a node ----

# Runs the elements of a job, a few at once, in the background.
sub control {
	my ($job, $o, @ids) = @_;
	return if fork;
	setsid();
	open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
	my %runs;
	while (@ids or %runs) {
		while (@ids and keys %runs < $cpus and not $o->{hold} and not is('hold') and not is('down')) {
			my $id = shift @ids;
			my $pid = run($id, $job, $o);
			$runs{$pid} = $id if $pid;
		}
		@ids = grep { my $j = load($_); $j and !over($j) } @ids if $o->{hold} or is('hold');
		my $pid = waitpid(-1, keys %runs ? (@ids ? &POSIX::WNOHANG : 0) : &POSIX::WNOHANG);
		if ($pid > 0) { finish(delete $runs{$pid}, $pid, $?) }
		elsif (@ids) { select undef, undef, undef, 0.02 }
		last if not -d "$dir/jobs";
	}
	_exit(0);
}

sub run {
	my ($id, $job, $o) = @_;
	my $pid;
	change($id, sub {
		my ($j) = @_;
		return if over($j);
		pipe my $r, my $w;
		$pid = fork;
		if (!$pid) {
			close $lock; close $w;
			setsid();
			<$r>;
			delete $ENV{$_} for grep { /^SLURM_/ and !/^SLURM_(CONF)$/ } keys %ENV;
			chdir($o->{chdir} // '/') or chdir '/tmp';
			my $out = $o->{output} // "slurm-$id.out";
			$out =~ s/\\(.)/$1/g or $out =~ s/%%/%/g;
			open STDOUT, '>>', $out or _exit(1);
			open STDERR, '>>&', \*STDOUT;
			$ENV{SLURM_JOB_ID} = $j->{index} eq '' ? $job : 100000 * $job + $j->{index};
			$ENV{SLURMD_NODENAME} = 'n1';
			@ENV{qw(SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID)} = ($job, $j->{index}) if $j->{index} ne '';
			exec '/bin/sh', "$dir/script/$job" or _exit(127);
		}
		@$j{qw(state pgid)} = ('RUNNING', $pid);
		close $w;
	});
	return $pid;
}

sub finish {
	my ($id, $pid, $status) = @_;
	# As slurmd ends what is left.
	kill 'KILL', -$pid;
	select undef, undef, undef, 0.01 while kill 0, -$pid;
	change($id, sub {
		my ($j) = @_;
		return if over($j);
		$j->{reason} = 'None';
		$j->{state} = $j->{by} eq 'scancel' ? 'CANCELLED' : $j->{by} ne '' ? $j->{by} :
			$status ? 'FAILED' : 'COMPLETED';
		$j->{reason} = 'NonZeroExitCode' if $j->{state} eq 'FAILED';
	});
}

# TERM, and KILL if that does not help; `by` is why.
sub end_job {
	my ($id, $by, $signal) = @_;
	my $group = 0;
	change($id, sub {
		my ($j) = @_;
		return if over($j);
		if ($j->{state} eq 'PENDING') { $j->{state} = $by eq 'scancel' ? 'CANCELLED' : $by; return }
		$j->{by} = $by if $j->{by} eq '';
		$j->{state} = 'COMPLETING';
		$group = $j->{pgid};
		kill $signal, -$group;
	});
	return if !$group or fork;
	setsid();
	close STDIN; close STDOUT; close STDERR;
	select undef, undef, undef, $kill_wait;
	my $j = load($id);
	kill 'KILL', -$group if $j and $j->{state} eq 'COMPLETING' and $j->{pgid} == $group;
	_exit(0);
}

# ---- the other commands ----

sub scancel {
	options();
	fail(1, 'scancel: error: No job identification provided') unless @ARGV;
	for (@ARGV) { fail(1, "scancel: error: Invalid job id $_") unless /^\d+(_\d+)?$/ }
	for my $id (@ARGV) {
		unreachable("scancel: error: Kill job error on job id $id:");
		# An element that has not begun is forgotten at once.
		next if locked {
			my $j = load($id);
			$j and $j->{index} ne '' and $j->{state} eq 'PENDING' and unlink "$dir/jobs/$id";
		};
		end_job($_->{id}, 'scancel', 'TERM') for grep { $_->{id} eq $id or $_->{array} eq $id } all_jobs();
	}
}

my @states = qw(PENDING RUNNING SUSPENDED COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED BOOT_FAIL
	DEADLINE OUT_OF_MEMORY COMPLETING);
sub squeue {
	my %o = options(qw(h|noheader r|array u|user= t|states= o|format= n|name=));
	fail(1, 'squeue: error: the stand-in wants -h and -o') unless $o{noheader} and defined $o{format};
	fail(1, "squeue: error: Invalid job state specified: $o{states}")
		if defined $o{states} and $o{states} ne 'all' and !grep { $_ eq $o{states} } @states;
	unreachable('slurm_load_jobs error:');
	my %rest;
	my $hold = is('hold');
	my @all = grep { !over($_) or (($o{states} // '') eq 'all' and !is('forget')) } all_jobs();
	@all = grep { $_->{name} eq $o{name} } @all if defined $o{name};
	@all = () if defined $o{user} and $o{user} ne $< and $o{user} ne (getpwuid($<))[0];
	push @{$rest{$_->{array}}}, $_ for grep { !$o{array} and $_->{state} eq 'PENDING' and $_->{index} ne '' } @all;
	for my $j (@all) {
		my $id = $j->{id};
		if (my $r = $rest{$j->{array}} and $j->{state} eq 'PENDING') {
			next if $j->{id} ne $r->[0]{id};
			$id = "$j->{array}_[$r->[0]{index}" . (@$r > 1 ? "-$r->[-1]{index}" : '') . ']';
		}
		say_row($o{format}, i => $id, F => $j->{array}, T => $j->{state}, j => $j->{name},
			r => $j->{state} eq 'PENDING' && $hold ? 'Resources' : $j->{reason});
	}
}

sub sacct {
	my %o = options(qw(n|noheader P|parsable2 X|allocations j|jobs= o|format=));
	fail(1, 'Slurm accounting storage is disabled') unless is('accounting');
	fail(1, 'sacct: error: the stand-in wants -n -P -X -o JobID,State')
		unless $o{noheader} and $o{parsable2} and $o{allocations} and ($o{format} // '') eq 'JobID,State';
	my %asked = map { $_ => 1 } split /,/, $o{jobs} // '';
	for my $j (grep { $asked{$_->{id}} or $asked{$_->{array}} } all_jobs()) {
		next if $j->{index} ne '' and !$j->{pgid};
		print "$j->{id}|", $j->{state} eq 'CANCELLED' ? "CANCELLED by $<" : $j->{state}, "\n";
	}
}

sub sinfo {
	my %o = options(qw(h|noheader p|partition= o|format=));
	fail(1, 'sinfo: error: the stand-in wants -h and -o') unless $o{noheader} and defined $o{format};
	unreachable('slurm_load_partitions:');
	for (['debug', '*', 'infinite'], ['gpu', '', '1:00:00']) {
		my ($name, $star, $limit) = @$_;
		next if defined $o{partition} and $o{partition} ne $name;
		say_row($o{format}, P => "$name$star", R => $name, a => 'up', C => '0/12/0/12', l => $limit);
	}
}

sub scontrol {
	fail(1, "scontrol: error: the stand-in has no '@ARGV'") unless "@ARGV" eq 'show config';
	unreachable('slurm_load_ctl_conf error:');
	print "Configuration data as of 2026-01-01T00:00:00\nClusterName             = lab\nMaxArraySize            = $max_array\nMinJobAge               = 300 sec\nSLURM_VERSION           = 22.05.8\n";
}

mkdir "$dir/jobs"; mkdir "$dir/script";
my %commands = (sbatch => \&sbatch, squeue => \&squeue, scancel => \&scancel, sacct => \&sacct,
	sinfo => \&sinfo, scontrol => \&scontrol,
	act => sub { end_job($ARGV[0], $ARGV[1], $ARGV[1] eq 'TIMEOUT' ? 'TERM' : 'KILL') });
($commands{$me} or die "$me: not a command of Slurm\n")->();
called();
