# What has our labels is removed, and only that.
include "k8s-cluster";
include "storage";

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
			if $setup | clean_last($s; kind) then {state: $s, exit: 0} else $setup | clean_list($s + {at: ($s.at + 1), waits: 0}; kind) end
		elif $todo == [] and $s.waits > 600 then clean_failed($s; "\(.body.items | length) things at \($k.path) do not go away"; 5)
		elif $todo == [] then {state: ($s + {waits: ($s.waits + 1)}), wait_ms: 500}
		else {state: ($s + {left: ($todo | length)}), requests: [$todo[] | clean_item($k; $setup | owner_label)]} end
	# its kind does not exist here: nothing of it was left
	elif .id == "list" and .status == 404 then if $setup | clean_last($s; kind) then {state: $s, exit: 0} else $setup | clean_list($s + {at: ($s.at + 1), waits: 0}; kind) end
	elif .id == "list" or (.status >= 400 and .status != 404 and .status != 409) or .status == 0 then
		clean_failed($s; "cannot remove what is left at \($k.path): \(refusal)"; if .status == 403 or .status == 401 then 6 else 5 end)
	elif $s.left > 1 then {state: ($s + {left: ($s.left - 1)})}
	# all were asked for: look again, until there are none
	else {state: ($s + {left: 0}), wait_ms: 100} end;

def clean_platform($s; $event; kind): . as $setup | $event
	| if .type == "start" then {state: $s, servers: ($setup | server)}
	elif .type == "open" then $setup | clean_list($s + opened($event) + {at: 0, waits: 0}; kind)
	elif .type == "reply" then $setup | clean_reply($s; $event; kind)
	elif .type == "timer" then $setup | clean_list($s; kind)
	else {state: $s} end;
