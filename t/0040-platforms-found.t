#!/bin/sh
# Where a platform's program is found: a program, a script in a folder of its
# name, or the engine for a jq file.
. "$(dirname "$0")/lib.sh"

mkdir -p more/script more/rest-one engine exp
sed 's/-sh: /-any: /' "$TOP/examples/platform/nni-platform-sh" >engine/nni-platform-rest
chmod +x engine/nni-platform-rest
cp engine/nni-platform-rest more/script/nni-platform-script
: >more/rest-one/rest-one.jq
: >more/Flat.jq
: >exp/t
for p in script rest-one Flat rest nowhere local; do
	cat >$p.yml <<-E
		trialConcurrency: 1
		maxTrialNumber: 1
		trialCommand: 'true'
		trialCodeDirectory: exp
		searchSpace: {x: {_type: choice, _value: [1]}}
		tuner: {name: Random}
		trainingService: {platform: $p}
	E
done
NNI_PLATFORM_PATH=$PWD/more:$PWD/engine
export NNI_PLATFORM_PATH

for p in script rest-one Flat local; do
	exits 0 "$p can run" nni-config -q --runnable $p.yml
done
exits 0 'a script in its folder' nni-conformance --only=capabilities,usage script script.yml
exits 0 'NAME/NAME.jq is run by the engine' nni-conformance --only=capabilities,usage rest-one rest-one.yml
exits 0 'NAME.jq, too, with capitals as they are written' nni-conformance --only=capabilities,usage Flat Flat.yml
exits 0 'nni-run finds them' nni-run -q rest-one.yml
exits 3 'the engine alone is no platform' nni-config -q --runnable rest.yml
exits 3 'what is nowhere is told' nni-conformance nowhere nowhere.yml
like "$(cat err)" "*no platform 'nowhere': no program 'nni-platform-nowhere' and no 'nowhere.jq' in *NNI_PLATFORM_PATH*" 'with where it was looked for'

names=$(nni-conformance --complete '' | cut -f1 | grep -xE 'script|rest-one|Flat|rest|local|remote|lib' | sort | tr '\n' ' ')
is "$names" 'Flat local remote rest-one script ' 'all are listed, once'

# A program comes before a jq file of the same place; places go in order.
printf '#!/bin/sh\nexit 9\n' >more/rest-one/nni-platform-rest-one
chmod +x more/rest-one/nni-platform-rest-one
exits 1 'a program beside the jq file is taken' nni-conformance --only=capabilities rest-one rest-one.yml
mkdir -p first/rest-one
: >first/rest-one/rest-one.jq
NNI_PLATFORM_PATH=$PWD/first:$NNI_PLATFORM_PATH
exits 0 'but what comes first is found first' nni-conformance --only=capabilities rest-one rest-one.yml
done_testing
