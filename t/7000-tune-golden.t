#!/bin/sh
# Sequences taken from NNI v3.0's own code, letter by letter.
. "$(dirname "$0")/lib.sh"

# values N [TUNER ARGUMENT...] <SPACE: what proposals are, without spaces, joined
values() {
	n=$1
	shift
	cat >space.json
	nni-tune -q -s space.json -n "$n" "$@" |
		sed 's/.*"parameters"://; s/}$//; s/,"unrounded".*//; s/\([,:]\) /\1/g' |
		sed 's/^{"x":\(.*\)}$/\1/' | tr '\n' ' ' | sed 's/ $//'
}
grid() { # SPACE WANTED NAME
	n=$(($(echo "$2" | wc -w) + ${4:-0}))
	is "$(echo "$1" | values "$n" -t GridSearch)" "$2" "grid: $3"
}
x() { echo "{\"x\":{\"_type\":\"$1\",\"_value\":$2}}"; }

grid "$(x uniform '[0,1]')" \
	'0.5 0.25 0.75 0.125 0.375 0.625 0.875 0.0625 0.1875' uniform
# more are asked for than there are: 10 and no end of the sequence is missed
grid "$(x quniform '[0,10,2.5]')" '5.0 2.5 7.5 0.0 10.0' quniform 10
grid "$(x quniform '[2,10,5]')" '5.0 10.0 2.0' 'quniform, ends off the steps' 10
grid "$(x quniform '[0,1,0.6]')" '0.6 0.0 1.0' 'quniform, q above half' 10
grid "$(x quniform '[1,16,1]')" \
	'8.0 5.0 12.0 3.0 7.0 10.0 14.0 2.0 4.0 6.0 9.0 11.0 13.0 15.0 1.0 16.0' \
	'quniform of 16' 10
grid "$(x quniform '[2,3,1]')" '2.0 3.0' 'half rounds to even' 10
grid "$(x uniform '[99.9,99.9]')" 99.9 'a constant' 10
grid "$(x loguniform '[1e-4,1]')" \
	'0.010000000000000004 0.0010000000000000002 0.10000000000000006 0.0003162277660168384' \
	loguniform
grid "$(x qloguniform '[1,128,1]')" '11.0 3.0 38.0 2.0 6.0 21.0 70.0 1.0' \
	qloguniform
grid "$(x normal '[0,1]')" \
	'0.0 -0.6744897501960818 0.6744897501960818 -1.1503493803760083 -0.3186393639643752 0.3186393639643752 1.1503493803760083' \
	normal
grid "$(x qnormal '[0,1,1]')" \
	'0.0 -1.0 1.0 -2.0 2.0 -3.0 3.0 -4.0 4.0 -5.0 5.0 -6.0 6.0 -7.0 7.0 -8.0 8.0' \
	'qnormal ends where doubles do' 10
grid "$(x lognormal '[0,1]')" \
	'1.0 0.5094162838632774 1.9630310841582572 0.31652616202865347' lognormal
grid "$(x randint '[-1.5,2.2]')" '-1 0 1 2' 'randint, bounds rounded up' 10
grid "$(x choice '["a",1,2.0,null,true,[1, 2.50],{"k": 1e3}]')" \
	'"a" 1 2.0 null true [1,2.50] {"k":1e3}' 'choice: values as written' 10
grid "$(x choice '[1,2,1]')" '1 2' 'a value that is there twice' 10

grid '{"a":{"_type":"choice","_value":["x","y"]},"b":{"_type":"uniform","_value":[0,1]},"c":{"_type":"randint","_value":[0,2]}}' \
	'{"a":"x","b":0.5,"c":0} {"a":"x","b":0.5,"c":1} {"a":"y","b":0.5,"c":0} {"a":"y","b":0.5,"c":1} {"a":"x","b":0.25,"c":0} {"a":"x","b":0.25,"c":1} {"a":"x","b":0.75,"c":0} {"a":"x","b":0.75,"c":1} {"a":"y","b":0.25,"c":0}' \
	'mixed types: the first key is slowest'
grid '{"u":{"_type":"uniform","_value":[0,1]},"v":{"_type":"uniform","_value":[0,1]}}' \
	'{"u":0.5,"v":0.5} {"u":0.5,"v":0.25} {"u":0.5,"v":0.75} {"u":0.25,"v":0.5} {"u":0.25,"v":0.25} {"u":0.25,"v":0.75} {"u":0.75,"v":0.5} {"u":0.75,"v":0.25} {"u":0.75,"v":0.75} {"u":0.5,"v":0.125} {"u":0.5,"v":0.375} {"u":0.5,"v":0.625} {"u":0.5,"v":0.875} {"u":0.25,"v":0.125}' \
	'two numbers, three epochs'
grid '{"n":{"_type":"choice","_value":[{"_name":"A","k":{"_type":"choice","_value":[1,2]}},{"_name":"B","u":{"_type":"uniform","_value":[0,1]}},{"_name":"C"}]},"z":{"_type":"choice","_value":[0,1]}}' \
	'{"n":{"_name":"A","k":1},"z":0} {"n":{"_name":"A","k":1},"z":1} {"n":{"_name":"A","k":2},"z":0} {"n":{"_name":"A","k":2},"z":1} {"n":{"_name":"B","u":0.5},"z":0} {"n":{"_name":"B","u":0.5},"z":1} {"n":{"_name":"C"},"z":0} {"n":{"_name":"C"},"z":1} {"n":{"_name":"B","u":0.25},"z":0} {"n":{"_name":"B","u":0.25},"z":1} {"n":{"_name":"B","u":0.75},"z":0} {"n":{"_name":"B","u":0.75},"z":1} {"n":{"_name":"B","u":0.125},"z":0}' \
	'a nested choice'
# NNI dies with a KeyError at the third level
grid '{"p":{"_type":"choice","_value":[{"_name":"q","r":{"_type":"choice","_value":[{"_name":"s","t":{"_type":"choice","_value":[{"_name":"u","v":{"_type":"randint","_value":[0,2]}}]}},{"_name":"w"}]}},{"_name":"o"}]}}' \
	'{"p":{"_name":"q","r":{"_name":"s","t":{"_name":"u","v":0}}}} {"p":{"_name":"q","r":{"_name":"s","t":{"_name":"u","v":1}}}} {"p":{"_name":"q","r":{"_name":"w"}}} {"p":{"_name":"o"}}' \
	'choices nested four deep' 10

# Finite spaces are gone through once, whoever proposes; then it is over.
small='{"a":{"_type":"choice","_value":["x","y"]},"b":{"_type":"randint","_value":[0,2]}}'
for t in TPE Random GridSearch; do
	is "$(echo "$small" | values 10 -t $t --seed 3 | tr ' ' '\n' | sort | tr '\n' ' ')" \
		'{"a":"x","b":0} {"a":"x","b":1} {"a":"y","b":0} {"a":"y","b":1} ' \
		"$t gives each of four configurations once"
done
wide='{"q":{"_type":"quniform","_value":[0,1,0.1]},"c":{"_type":"choice","_value":[{"_name":"m","d":{"_type":"qnormal","_value":[0,1,3]}},{"_name":"n"}]}}'
is "$(echo "$wide" | values 500 -t Random --seed 3 | tr ' ' '\n' | sort | uniq -d)" '' \
	'what is rounded to the same value is not given twice'

is "$(x quniform '[-1,1,1]' | values 9 -t Random --seed 3 | tr ' ' '\n' | sort -n | tr '\n' ' ')" \
	'-1.0 0.0 1.0 ' 'there is no -0.0'
inner='{"c":{"_type":"choice","_value":[{"_name":"m","x":{"_type":"uniform","_value":[0,1]}},{"_name":"n"}]}}'
is "$(echo "$inner" | values 50 -t Random --seed 3 | grep -o '"n"' | wc -l)" 1 \
	'a continuous number in a branch does not allow repetition in another'

is "$(echo '{"all":{"_type":"choice","_value":[{"lr":0.10,"n":[1, 2]},{"lr":1e-2},{"lr":0.10}]}}' | values 9 -t Batch)" \
	'{"lr":0.10,"n":[1,2]} {"lr":1e-2} {"lr":0.10}' \
	'Batch gives the configurations as they are, in order'

# With one seed the same, with another seed not.
cat >mixed.json <<'EOF'
lr: {_type: loguniform, _value: ["1e-5", 0.1]}
n: {_type: randint, _value: [1, 9]}
d: {_type: normal, _value: [0, 1]}
EOF
one=$(nni-tune -q -s mixed.json -n 50 --seed 5)
is "$(nni-tune -q -s mixed.json -n 50 --seed 5)" "$one" 'one seed, the same proposals'
[ "$(nni-tune -q -s mixed.json -n 50 --seed 6)" != "$one" ]
ok $? 'another seed, other ones'
is "$(nni-tune -q -s mixed.json -n 50 --seed 6 -a '{"seed":5}')" "$one" \
	'the seed among the classArgs comes first'
is "$(nni-tune -q -s mixed.json -n 50 --seed 5 -a '{"seed":null}')" "$one" \
	'a seed of null is none'
is "$(echo "$one" | grep -c '"n": [1-8],')" 50 'randint gives integers below its end'

# As Python's json.dumps() writes what NNI's tuners give: a shell trial may look
# for '"lr": ', and nothing but ASCII can be misread in another locale.
cat >names.json <<'EOF'
{"größe":{"_type":"choice","_value":[{"_name":"weiß","k":{"_type":"choice","_value":["😀\u00FC\/",[1,{"a":2.5}]]}}]},
"n":{"_type":"randint","_value":[3,4]}}
EOF
is "$(nni-tune -q -s names.json -n 2 -t GridSearch | tee specs)" \
	'{"type":"spec","parameter_id":0,"parameters":{"gr\u00f6\u00dfe": {"_name": "wei\u00df", "k": "\ud83d\ude00\u00fc/"}, "n": 3}}
{"type":"spec","parameter_id":1,"parameters":{"gr\u00f6\u00dfe": {"_name": "wei\u00df", "k": [1, {"a": 2.5}]}, "n": 3}}' \
	'parameters have the separators and escapes of Python'
# What jq or an older journal makes of them is known again.
is "$({ jq -c . specs; echo '{"type":"ask","n":1}'; } | nni-tune -q -s names.json -t GridSearch)" \
	'{"type":"no_more"}' 'they are known again however they are written'
is "$({ sed -n 2p specs | jq -c .; echo '{"type":"ask","n":2}'; } | nni-tune -q -s names.json -t TPE | jq -c '.parameters')" \
	'{"größe":{"_name":"weiß","k":"😀ü/"},"n":3}
null' 'by TPE, too'
done_testing
