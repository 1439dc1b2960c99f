# Could trials be started here?  What `nni-run --check` asks the API server.
include "k8s-cluster";
include "storage";

# What is asked for in a review of rights: this verb on that.
def rights(kind): kind as $k | ($k.api | split("/") | .[2]) as $group
	| [("create", "get", "list", "watch", "delete") | {verb: ., group: $group, resource: $k.plural}]
	+ [("list", "watch") | {verb: ., group: "", resource: "pods"}] + [{verb: "get", group: "", resource: "pods", subresource: "log"}]
	+ [("create", "patch", "list", "delete") | {verb: ., group: "", resource: "configmaps"}]
	+ ($k.rights // [] | map(select(.resource != "secrets"))) + (storage_rights + ($k.rights // [] | map(select(.resource == "secrets"))) | unique);

def right_name: .resource + (if .subresource then "/" + .subresource else "" end) | ascii_downcase;

# How a right is given: a line that can be typed.
def grant($ns; $missing): "an administrator gives them by: kubectl -n \($ns) create role nni "
	+ ([$missing | group_by(.verb)[] | .[0].verb] | map("--verb=" + .) | join(" ")) + " "
	+ ($missing | map("--resource=" + .resource + (if .group != "" then "." + .group else "" end) + (if .subresource then "/" + .subresource else "" end)) | unique | join(" "))
	+ ", and a rolebinding";

def secret_names: [.member.imagePullSecrets[]? | .name];

# What pods ask of the server, in the name of their service account.
def account_user($ns): "system:serviceaccount:\($ns):\(.account)";
def asks_problem($reply; $ns): "\(.resource).\(.group)" as $what
	| if $reply.status >= 200 and $reply.status < 300 then
		if $reply.body.status.allowed == true then empty
		else problem("the service account \(.account) in \($ns) may not \(.verb) \(.resource): \(.why)";
			"an administrator lets it by: kubectl -n \($ns) create role nni-\(.account) --verb=get,list,watch --resource=\($what); "
			+ "kubectl -n \($ns) create rolebinding nni-\(.account) --role=nni-\(.account) --serviceaccount=\($ns):\(.account)") end
	else {warning: ("it cannot be asked whether the service account \(.account) in \($ns) may \(.verb) \(.resource) (\($reply | refusal)); if not, \(.why); "
		+ "who may impersonate it sees it by: kubectl -n \($ns) auth can-i \(.verb) \($what) --as=\(account_user($ns))")} end;

def check_requests($ns; kind): [{id: "namespace", path: ("/api/v1/namespaces/" + $ns)},
		{id: "quota", path: "/api/v1/namespaces/\($ns)/resourcequotas"}, {id: "nodes", path: "/api/v1/nodes"}]
	+ [rights(kind) | to_entries[] | {id: "right:\(.key)", method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		body: {apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: {resourceAttributes: (.value + {namespace: $ns})}}}]
	+ [secret_names[] | {id: ("secret:" + .), path: "/api/v1/namespaces/\($ns)/secrets/\(.)"}]
	+ [[.member.serviceAccountName // empty, (kind | .asks[]? | .account | select(. != "default"))] | unique[]
		| {id: "account:\(.)", path: "/api/v1/namespaces/\($ns)/serviceaccounts/\(.)"}]
	+ [kind | .asks // [] | to_entries[] | {id: "asks:\(.key)", method: "POST", path: "/apis/authorization.k8s.io/v1/namespaces/\($ns)/localsubjectaccessreviews",
		body: (.value | {apiVersion: "authorization.k8s.io/v1", kind: "LocalSubjectAccessReview", metadata: {namespace: $ns},
			spec: {user: account_user($ns), groups: ["system:serviceaccounts", "system:serviceaccounts:\($ns)", "system:authenticated"],
				resourceAttributes: {verb, group, resource, namespace: $ns}}})}]
	+ storage_questions($ns)
	+ (if code_way == "configmaps" then [{id: "code", as: "prepare", what: "code.tgz"}] else [] end)
	| map(. + {tries: 2});

# 2, 500m, 1k: as a number.
def quantity: tostring | capture("^(?<n>[0-9.]+)(?<u>[A-Za-z]*)$") // {n: "0", u: ""}
	| (.n | tonumber) * ({m: 0.001, "": 1, k: 1000, M: 1000000, G: 1000000000, T: 1000000000000, Ki: 1024, Mi: 1048576, Gi: 1073741824, Ti: 1099511627776}[.u] // 1);

# What a trial's job takes, by the names of quotas without requests. and limits.
def trial_takes(kind): .member as $m | kind as $k | ($m.gpuResource // "nvidia.com/gpu") as $gpu
	| [($m.taskRoles[]? | .count = .taskNumber), ($m.worker, $m.ps, $m.master, $m.chief, $m.evaluator, $m.launcher | objects | .count = .replicas)]
	| (if . == [] then [{}] else . end) | map(.count //= 1)
	| {pods: (map(.count) | add), "count/pods": (map(.count) | add), "count/\($k.plural).\($k.api | split("/") | .[2])": 1,
	   cpu: (map(.count * (.cpuNumber // $m.cpuNumber // 0)) | add), memory: (map(.count * (.memorySize // $m.memorySize // 0) * 1048576) | add),
	   ($gpu): (map(.count * (.gpuNumber // $m.trialGpuNumber // 0)) | add)};

def amount($k): if $k | endswith("memory") then "\(. / 1048576 | floor)Mi" else . * 1000 | round / 1000 | tostring end;

# Quotas that are used up, or too small for a trial; and those that let fewer run at once: {type: "room", n, reason}.
def quota_problems($setup; kind): ($setup | trial_takes(kind)) as $takes
	| ([$setup.config.trialConcurrency // 1, $setup.member.maxConcurrency // empty] | min) as $most
	| .body.items[]? | .metadata.name as $name | .status | .hard as $hard | .used as $used
	| ($hard // {} | keys[]) as $k | select($used[$k] != null) | ($hard[$k] | quantity) as $all | ($all - ($used[$k] | quantity)) as $left
	| ($takes[$k | sub("^(requests|limits)[.]"; "")] // 0) as $n
	| if $left <= 0 and ($k | test("pods|jobs|configmaps|cpu|memory|gpu")) then
		problem("quota \($name) is used up: \($k) \($used[$k]) of \($hard[$k])"; "trials wait until something of it is given back; ask for more, or use another namespace:")
	elif $n > $all then problem("quota \($name) has \($hard[$k]) of \($k), and a trial takes \($n | amount($k))"; "no trial can start; ask for more, let trials take less, or use another namespace:")
	elif $n > $left then problem("quota \($name) has \($left | amount($k)) of \($k) left, and a trial takes \($n | amount($k))"; "trials wait until something of it is given back")
	elif $n * $most > $left then {type: "room", n: ($left / $n | floor), reason: "quota \($name) has \($left | amount($k)) of \($k) left, and a trial takes \($n | amount($k))"}
	else empty end;

# What a cluster's nodes have of the resource that trials ask for.
def node_problems($setup): ($setup.member.gpuResource // "nvidia.com/gpu") as $gpu
	| if ($setup.member.trialGpuNumber // 0) == 0 or .status != 200 then empty
	elif any(.body.items[]?; (.status.allocatable[$gpu] // "0" | quantity) >= $setup.member.trialGpuNumber) then empty
	else problem("no node has \($setup.member.trialGpuNumber) of \($gpu)"; "see `kubectl describe nodes`; gpuResource: names another resource, trialGpuNumber: another number") end;

def check_reply($setup; $s; kind): .id as $id
	# there is none to look at when an experiment begins: submit tells of it
	| if $id == "code" then if .status == 200 then {code: {bytes}} | archive_too_large | values | problem(.reason; .hint) else empty end
	elif .status == 0 and $id != "mount" then problem("no answer: \(.message // "")"; null)
	elif $id == "namespace" then if .status == 404 then problem("there is no namespace \($s.ns)"; "kubectl create namespace \($s.ns), or set namespace:") else empty end
	elif $id == "quota" then if .status == 200 then quota_problems($setup; kind) else empty end
	elif $id == "nodes" then node_problems($setup)
	elif $id | startswith("account:") then if .status == 404 then problem("there is no service account \($id[8:]) in \($s.ns)"; "kubectl -n \($s.ns) create serviceaccount \($id[8:]), or set serviceAccountName:") else empty end
	elif $id | startswith("asks:") then . as $r | $setup | kind | .asks[$id[5:] | tonumber] | asks_problem($r; $s.ns)
	elif $id | startswith("secret:") then if .status == 404 then problem("there is no secret \($id[7:]) in \($s.ns), which imagePullSecrets: names";
		"kubectl -n \($s.ns) create secret docker-registry \($id[7:]) --docker-server=... --docker-username=...") else empty end
	elif $id == "storage" or $id == "claim" or $id == "mount" then . as $r | $setup | storage_fault($r; $s.ns) | problem(.message; .hint)
	else empty end;

# Rights are told together, at the end.
def check_platform($s; $event; kind): . as $setup | $event
	| if .type == "start" then {state: $s, servers: ($setup | server + storage_servers)}
	elif .type == "open" and .server == "storage" then {state: $s}
	elif .type == "open" then {state: ($s + ($setup | opened($event)) + {url: .url}), requests: [{id: "version", path: "/version", tries: 2}]}
	elif .type == "reply" and .id == "version" and .status != 200 then {state: $s, exit: (if .status == 401 or .status == 403 then 6 else 5 end),
		records: [(if .status == 0 then problem("the server does not answer: \(refusal)"; null) else problem("the server refuses: \(refusal)"; remedy) end) + {where: $s.url}]}
	elif .type == "reply" and .id == "version" then ($setup + {facts: $s.facts} | check_requests($s.ns; kind)) as $requests
		| {state: ($s + {version: .body.gitVersion?, left: ($requests | length), missing: [], bad: ($s.bad // false)}), requests: $requests}
	elif .type == "reply" and ($s.left // 0) > 0 then
		[check_reply($setup + {facts: $s.facts}; $s; kind)] as $found | [$found[] | select(.type == "error")] as $problems
		| (if (.id | startswith("right:")) and .status < 300 and .status > 0 and .body.status.allowed != true
			then [($setup + {facts: $s.facts} | rights(kind))[.id[6:] | tonumber]] else [] end) as $missing
		| ($s + {left: ($s.left - 1), missing: ($s.missing + $missing), bad: ($s.bad or $problems != [])}
			+ (first($found[] | select(.warning)) // {})
			+ {room: ([$s.room // empty, ($found[] | select(.type == "room"))] | min_by(.n))}) as $n
		| if $n.left > 0 then {state: $n, records: $problems}
		elif $n.missing != [] then {state: $n, exit: 6, records: ($problems + [problem("rights are missing in namespace \($n.ns): "
			+ ([$n.missing | group_by(right_name)[] | (map(.verb) | join(", ")) + " " + (.[0] | right_name)] | join("; ")); grant($n.ns; $n.missing))])}
		elif $n.bad then {state: $n, records: $problems, exit: 1}
		else {state: $n, exit: 0, records: [{type: "place", warning: $n.warning, place: $setup.member.member, server: $n.url, version: $n.version, namespace: $n.ns,
			n: $n.room.n, reason: $n.room.reason, code: ($setup | code_words)} | with_entries(select(.value != null))]} end
	else {state: $s} end;
