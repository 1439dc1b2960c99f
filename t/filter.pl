# A program that is spoken to line by line: for tests of filters in Perl.
#
#	require './t/filter.pl';	(from the project's directory)
#	my $f = Filter->start('nni-tune', '-s', $file);
#	$f->say('{"type":"ask","n":1}');
#	my $line = $f->line;		dies if none comes in time
#	my ($rest, $code, $stderr) = $f->end;
package Filter;
use strict;
use warnings;
use File::Temp qw(tempfile);
use IO::Handle;
use IPC::Open3;

our $bin = $ENV{NNI_BIN} // 'bin';
our $deadline = 60;

sub start {
	my ($class, $program, @args) = @_;
	my ($err, $errname) = tempfile(UNLINK => 1);
	my $pid = open3(my $to, my $from, '>&' . fileno($err),
	    "$bin/$program", @args);
	$to->autoflush(1);
	return bless {to => $to, from => $from, pid => $pid, err => $errname},
	    $class;
}

sub say {
	my ($self, @lines) = @_;
	print { $self->{to} } "$_\n" for @lines;
}

sub in_time {
	my ($what) = @_;
	local $SIG{ALRM} = sub { die "nothing came in $deadline s\n" };
	alarm $deadline;
	my @got = $what->();
	alarm 0;
	return @got;
}

sub line {
	my ($self) = @_;
	my ($line) = in_time(sub { scalar readline $self->{from} });
	die "the program has ended\n" if !defined $line;
	chomp $line;
	return $line;
}

# Ends its input; all lines left, the exit code, what it said on stderr.
sub end {
	my ($self) = @_;
	close $self->{to};
	my @rest = in_time(sub { readline $self->{from} });
	chomp @rest;
	waitpid $self->{pid}, 0;
	my $code = $? & 127 ? "signal " . ($? & 127) : $? >> 8;
	local (@ARGV, $/) = $self->{err};
	my $stderr = <> // '';
	return (\@rest, $code, $stderr);
}

# Runs it without input; what end() returns.
sub run {
	my ($class, @command) = @_;
	return $class->start(@command)->end;
}

1;
