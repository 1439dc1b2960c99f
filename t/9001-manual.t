#!/bin/sh
# Every program has a page; page and option table say the same.
. "$(dirname "$0")/lib.sh"

page_of() {
	for p in "$TOP"/doc/"$1".[18]; do
		[ -e "$p" ] && { echo "$p"; return; }
	done
}

# The long options a page describes, and those that -h prints.
options_in_page() {
	grep -oE '^\.It .*|^\.Op .*' "$1" | grep -oE 'Fl [^ ]+' | sed 's/^Fl //; s/\\-/-/g' |
		sed -n 's/^-\([a-z][a-z-]*\).*/\1/p' | sort -u
}
# help_of COMMAND WORD...       of all its commands too
help_of() {
	"$@" -h </dev/null >help_text || echo "$*" >>no_help
	sed -n '/^options:/,$p' help_text
	for word in $("$@" -h </dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'); do
		help_of "$@" "$word"
	done
}
options_in_help() {
	grep -oE '^ +(-., )?--[a-z][a-z-]*' | sed 's/.*--//' | sort -u
}

for program in "$NNI_BIN"/nni-[a-z]* "$NNI_BIN"/nnictl; do
	name=${program##*/}
	case $name in *.*) continue ;; esac
	page=$(page_of "$name")
	[ -n "$page" ]
	ok $? "$name has a page" || continue
	"$program" -h >help 2>err </dev/null
	ok $? "$name -h works"
	[ ! -s err ]
	ok $? "$name -h has nothing on stderr"
	is "$(awk 'length > 80' help | head -1)" '' "$name -h fits 80 columns"
	like "$("$program" --version)" "$name [0-9]*" "$name --version"
	"$program" --no-such-option >out 2>err </dev/null
	is $? 2 "$name: an unknown option is a usage error"
	grep -q "Xr $name" "$TOP/doc/nni.7"
	ok $? "nni(7) names $name"
	options_in_page "$page" >page
	help_of "$program" | options_in_help >table
	is "$(cat no_help 2>/dev/null)" '' "$name: -h works for all its commands"
	is "$(comm -3 page table)" '' "$name: page and -h name the same options"
	grep -q '^\.Sh EXIT STATUS' "$page" && grep -q '^\.Sh EXAMPLES' "$page"
	ok $? "$name's page has EXIT STATUS and EXAMPLES"
done
done_testing
