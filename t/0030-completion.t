#!/bin/sh
# What the shells offer: words and files that fit at the place, and no others.
. "$(dirname "$0")/lib.sh"

mkdir -p experiments/abc experiments/xyz/trials/k3xq9 experiments/xyz/trials/k3xq9-2 \
	experiments/xyz/trials/p01ab experiments/other code
for e in abc xyz; do
	printf '{"experimentName":"try %s","trialConcurrency":1,"trainingService":[{"member":"local","platform":"local"}]}' \
		$e >experiments/$e/config.json
done
touch a.yml b.json 'c d.yaml' e.txt code/f.yml g.jsonl
files='a.yml b.json c_d.yaml code/ experiments/'
directories='code/ experiments/'

# ---- what the programs answer ----
# answer WORDS... : KIND, then the words that are offered, sorted
answer() {
	"$@" >answer_text 2>&1 || echo failed
	sed -n 1p answer_text | tr -d '\n'
	sed 1,3d answer_text | cut -f1 | sort | tr '\n' ' ' | sed 's/^/ /; s/ $//'
}
is "$(answer nni-run --complete '')" files 'nni-run: a file'
is "$(sed -n 3p answer_text)" 'yml yaml json' 'a configuration'
is "$(answer nni-run --complete --format '')" 'none jsonl none' 'alternatives'
is "$(answer nni-run --complete --format=)" 'none jsonl none' 'behind an ='
is "$(sed -n 2p answer_text)" --format= 'which is told'
is "$(answer nni-run --complete --resume '')" 'directories abc xyz' 'experiments, which have a config.json'
is "$(grep abc answer_text)" 'abc	try abc' 'and their names'
is "$(answer nni-run --complete --resume x)" 'directories xyz' 'those that begin so'
is "$(answer nni-run --complete --id '')" 'none abc xyz' 'an id'
is "$(answer nni-run --complete --retry '')" none 'nothing for a number'
is "$(answer nni-run --complete --tick --once --id abc '')" files 'options before'
is "$(answer nni-run --complete a.yml '')" none 'no second configuration'
is "$(answer nni-watch --complete abc '')" 'directories abc xyz' 'but a second experiment'
is "$(answer nni-run --complete -- --re)" files 'no options behind --'
like "$(answer nni-run --complete --re)" 'none *--resume *--retry *' 'options'
like "$(answer nni-run --complete --tick --re)" 'none *' 'others than those'
is "$(grep -c -- --tick answer_text)" 0 'that are there already'
like "$(answer nni-run --complete -)" 'none *-h *' 'letters as well'
is "$(answer nni-cancel --complete -d xyz '')" 'none k3xq9 p01ab' 'the trials of an experiment'
is "$(answer nni-cancel --complete --dir=xyz '')" 'none k3xq9 p01ab' 'named behind an ='
is "$(answer nni-cancel --complete -dxyz '')" 'none k3xq9 p01ab' 'or behind the letter'
is "$(answer nni-cancel --complete '')" none 'none without one that runs'
is "$(answer nnictl --complete trial kill xyz -T '')" 'none k3xq9 p01ab' 'nnictl: the same'
is "$(answer nnictl --complete trial kill --trial_id k3xq9 '')" 'directories abc xyz' 'nnictl: its experiment'
is "$(answer nnictl --complete log '')" 'none stderr stdout trial' 'commands of commands'
is "$(answer nnictl --complete no '')" "none $(answer nnictl --complete '' | cut -d' ' -f2-)" 'and of none'
is "$(answer nni-tune --complete -t '')" 'none Batch GridSearch Random TPE' 'tuners'
is "$(answer nni-tune --complete -tT)" 'none Batch GridSearch Random TPE' 'behind the letter'
is "$(sed -n 2p answer_text)" -t 'which is told'
is "$(answer nni-assess --complete --assessor '')" 'none Medianstop' 'assessors'
is "$(answer nni-tune --complete --journal '')" files 'a journal'
is "$(sed -n 3p answer_text)" jsonl 'of JSON Lines'
is "$(answer nni-pack --complete '')" directories 'nni-pack: a directory'
like "$(answer nni-conformance --complete '')" 'none *local*' 'platforms'
mkdir backends
: >backends/nni-platform-mine
like "$(NNI_PLATFORM_PATH=$PWD/backends answer nni-conformance --complete '')" 'none *mine*' 'of one'\''s own, too'
rm -r backends
is "$(answer nni-conformance --complete local '')" files 'then a configuration'
is "$(answer "$NNI_BIN/nni-platform-local" --complete '')" 'none capabilities check clean collect environment fetch submit watch' 'verbs'
is "$(answer nni-run --complete)" files 'no word at all'
NNI_EXPERIMENTS=$PWD/nowhere
is "$(answer nni-run --complete --resume '')" directories 'no experiments'
NNI_EXPERIMENTS=$PWD/experiments

# Every option of every tool: no word in capitals, no files where none fit.
# each TOOL COMMAND...
each() {
	for word in $("$@" -h </dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'); do
		each "$@" "$word"
	done
	tool=$1
	"$@" -h </dev/null | sed -n 's/^.*--\([a-z][a-z_-]*\)=\([^ ]*\).*/\1 \2/p' >option_list
	shift
	while read -r name arg; do
		got=$(answer "$tool" --complete "$@" "--$name" '')
		case $got in *[A-Z][A-Z]*) echo "$tool $* --$name: $got" ;; esac
		case $arg in
		*DIR* | *EXPERIMENT* | *FILE* | *PATH* | *ZIP* | *CONFIG*) ;;
		*) case $got in none*) ;; *) echo "$tool $* --$name=$arg: $got" ;; esac ;;
		esac
	done <option_list
}
for program in "$NNI_BIN"/nni-[a-z]* "$NNI_BIN"/nnictl; do
	case ${program##*/} in *.*) ;; *) each "$program" ;; esac
done >misfits
is "$(sed 's/-t TPE//; /TPE/d' misfits)" '' 'no metavariable is a word, and files are where they fit'

# ---- bash ----
if command -v bash >/dev/null; then
	cat >try.bash <<-'E'
		for t in nni-run nni-pack nni-tune nnictl nni-cancel; do . <($t --completion=bash); done
		try() {
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
			_${1//-/_}
			for w in "${COMPREPLY[@]}"; do
				[[ -d $w ]] && w=$w/
				echo "${w// /_}"
			done | LC_ALL=C sort -u | tr '\n' ' '
		}
		try "$@"
	E
	in_bash() { bash --norc try.bash "$@" | sed 's/ $//'; }
	is "$(in_bash nni-run '')" "$files" 'bash: files'
	is "$(in_bash nni-run c)" 'c_d.yaml code/' 'bash: those that begin so'
	is "$(in_bash nni-run --re)" '--resume --retry' 'bash: options'
	is "$(in_bash nni-run --format =)" 'jsonl none' 'bash: values behind an = that breaks words'
	is "$(in_bash nni-run --format = j)" jsonl 'bash: begun'
	is "$(in_bash nni-run --format=j)" --format=jsonl 'bash: behind one that does not'
	is "$(in_bash nni-run --resume '')" "abc $directories xyz" 'bash: experiments and directories'
	is "$(in_bash nni-pack '')" "$directories" 'bash: directories'
	is "$(in_bash nnictl experiment e)" export 'bash: commands'
	is "$(in_bash nni-tune -tB)" -tBatch 'bash: behind a letter'
	is "$(in_bash nni-run --retry '')" '' 'bash: nothing'
else
	skip 'no bash' 'bash'
fi

# ---- fish ----
if command -v fish >/dev/null; then
	in_fish() {
		HOME=$PWD fish --no-config -c 'for t in nni-run nni-pack nni-tune nnictl; $t --completion=fish | source; end
			for l in $argv; complete -C $l; echo; end' "$@" | tr ' ' _ | sed 's/	.*//' |
			awk 'BEGIN { RS = "" } { gsub(/\n/, " "); print }'
	}
	in_fish 'nni-run ' 'nni-run --ret' 'nni-run --format=' 'nni-run --resume ' 'nni-pack ' \
		'nnictl experiment e' 'nni-tune -tB' >got
	printf '%s\n' "$files" --retry '--format=jsonl --format=none' "abc $directories xyz" \
		"$directories" export -tBatch >wanted
	is "$(cat got)" "$(cat wanted)" 'fish: all of that'
	is "$(fish --no-config -c 'nnictl --completion=fish | source; complete -C "nnictl tri"')" \
		'trial	list and stop trials' 'fish: with descriptions'
	is "$(in_fish 'nni-run --retry ')" '' 'fish: nothing'
else
	skip 'no fish' 'fish'
fi

# ---- zsh: the function, with what is shown in place of the shell's own ----
if command -v zsh >/dev/null; then
	cat >try.zsh <<-'E'
		_describe() { print -rl -- "${(@P)4}" }
		_files() { print -r -- "files $*" }
		compset() { print -r -- "behind ${PREFIX[1,$2]}" }
		words=("$@")
		CURRENT=$# PREFIX=$words[-1]
		eval "$(${1} --completion=zsh)"
	E
	in_zsh() { zsh -f try.zsh "$@" | tr '\n' ' ' | sed 's/ $//'; }
	is "$(in_zsh nni-run '')" 'files -g *.(yml|yaml|json)' 'zsh: files'
	is "$(in_zsh nni-run --format=)" 'behind --format= jsonl none' 'zsh: values behind an ='
	is "$(in_zsh nni-run --resume '')" 'abc:try abc xyz:try xyz files -/' 'zsh: experiments and directories'
	is "$(in_zsh nni-pack '')" 'files -/' 'zsh: directories'
	is "$(in_zsh nnictl config '')" "show:print an experiment's configuration" 'zsh: commands'
	is "$(in_zsh nni-run --retry '')" '' 'zsh: nothing'
else
	skip 'no zsh' 'zsh'
fi
done_testing
