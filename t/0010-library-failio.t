#!/bin/sh
# t/helper/failio.so, which other tests rely on: does it fail what it should?
. "$(dirname "$0")/lib.sh"
failio=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/failio.so
[ -e "$failio" ] || skip_all 'no failio.so (make helpers)'
victim=$(command -v dd) || skip_all 'no dd'
plan 14

# three bytes, one write each: open, write, write, write
three() { env "$@" LD_PRELOAD="$failio" "$victim" if=/dev/zero of=f bs=1 count=3; }
size() { wc -c <f | tr -d ' '; }

exits 0 'only counts' three FAILIO_COUNT="$PWD/n" FAILIO_LOG="$PWD/log"
is "$(cat n)" 4 'the number of calls'
is "$(cut -d' ' -f1,3,4 log | tr '\n' ,)" \
	'1 dd open,2 dd write,3 dd write,4 dd write,' 'and which'
exits 1 'fails the third' three FAILIO_N=3
is "$(size): $(grep -c 'No space left' err)" '1: 1' 'a full disk'
exits 1 'fails the first' three FAILIO_N=1 FAILIO_ERRNO=EACCES
like "$(cat err)" '*Permission denied*' 'with another reason'
exits 0 'fails no other program' three FAILIO_N=1 FAILIO_PROGRAM=d
exits 0 'nor another path' three FAILIO_N=1 FAILIO_MATCH=/else
rm n
three FAILIO_N=6 FAILIO_ONCE=1 FAILIO_COUNT="$PWD/n" 2>/dev/null
exits 1 'counts through two processes' \
	three FAILIO_N=6 FAILIO_ONCE=1 FAILIO_COUNT="$PWD/n"
(three FAILIO_N=3 FAILIO_KILL=1; echo $? >code) >/dev/null 2>&1
is "$(cat code) $(size)" '137 1' 'kills before the third'
printf 12345678 | LD_PRELOAD="$failio" FAILIO_N=2 FAILIO_SHORT=1 "$victim" of=f bs=8 2>/dev/null
is "$(size)" 4 'writes half'
touch full
exits 1 'fails while a file is there' three FAILIO_N=2 FAILIO_WHILE="$PWD/full"
rm full
exits 0 'and no longer' three FAILIO_N=2 FAILIO_WHILE="$PWD/full"
