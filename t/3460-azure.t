#!/bin/sh
# Code by Azure storage: uploaded with the account's key out of a Key Vault or
# with a signature, mounted or fetched by pods; and no secret to be seen.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
k8s_start

share=$k8s_dir/scratch/azurefile/team
mkdir -p az/blobs/box "$share" code
"$TOP/t/azure-server" az --busy 7 --share "${share%/*}" &
stop_at_end "kill $!"
wait_for test -s az/port
azure=http://127.0.0.1:$(cat az/port)
no_proxy=127.0.0.1
AZURE_AUTHORITY_HOST=$azure/login AZURE_POD_IDENTITY_AUTHORITY_HOST=$azure/machine
AZURE_TENANT_ID=t AZURE_CLIENT_ID=c AZURE_CLIENT_SECRET=client-secret
export no_proxy AZURE_AUTHORITY_HOST AZURE_POD_IDENTITY_AUTHORITY_HOST
export AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET

# More than one range, or block.
head -c 5000000 /dev/urandom >code/large
cat >code/run.sh <<'S'
sha256sum <large >"$NNI_OUTPUT_DIR/sum"
env | grep -c sig= >"$NNI_OUTPUT_DIR/seen"
echo "NNISDK_MEb'{\"parameter_id\": 0, \"trial_job_id\": \"$NNI_TRIAL_JOB_ID\", \"type\": \"FINAL\", \"sequence\": 0, \"value\": \"$(cat "$NNI_OUTPUT_DIR/seen")\"}'"
S
# begin NAME STORAGE	an experiment with that storage, to be waited for by ended
begin() {
	jq -nc --argjson storage "$2" '{trialConcurrency: 1, maxTrialNumber: 1, trialCommand: "sh run.sh", trialCodeDirectory: "code",
		searchSpace: {x: {_type: "choice", _value: [1]}}, tuner: {name: "Random"}, experimentWorkingDirectory: "exps",
		trainingService: {platform: "kubernetes", image: "debian", storage: $storage}}' >"$1.json"
	nni-run --id "$1" "$1.json" >"$1.out" 2>"$1.err" </dev/null &
	eval "pid_$1=$!"
}
ended() { # NAME TEXT
	eval "wait \$pid_$1"
	set -- $? "$@"
	ok "$1" "$3" || diag "$(cat "$2.err")"
}
final() { jq -r 'select(.type == "metric" and .kind == "final") | .value' "exps/$1/events.jsonl"; }
# asked REGEX		how many requests to Azure were so
asked() { grep -cE "$1" az/requests; }
# Nothing of what is kept or printed has it, but the configuration.
nowhere() { ! grep -rqF -e "$1" --exclude=config.json exps *.out *.err; }

# A file share, its key in a Key Vault; blobs, with a signature alone; blobs by
# the key, of which pods get a signature to read with.
vault=$(jq -nc --arg url "$azure" '{storageType: "azureStorage", azureAccount: "acct", azureShare: "team",
	azureEndpoint: ($url + "/files"), keyVaultName: ($url + "/vault"), keyVaultKey: "storage-key"}')
begin file "$vault"
begin blob '{"storageType": "azureBlob", "azureAccount": "acct", "azureContainer": "box", "azureEndpoint": "'"$azure"'/blobs",
	"azureSasToken": "?'"$(cat az/sas)"'"}'
begin key '{"storageType": "azureBlob", "azureAccount": "acct", "azureContainer": "box", "azureEndpoint": "'"$azure"'/blobs",
	"azureAccountKey": "'"$(cat az/key)"'"}'

# ---- the file share ----
ended file 'an experiment by an Azure file share'
is "$(cat "$share"/nni/file/trials/*/sum)" "$(sha256sum <code/large)" 'the pod had the code, and left its output on the share'
archive=$(echo exps/file/platforms/code-*.tgz)
cmp "$share"/nni/file/code-*/0.part "$archive" >&2
ok $? 'the share has the archive, byte for byte'
is "$(asked 'PUT.*/file/code-.*comp=range 201')" 2 'in ranges of 4 MiB'
is "$(k8s_get /api/v1/namespaces/default/secrets/nni-file-kubernetes-storage |
	jq -r '.data | .azurestorageaccountname, .azurestorageaccountkey | @base64d')" "acct
$(cat az/key)" 'a Secret has what pods mount it with'
nowhere client-secret
ok $? 'what is proven to the Key Vault is nowhere'

# ---- blobs ----
ended blob 'an experiment by blobs, with a signature'
is "$(asked 'PUT.*/blob/code-.*comp=block 201')/$(asked 'PUT.*/blob/code-.*comp=blocklist 201')" 2/1 'they are sent in blocks'
is "$(asked 'GET.*/blob/code-.* 200')" 1 'and fetched by the pod'
is "$(final blob)" 0 'whose trial does not see the signature'
nowhere sig=bm8
ok $? 'nor does anybody else'

ended key 'an experiment by blobs, with the key'
is "$(asked 'GET.*/key/code-.* 200')" 1 'the pod fetches it by a signature of ours'
is "$(k8s_get /api/v1/namespaces/default/secrets/nni-key-kubernetes-storage | jq -r '.data.code | @base64d' | sed 's/.*[?&]sp=\([a-z]*\)&.*/\1/')" \
	r 'with which one can but read'
nowhere "$(cat az/key)"
ok $? 'nobody else has the key'

ok "$([ "$(asked ' 503 ServerBusy')" -gt 0 ]; echo $?)" 'all that though the server was busy at times'
is "$(grep -vE ' (20[0-9] |503 ServerBusy|409 ResourceAlreadyExists|404 ResourceNotFound)' az/requests)" '' \
	'and nothing that was asked was wrong'

# ---- what is said before it begins ----
exits 0 'the storage is looked at first' nni-run --check file.json
like "$(cat err)" '*; code: uploaded to the file share team of acct, which pods mount*' 'and which way the code will go is said'
refused() { # NAME JQ
	jq "$2" file.json >wrong.json
	nni-run --check wrong.json >out 2>err </dev/null
	ok "$([ $? -ne 0 ]; echo $?)" "$1"
}
storage=.trainingService.storage
refused 'a share that is not there is told' "$storage.azureShare = \"none\""
like "$(cat err)" '*the storage account acct: it answered 404: The specified share does not exist.*make the share*' 'in the words of Azure'
refused 'a key that is not the account'"'"'s, too' "$storage |= (del(.keyVaultName, .keyVaultKey) + {azureAccountKey: \"bm90IHRoZSBrZXk=\"})"
like "$(cat err)" '*403: The MAC signature*see whether the key*' 'and what to look at'
refused 'a secret that is not in the vault' "$storage.keyVaultKey = \"other\""
like "$(cat err)" "*the secret 'other' of the key vault $azure/vault: it answered 404: A secret with*" 'is named'
unset AZURE_CLIENT_SECRET
refused 'a vault into which nobody lets us' .
like "$(cat err)" '*there is no way to log in: a service principal *: not set; workload identity *: not set; the Azure CLI (az): *; a managed identity of this machine: it answered 400: Identity not found*' \
	'each way is told, and why it is none'
echo assertion >token
AZURE_FEDERATED_TOKEN_FILE=$PWD/token
export AZURE_FEDERATED_TOKEN_FILE
exits 0 'workload identity is one' nni-run --check file.json
unset AZURE_FEDERATED_TOKEN_FILE
: >az/identity
exits 0 'and a managed identity' nni-run --check file.json

# ---- a second time ----
: >az/requests
mv exps/file first
begin file "$vault"
ended file 'the same code once more'
is "$(asked 'comp=range')" 0 'is not sent again'
rm -rf first

# ---- what is left ----
mkdir "$share/nni/other" && cp -r "$share"/nni/file/code-* "$share/nni/other/"
exits 0 'an experiment is cleaned up' nni-run --clean file
is "$(k8s_get /api/v1/namespaces/default/secrets | jq -r '.items[].metadata.name' | grep -c nni-file-)" 0 'and its Secret is gone'
is "$(cd "$share/nni" && echo file/* other/code*/*)" "file/trials $(cd "$share/nni" && echo other/code-*/0.part other/code-*/whole)" \
	'so are the archives on the share; what trials wrote is not, nor what others have there'
rm -rf "$share/nni/file/trials"
exits 0 'again' nni-run --clean file
ok "$([ ! -e "$share/nni/file" ]; echo $?)" 'the folder goes when there is nothing in it'
echo later >az/blobs/box/nni/blob/mine
exits 0 'one by blobs, with a signature' nni-run --clean blob
exits 0 'and with the key' nni-run --clean key
is "$(cd az/blobs/box/nni && find . -type f)" ./blob/mine 'leaves none of them'
done_testing
