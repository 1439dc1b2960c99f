#!/bin/sh
# ~/x and ~user/x, where no shell has expanded them: the home directories, or
# a clear refusal, and never a directory of that name.
. "$(dirname "$0")/lib.sh"

HOME=$PWD/home
export HOME
me=$(id -un)
mkdir -p home/code
echo '{"x":{"_type":"uniform","_value":[0,1]}}' >home/space.json
# config 'KEY: VALUE'...
config() {
	cat <<C
trialCommand: "true"
trialConcurrency: 1
tuner: {name: Random}
trainingService: {platform: local}
C
	printf '%s\n' "$@"
}
config 'searchSpaceFile: ~/space.json' 'trialCodeDirectory: ~/code' 'experimentWorkingDirectory: ~/made' >c.yml
exits 0 'paths of a configuration' nni-config c.yml
is "$(jq -r '.searchSpace.x._type, .trainingService[0].trialCodeDirectory, .experimentWorkingDirectory' out)" "uniform
$HOME/code
$HOME/made" 'are those of the home directory'
for key in searchSpaceFile trialCodeDirectory experimentWorkingDirectory; do
	config "$key: ~nobody-of-this-name/x" >c.yml
	exits 3 "$key of a user who is not there" nni-config c.yml
	like "$(cat err)" "*c.yml:5:*~nobody-of-this-name/x*there is no user 'nobody-of-this-name'*" 'is refused'
done
# Not every machine knows us by a name with a home directory.
theirs=$(eval "echo ~$me")
case $theirs in
/*)
	config 'searchSpace: {x: {_type: choice, _value: [1]}}' "experimentWorkingDirectory: ~$me/nowhere-$$" >c.yml
	is "$(nni-config c.yml | jq -r .experimentWorkingDirectory)" "${theirs%/}/nowhere-$$" '~user' ;;
*)	skip 'no home directory' '~user' ;;
esac

# Behind --name= most shells expand nothing.
exits 0 'nni-pack --output=~/x' nni-pack --output='~/code.zip' home/code
[ -f home/code.zip ]
ok $? 'is there'
exits 0 'nni-tune --search-space=~/x' nni-tune --search-space='~/space.json' -n 1
exits 0 'nni-collect --output=~/x' nni-collect --output='~/logs'
config 'searchSpace: {x: {_type: choice, _value: [1]}}' >c.yml
is "$(NNI_EXPERIMENTS='~/there' nni-run --prepare --id abc c.yml)" "$HOME/there/abc" '$NNI_EXPERIMENTS'
is "$(NNI_EXPERIMENTS='~nobody-of-this-name/there' nni-run --prepare --id abc c.yml 2>&1 | cut -d\; -f1)" \
	"nni-run: error: cannot expand '~nobody-of-this-name/there': there is no user 'nobody-of-this-name'" 'of nobody'
for command in 'nni-pack home/code --output=' 'nni-collect --output=' 'nni-tune -n 1 --search-space=' \
	'nnictl experiment export --filename=' 'nni-submit --config='; do
	# shellcheck disable=SC2086
	exits 2 "$command~nobody/x" $command'~nobody-of-this-name/x'
	like "$(cat err)" "*there is no user 'nobody-of-this-name'*" 'is refused'
done
is "$(find . -name '~*')" '' 'nothing was made that begins with ~'
done_testing
