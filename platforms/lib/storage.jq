# How code and tools come to pods, and where pods find what is shared.  All ways
# end in files /nni/code.d/*.part and /nni/tools.d/*.part of the container, which
# put together are a .tgz:
#
#	configmaps	the cluster keeps them; no storage is needed
#	share		copied to a share (NFS, a PVC) that is mounted here as well, at
#			localMountPoint
#	file		uploaded to an Azure file share, which pods mount
#	url		fetched by each pod: uploaded to Azure Blob (or to a file share of
#			which only a signature is known), or lying at codeUrl
#
# Functions take SETUP.  A share that pods mount is at /tmp/mount, as NNI has it,
# or at remoteMountPoint of sharedStorage, and NNI_OUTPUT_DIR lies on it.

# What the configuration has, sharedStorage of the whole experiment included.
def storage: .member.storage // (.config.sharedStorage | if . == null then null
	else (if .localMounted == "nomount" then {} else {localMountPoint} end)
		+ if .storageType == "NFS" then {storageType: "nfs", server: .nfsServer, path: .exportedDirectory}
		else {storageType: "azureBlob", azureAccount: .storageAccountName, azureContainer: .containerName, azureAccountKey: .storageAccountKey} end
	end);

def storage_type: storage | .storageType // "";

# A signature alone lets nobody mount the share.
def storage_has_key: storage | .azureAccountKey != null or .keyVaultName != null;

# Can pods mount it?
def storage_mounts: storage_type as $t | $t == "nfs" or ($t == "pvc" and (storage | .claimName != null)) or ($t == "azureStorage" and storage_has_key);

def code_way: storage_type as $t
	| if .member.codeUrl then "url"
	elif storage_mounts and (storage | .localMountPoint != null) then "share"
	elif $t == "azureStorage" and storage_has_key then "file"
	elif $t == "azureStorage" or $t == "azureBlob" then "url"
	else "configmaps" end;

# Where the tools go: with the code, unless that lies somewhere already.
def tools_way: if .member.codeUrl then "configmaps" else code_way end;

def way_of($what): if $what == "code" then code_way else tools_way end;

# Of the share, as people call it.
def storage_name: storage as $s | storage_type
	| if . == "nfs" then "\($s.server):\($s.path)" elif . == "pvc" then "the claim \($s.claimName // $s.path)"
	elif . == "azureStorage" then "the file share \($s.azureShare) of \($s.azureAccount)"
	else "the container \($s.azureContainer) of \($s.azureAccount)" end;

# Which way the code takes, and why, for check.
def code_words: code_way as $way | storage_type as $t
	| if .member.codeUrl then "fetched by each pod from codeUrl"
	elif $way == "share" then "copied to \(storage | .localMountPoint) (localMountPoint), which pods mount from \(storage_name)"
	elif $way == "file" then "uploaded to \(storage_name), which pods mount"
	elif $way == "url" then "uploaded to \(storage_name), and fetched by each pod with a signed URL"
		+ if $t == "azureStorage" then ", since without the account's key pods cannot mount the share" else "" end
	elif $t == "" then "in ConfigMaps, since no storage is configured"
	elif storage | .localMountPoint == null then "in ConfigMaps, since \(storage_name) is not mounted here (localMountPoint)"
	else "in ConfigMaps, since the claim is not named (claimName)" end;

# What ConfigMaps take in all, when {code: {bytes}, ...} are packed; null: they take that.
def archive_max: 8388608;
def archive_too_large: first(to_entries[] | select(.value.bytes > archive_max)
	| {reason: "the code is \(.value.bytes / 1048576 * 10 | floor / 10) MiB when packed, and without a storage: the cluster takes 8 MiB",
	   hint: "leave files out by .nniignore (nni-pack --list shows them), or set storage"}) // null;

# ---- Azure: who is talked to ----

def azure_is_used: storage_type | . == "azureStorage" or . == "azureBlob";
# To be uploaded to, or for its key, with which pods mount it.
def account_is_used: (storage_type == "azureStorage" and storage_has_key) or (azure_is_used and (.member.codeUrl | not));

def storage_servers: storage as $s | if account_is_used | not then {} else {storage: ({
		kind: (if $s.storageType == "azureStorage" then "azure-file" else "azure-blob" end), account: $s.azureAccount,
		share: (if $s.storageType == "azureStorage" then $s.azureShare else null end),
		container: (if $s.storageType == "azureStorage" then null else $s.azureContainer end),
		key: $s.azureAccountKey, sas: (if storage_has_key then null else $s.azureSasToken end),
		vault: $s.keyVaultName, secret: $s.keyVaultKey, endpoint: $s.azureEndpoint} | with_entries(select(.value != null)))} end;

# ---- where an archive lies ----

# Below the root of the share or the container; a digest names it, so it never changes.
def archive_folder($what; $a): "nni/" + .experiment + "/" + $what + "-" + $a.digest[0:12];

def slashes: gsub("/+$"; "") | gsub("^/+"; "");
def storage_root: if storage_type == "azureStorage" then "/" + (storage | .azureShare) else "/" + (storage | .azureContainer) end;
def archive_path($what; $a): storage_root + "/" + archive_folder($what; $a) + if storage_type == "azureStorage" then "/0.part" else ".tgz" end | gsub(" "; "%20");

# ---- getting it there: phases of requests, each when all of the one before are done ----
#
# A phase is [{ok: [STATUS...], skip: STATUS|null, what, fault, request}...]; a reply of status
# `skip` says that the archive is there already, `fault` what could not be done.

def range_bytes: 4194304;
def at_once: 8;

def azure_request($id; $method; $path; $headers; $more): {id: $id, server: "storage", $method, $path, as: "none",
	headers: ({"Content-Type": "application/octet-stream", Accept: "*/*"} + $headers)} + $more;

def file_headers: {"x-ms-version": "2023-01-03"};
def blob_headers: {"x-ms-version": "2021-12-02"};
def new_headers: file_headers + {"x-ms-file-attributes": "None", "x-ms-file-creation-time": "now", "x-ms-file-last-write-time": "now", "x-ms-file-permission": "inherit"};

def slices($a): [range(0; $a.bytes; range_bytes) | {at: ., length: ([range_bytes, $a.bytes - .] | min)}];
def groups($n): . as $all | [range(0; length; $n) | $all[. : . + $n]];

# An Azure file share: directories one by one, a file of its full size, ranges
# of it; at last a file that says that all of it is there.
def file_phases($what; $a): storage_root as $root | ($root + "/nni/" + .experiment) as $top | ($root + "/" + archive_folder($what; $a)) as $dir
	| def directory($path): {what: $what, ok: [201, 409], request: azure_request("dir:\($path)"; "PUT"; $path; new_headers; {query: {restype: "directory"}, parts: [""]})};
	  def file($name; $bytes): {what: $what, ok: [201], request: azure_request("new:\($name)"; "PUT"; $dir + "/" + $name;
		new_headers + {"x-ms-type": "file", "x-ms-content-length": ($bytes | tostring)}; {parts: [""]})};
	[[{what: $what, ok: [404], skip: 200, request: azure_request("is:\($what)"; "GET"; $dir + "/whole"; file_headers; {})}],
	 [directory($root + "/nni")], [directory($top)], [directory($dir)], [file("0.part"; $a.bytes)]]
	+ [slices($a) | groups(at_once)[] | [.[] | {what: $what, ok: [201], request: azure_request("range:\(.at)"; "PUT"; $dir + "/0.part";
		file_headers + {"x-ms-write": "update", "x-ms-range": "bytes=\(.at)-\(.at + .length - 1)"};
		{query: {comp: "range"}, parts: [{file: ($what + ".tgz"), at: .at, length: .length}]})}]]
	+ [[file("whole"; 0)]];

# A blob: blocks in any order, then the list of them, which makes it appear.
def block_id: "000000\(.)" | .[-6:] | @base64;
def blob_phases($what; $a): archive_path($what; $a) as $path
	| [[{what: $what, ok: [404], skip: 206, request: azure_request("is:\($what)"; "GET"; $path; blob_headers + {"x-ms-range": "bytes=0-0"}; {})}]]
	+ [slices($a) | groups(at_once)[] | [.[] | {what: $what, ok: [201], request: azure_request("block:\(.at)"; "PUT"; $path; blob_headers;
		{query: {comp: "block", blockid: (.at / range_bytes | block_id)}, parts: [{file: ($what + ".tgz"), at: .at, length: .length}]})}]]
	+ [[{what: $what, ok: [201], request: azure_request("list:\($what)"; "PUT"; $path; blob_headers + {"x-ms-blob-content-type": "application/gzip"};
		{query: {comp: "blocklist"}, parts: ["<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>"
			+ ([range(0; slices($a) | length) | "<Latest>\(block_id)</Latest>"] | add // "") + "</BlockList>"]})}]];

# A share that is mounted here: what pods have at /tmp/mount.
def mount_question: {id: "mount", as: "is", file: ((storage | .localMountPoint) + "/.")};
def mount_hint: (storage | .localMountPoint) as $at | "mount the share" + if storage_type != "nfs" then " there"
	else ": sudo mkdir -p \($at | @sh) && sudo mount -t nfs \(storage_name | @sh) \($at | @sh)" end;
def share_phases($what; $a): ((storage | .localMountPoint) + "/" + archive_folder($what; $a)) as $into
	| [[{what: $what, ok: [200], hint: mount_hint, request: mount_question}]] + [[{what: $what, ok: [200], request: {id: ("put:" + $what), as: "unpack", what: ($what + ".tgz"), into: $into}}]];

# A Secret of the cluster: KEY: a part in base64, or a text.
def secret_request($id; $ns; $name; $values; $labels): {id: $id, method: "POST", path: "/api/v1/namespaces/\($ns)/secrets",
	headers: {"Content-Type": "application/json"},
	parts: ([({apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: {name: $name, labels: $labels}} | tojson | .[:-1]) + ",\"data\":{"]
		+ [$values | to_entries | to_entries[] | (if .key > 0 then "," else "" end) + (.value.key | tojson) + ":\"",
			(if .value.value | type == "string" then .value.value | @base64 else .value.value + {encoding: "base64"} end), "\""]
		+ ["}}"])};

def storage_secret: "nni-" + .experiment + "-" + (.member.member | ascii_downcase | gsub("[^a-z0-9]+"; "-") | .[0:30] | gsub("^-+|-+$"; "")) + "-storage";

# What pods need to reach it, {} if nothing.
def secret_values($prepared): . as $setup
	| (if .member.codeUrl then {code: .member.codeUrl}
		elif code_way == "url" then ["code", "tools"] | map({key: ., value: ($prepared[.] as $a | . as $what
			| {secret: "storage", of: "url", path: ($setup | archive_path($what; $a))})}) | from_entries
		else {} end)
	+ if storage_mounts and storage_type == "azureStorage" then
		{azurestorageaccountname: (storage | .azureAccount), azurestorageaccountkey: {secret: "storage", of: "key"}} else {} end;

def secret_phases($ns; $prepared; $labels): secret_values($prepared) as $values | storage_secret as $name
	| if $values == {} then [] else secret_request("storage-secret"; $ns; $name; $values; $labels) as $new
		| [[{what: "secret", ok: [201], instead: 409, request: $new,
			other: ($new + {id: "storage-secret-again", method: "PUT", path: ($new.path + "/" + $name)})}]] end;

# All that has to be done for the archives that no ConfigMap takes.
def storage_phases($ns; $prepared; $labels): . as $setup
	| [("code", "tools") as $what | $prepared[$what] as $a | ($setup | way_of($what)) as $way
		| if $way == "share" then $setup | share_phases($what; $a)
		elif $way == "file" then $setup | file_phases($what; $a)
		elif $way == "url" and ($setup.member.codeUrl | not) then $setup | if storage_type == "azureStorage" then file_phases($what; $a) else blob_phases($what; $a) end
		else [] end]
	| (add // []) + ($setup | secret_phases($ns; $prepared; $labels));

# In Azure's own words, which are XML.
def azure_words: (.body | if type == "string" then (capture("<Message>(?<m>[^<\n]*)").m? // "") else .message? // "" end) as $m
	| if .status == 0 then .message // "no answer" elif ($m // "") == "" then "it answered \(.status)" else "it answered \(.status): \($m)" end;

def azure_hint: if .status == 403 then "see whether the key or the signature is right and may read, write and create, and whether the account's firewall lets this machine in"
	elif .status == 404 then "make the share or container first: nothing here makes one" else null end;

# The state of it: {at: phase, left: replies that are waited for}; `.up` of the platform's state.
def phase_requests($phases; $at): [$phases[$at][] | .request];

# One reply: {up, requests} or {up, done: true} or {up, failed: {reason, hint}}.
def storage_next($phases; $up; $event): ($phases[$up.at] | map(select(.request.id == $event.id or .other.id? == $event.id)) | .[0]) as $one
	| if $one == null then {up: $up, requests: []}
	elif $one.instead == $event.status and $event.id == $one.request.id then {up: $up, requests: [$one.other]}
	elif $one.skip != null and $one.skip == $event.status then
		(first(range($up.at; $phases | length) | select($phases[.][0].what != $one.what)) // ($phases | length)) as $at
		| if $at == ($phases | length) then {up: $up, done: true}
		else {up: {at: $at, left: ($phases[$at] | length)}, requests: phase_requests($phases; $at)} end
	elif ($one.ok | index([$event.status])) == null and ($event.id != $one.other.id? or $event.status != 200) then
		{up: $up, failed: {reason: "\($one.fault // ($one.what | if . == "secret" then "the Secret for it cannot be made" else "the \(.) cannot be stored" end)): \($event
				| if $one.request.as == "unpack" or $one.request.as == "is" then .message // "no reason was given" elif $one.request.server == "storage" then azure_words else .body.message? // "it answered \(.status)" end)",
			hint: (if $one.hint then $one.hint elif $one.request.server == "storage" then $event | azure_hint elif $one.what == "secret" then "the right to create and update secrets is needed"
				else "see whether localMountPoint is mounted and may be written to" end)}}
	elif $up.left > 1 then {up: ($up | .left -= 1), requests: []}
	elif $up.at + 1 < ($phases | length) then {up: {at: ($up.at + 1), left: ($phases[$up.at + 1] | length)}, requests: phase_requests($phases; $up.at + 1)}
	else {up: $up, done: true} end;

# ---- for check and clean ----

def has_storage_secret: .member.codeUrl != null or account_is_used;
def storage_rights: if has_storage_secret then [("create", "update", "list", "delete") | {verb: ., group: "", resource: "secrets"}] else [] end;

# Something that is not there: the answer tells whether what it would be in is, and lets us in.
def storage_questions($ns): storage as $s
	| (if account_is_used then [azure_request("storage"; "GET"; storage_root + "/nni/nothing";
		if $s.storageType == "azureStorage" then file_headers else blob_headers end; {as: "json"})] else [] end)
	+ (if code_way == "share" then [mount_question] else [] end)
	+ if $s.claimName then [{id: "claim", path: "/api/v1/namespaces/\($ns)/persistentvolumeclaims/\($s.claimName)"}] else [] end;

# What is wrong with it: {message, hint}, or nothing.
def storage_fault($reply; $ns): . as $setup | storage as $s | $reply
	| if .id == "claim" and .status == 404 then {message: "there is no claim \($s.claimName) in \($ns)", hint: "create the PersistentVolumeClaim, or set claimName:"}
	elif .id == "mount" and .status != 200 then {message: "the storage: \(.message)", hint: ($setup | mount_hint)}
	elif .id != "storage" or .status == 200 or (.status == 404 and (.body | tostring | test("ShareNotFound|ContainerNotFound") | not)) then empty
	else {message: "the storage account \($s.azureAccount): \(azure_words)", hint: azure_hint} end;

# ---- what a pod has of it ----

# Each pod's own copy, by whatever the image has; the URL is never in a command line of curl or python3.
def fetch_script: "
get() {
	if command -v curl >/dev/null 2>&1; then
		printf 'url = \"%s\"\\n' \"$1\" | curl -q -fsSL --retry 8 --retry-delay 2 -o \"$2\" -K -
	elif command -v python3 >/dev/null 2>&1; then
		NNI_URL=$1 python3 -c 'import os, shutil, sys, urllib.request as u; shutil.copyfileobj(u.urlopen(os.environ[\"NNI_URL\"], timeout=600), open(sys.argv[1], \"wb\"))' \"$2\"
	elif command -v wget >/dev/null 2>&1; then wget -q -O \"$2\" \"$1\"
	else echo 'nni: to fetch the code the image needs curl, python3 or wget' >&2; return 1; fi
}
for what in code tools; do
	eval \"url=\\$NNI_URL_$what\"
	[ -n \"$url\" ] || continue
	mkdir -p /nni/fetched/$what && get \"$url\" /nni/fetched/$what/0.part || { echo \"nni: cannot fetch the $what\" >&2; exit 125; }
done
";

def fetch_container($image; $whats): {name: "nni-fetch", image: $image, command: ["sh", "-c", (fetch_script | split("$") | join("$$"))],
	env: [$whats[] as $w | {name: ("NNI_URL_" + $w), valueFrom: {secretKeyRef: {name: storage_secret, key: $w}}}],
	volumeMounts: [{name: "nni-fetched", mountPath: "/nni/fetched"}]};

def storage_volume: storage as $s | {name: "nni-storage"} + (storage_type
	| if . == "nfs" then {nfs: {server: $s.server, path: $s.path}} elif . == "pvc" then {persistentVolumeClaim: {claimName: $s.claimName}}
	else {azureFile: {shareName: $s.azureShare, readOnly: false}} end);

# `path` of a claim is a folder below its root.
def storage_below: if storage_type == "pvc" then (storage | .path // "" | slashes) else "" end;
def below($path): storage_below | if . == "" then $path else . + "/" + $path end;

# Where containers have it: as NNI has it, or as sharedStorage says.
def mount_point: if .member.storage == null and (.config.sharedStorage.remoteMountPoint // "" | startswith("/")) then .config.sharedStorage.remoteMountPoint else "/tmp/mount" end;
def outputs_below($trial): "/nni/\(.experiment)/trials/\($trial)" + if .member.storage == null then "/nnioutput" else "" end;
def output_dir($trial): mount_point + outputs_below($trial);

# What a trial writes there, as this machine sees it; null where it does not.
def outputs_here($trial): if storage_mounts and (storage | .localMountPoint != null) then (storage | .localMountPoint | sub("/+$"; "")) + outputs_below($trial) else null end;
# Why nobody brings it here.
def outputs_far($trial): if storage_mounts then "what trials write lies in \(storage_name), at \(outputs_below($trial)): mount it here, and set localMountPoint"
	else "what trials write besides goes with their pods: let it be written to a storage (NNI_OUTPUT_DIR)" end;

# Into the template of a pod, `.`.  $ways: {code: {sub: PATH} | {url: true} | [ConfigMap...], tools: ...}
def storage_pod($setup; $ways; $trial): . as $template
	| ($setup | storage_mounts) as $mounts
	| [("code", "tools") as $w | $ways[$w] | objects | .sub | strings as $sub | {name: "nni-storage", mountPath: "/nni/\($w).d", readOnly: true,
		subPath: ($setup | below($sub))}] as $subs
	| [("code", "tools") as $w | select($ways[$w] | type == "object" and .url) | $w] as $fetched
	| $template
	| if $mounts then
		.spec.volumes += [$setup | storage_volume | if .azureFile then .azureFile.secretName = ($setup | storage_secret) else . end]
		| .spec.containers[0].volumeMounts += [{name: "nni-storage", mountPath: ($setup | mount_point)}
			+ ($setup | storage_below | if . == "" then {} else {subPath: .} end)] + $subs
		| .spec.containers[0].env |= map(if .name == "NNI_OUTPUT_DIR" then .value = ($setup | output_dir($trial)) else . end)
	  else . end
	| if $fetched == [] then . else
		.spec.containers[0].image as $image
		| .spec.volumes += [{name: "nni-fetched", emptyDir: {}}]
		| .spec.initContainers = [$setup | fetch_container($image // "docker.io/curlimages/curl"; $fetched)] + (.spec.initContainers // [])
		| .spec.containers[0].volumeMounts += [$fetched[] | {name: "nni-fetched", mountPath: "/nni/\(.).d", subPath: ., readOnly: true}]
	  end;
