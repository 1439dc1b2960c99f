# What has our labels is removed, and only that; then what lies in a storage.
include "k8s-cluster";
include "storage";

# ---- archives in a storage: the experiment's go, what trials wrote is the user's ----

# Where they lie, null if in no storage.
def archives_lie: code_way as $way | if .member.codeUrl or $way == "configmaps" then null elif $way == "share" then $way
	elif storage_type == "azureStorage" then "files" else "blobs" end;

def archives_root: storage_root + "/nni/" + .experiment;
def is_archive: test("^(code|tools)-[0-9a-f]{12}(\\.[0-9a-f]+)?$");

# Which of them are there; a share that is mounted here is cleaned by that.
def archives_list: archives_lie as $lie
	| if $lie == "share" then {id: "archives", as: "remove", file: ((storage | .localMountPoint | sub("/+$"; "")) + "/nni/" + .experiment), begins: ["code-", "tools-"]}
	elif $lie == "files" then azure_request("archives"; "GET"; archives_root; file_headers; {as: "json", tries: 8, query: {restype: "directory", comp: "list"}})
	else azure_request("archives"; "GET"; storage_root; blob_headers; {as: "json", tries: 8, query: {restype: "container", comp: "list", prefix: "nni/\(.experiment)/"}}) end;

# Names as lists have them: of blobs, whole paths; what ends in .tgz is one.
def archives_listed($reply): archives_lie as $lie | "nni/\(.experiment)/" as $before
	| [$reply.body | strings | scan("<Name>([^<]*)</Name>") | .[0]
		| if $lie == "files" then select(is_archive) else select(startswith($before) and (ltrimstr($before) | endswith(".tgz") and (rtrimstr(".tgz") | is_archive))) end];

# A folder of the experiment that has more in it stays.
def archives_phases($names): archives_root as $top | storage_root as $root
	| def gone($path; $ok; $headers; $more): {what: "archives", ok: ([202, 404] + $ok), fault: "what is left of the code and the tools cannot be removed",
		request: azure_request("gone:\($path)"; "DELETE"; $path; $headers; {tries: 8} + $more)};
	  def folder($path; $ok): gone($path; $ok; file_headers; {query: {restype: "directory"}});
	  if archives_lie == "files" then [[$names[] | gone("\($top)/\(.)/" + ("0.part", "whole"); []; file_headers; {})], [$names[] | folder("\($top)/\(.)"; [])], [folder($top; [409])]]
	  else [[$names[] | gone("\($root)/\(.)"; []; blob_headers; {})]] end | map(select(. != []));

def archives_failed($s; $reason; $event): {state: $s, exit: (if $event.status == 403 then 6 else 5 end), records: [problem($reason;
	if $event.status == 403 then "the right to list and to delete is needed there" else null end)]};

# What is done when the cluster is clean; and what with the replies.
def archives_clean($s): if archives_lie == null then {state: $s, exit: 0}
	else {state: ($s + {archives: {}}), servers: (if archives_lie == "share" then {} else storage_servers end), requests: [archives_list]} end;

def archives_reply($s; $event): archives_lie as $lie
	| if $event.id == "archives" and ($event.status == 404 or ($event.status == 200 and $lie == "share")) then {state: $s, exit: 0}
	elif $event.id == "archives" and $event.status != 200 then archives_failed($s; "what is left of the code and the tools in \(if $lie == "share" then "localMountPoint" else storage_name end) cannot be \(
		if $lie == "share" then "removed: \($event.message // "")" else "listed: \($event | azure_words)" end)"; $event)
	else (if $event.id == "archives" then archives_listed($event) else $s.archives.names end) as $names | archives_phases($names) as $phases
		| if $event.id == "archives" then
			if $phases == [] then {state: $s, exit: 0}
			else {state: ($s | .archives = {names: $names, up: {at: 0, left: ($phases[0] | length)}}), requests: phase_requests($phases; 0)} end
		else storage_next($phases; $s.archives.up; $event) as $next
			| if $next.failed then archives_failed($s; $next.failed.reason; $event)
			elif $next.done then {state: $s, exit: 0}
			else {state: ($s | .archives.up = $next.up), requests: $next.requests} end
		end
	end;

# ---- the cluster ----

# Kinds of things, one after the other, each in lists of at most 50 until there are none.
def clean_kinds($s; kind): [{path: (. + {facts: $s.facts} | jobs_path($s.ns; kind)), selector: "ours"}, {path: pods_path($s.ns), selector: "ours"},
	((kind | .leaves // []) + (if has_storage_secret then ["secrets"] else [] end) | unique[] | {path: "/api/v1/namespaces/\($s.ns)/\(.)", selector: "ours"}), {path: configmaps_path($s.ns), selector: "owner"}];
def clean_last($s; kind): $s.at + 1 >= (clean_kinds($s; kind) | length);

def clean_list($s; kind): . as $setup | clean_kinds($s; kind)[$s.at] as $k
	| {state: $s, requests: [{id: "list", path: $k.path, tries: 8, query: {limit: "50",
		labelSelector: (if $k.selector == "ours" then $setup | selector else $setup | owner_label end)}}]};

# What is done about one of them: code that others use too is only not ours any more.
def clean_item($k; $owner): . as $o | ($k.path + "/" + .metadata.name) as $path | {uid: .metadata.uid, resourceVersion: .metadata.resourceVersion} as $as_seen
	| if $k.selector == "owner" and any(.metadata.labels | keys[]; startswith("used-by.nni/") and . != $owner) then
		{method: "PATCH", path: $path, headers: {"Content-Type": "application/merge-patch+json"}, body: {metadata: {resourceVersion: .metadata.resourceVersion, labels: {($owner): null}}}}
	else {method: "DELETE", path: $path, body: {apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background",
		preconditions: (if $k.selector == "owner" then $as_seen else {uid: .metadata.uid} end)}} end
	| . + {id: ("item:" + $o.metadata.name), tries: 8};

def clean_failed($s; $message; $code): {state: $s, exit: $code, records: [problem($message; if $code == 6 then "the rights to list and to delete are needed" else "try again" end)]};

def clean_reply($s; $event; kind): . as $setup | clean_kinds($s; kind)[$s.at] as $k | $event
	| if .id == "list" and .status == 200 then [.body.items[] | select(.metadata.deletionTimestamp == null)] as $todo
		| if .body.items == [] then
			if $setup | clean_last($s; kind) then $setup | archives_clean($s) else $setup | clean_list($s + {at: ($s.at + 1), waits: 0}; kind) end
		elif $todo == [] and $s.waits > 600 then clean_failed($s; "\(.body.items | length) things at \($k.path) do not go away"; 5)
		elif $todo == [] then {state: ($s + {waits: ($s.waits + 1)}), wait_ms: 500}
		else {state: ($s + {left: ($todo | length)}), requests: [$todo[] | clean_item($k; $setup | owner_label)]} end
	# its kind does not exist here: nothing of it was left
	elif .id == "list" and .status == 404 then if $setup | clean_last($s; kind) then $setup | archives_clean($s) else $setup | clean_list($s + {at: ($s.at + 1), waits: 0}; kind) end
	elif .id == "list" or (.status >= 400 and .status != 404 and .status != 409) or .status == 0 then
		clean_failed($s; "cannot remove what is left at \($k.path): \(refusal)"; if .status == 403 or .status == 401 then 6 else 5 end)
	elif $s.left > 1 then {state: ($s + {left: ($s.left - 1)})}
	# all were asked for: look again, until there are none
	else {state: ($s + {left: 0}), wait_ms: 100} end;

def clean_platform($s; $event; kind): . as $setup | $event
	| if .type == "start" then {state: $s, servers: ($setup | server)}
	elif .type == "open" and .server == "storage" then {state: $s}
	elif .type == "open" then $setup | clean_list($s + opened($event) + {at: 0, waits: 0}; kind)
	elif .type == "reply" and $s.archives then . as $r | $setup | archives_reply($s; $r)
	elif .type == "reply" then $setup | clean_reply($s; $event; kind)
	elif .type == "timer" then $setup | clean_list($s; kind)
	else {state: $s} end;
