# What the platforms share whose jobs are custom resources, which an operator in
# the cluster makes pods of.  Before the first request of k8s.jq it is found out
# which version of the resource is served, and the Secrets for private
# registries are made:
#
#	include "custom";
#	def step_submit($state; $event): custom_step($state; $event; custom;
#		k8s_submit(.pass.state; .pass.event; kind; job_body));
#
# and so on for each verb.
#
# custom	SETUP | {group: "kubeflow.org", plural: "tfjobs", asked: "v1",
#			 help: "what to do if there is none"}
#
# .facts of `kind` and `job_body` has
#	version		of the API
#	refused		why no job can be made
# The event `open` waits in .own.open meanwhile; .own.versions are those that
# have not been asked for the resource yet.
include "k8s";
include "k8s-cluster";
include "k8s-pod";
include "k8s-seen";

# Texts with passwords of registries: for each there is a Secret.
def registries: [.member | .. | objects | .privateRegistryAuth?
	| select(type == "string")] | unique;

# The Secret number $at.
def registry_secret($at): "nni-\(.experiment)-\(.member.member | label_value
	| ascii_downcase | gsub("[^a-z0-9]+"; "-"))-registry-\($at)";

# A role of a job as a pod template: what pod_template (k8s-pod.jq) takes, and
#	role		its name, in the label nni-role
#	registry	one of registries
#	base		a user's pod, into which ours is merged
#	env, ports, mounts	more of the container's
#	volumes, init	more of the pod's; init: containers
def role_template($role): . as $setup
	| pod_template($role)
	| .metadata.labels["nni-role"] = $role.role
	| .spec.volumes += ($role.volumes // [])
	| if $role.init then .spec.initContainers += $role.init else . end
	| .spec.containers[0] |= (.env = ($role.env // []) + .env
		| .volumeMounts += ($role.mounts // [])
		| if $role.ports then .ports = $role.ports else . end)
	| ($role.registry // $setup.member.privateRegistryAuth) as $registry
	| if $registry == null then . else ($setup | registries
		| index([$registry])) as $at |
		.spec.imagePullSecrets += [{name: ($setup | registry_secret($at))}] end
	| if $role.base == null then . else
		.spec.containers[0] |= with_entries(select(.value != null))
		| . as $ours |
		{spec: {template: $role.base}}
		| . as $user | {spec: {template: $ours}}
		| job_merged($user; $role.container) | .spec.template end;

# How long somebody waits for an answer who only looks.
def custom_request($r): $r + (if .verb == "check" then {tries: 2} else {} end);

def custom_step($state; $event; custom; next):
	custom as $c
	# On to k8s.jq with what was found out.
	| def go($own; $records): ($state | .own = ($own | {facts}))
		as $s | . + {pass: {state: $s, event: ($own.open + {facts: $own.facts})}} | next
		| .records = $records + (.records // []);
	# `clean` finds nothing left where there is nothing of the kind.
	def refuse($message; $hint): go($state.own
			+ {facts: {version: $c.asked, refused: $message, $hint}};
		if .verb == "clean" then [] else [{type: "error", $message, $hint}] end)
		| if .state.left then .state.bad = true else . end;
	def ask($versions; $records):
		{state: ($state | .own.versions = $versions), records: $records,
			requests: [custom_request({id: "x-version",
				path: "/apis/\($c.group)/\($versions[0])"})]};
	def secrets($own; $at; $records): registries as $all
		| if .verb != "submit" or $at >= ($all | length) then go($own; $records)
		else {state: ($state | .own = $own + {secret: $at}), records: $records,
			requests: [{id: "x-secret", method: "POST",
			path: "/api/v1/namespaces/\($own.open.namespace)/secrets",
			body: {apiVersion: "v1", kind: "Secret",
				type: "kubernetes.io/dockerconfigjson",
				metadata: {name: registry_secret($at),
					labels: experiment_labels},
				data: {".dockerconfigjson": ($all[$at] | @base64)}}}]}
		end;
	if $event.type == "open" and $event.server != "storage" and ($event | has("facts") | not) then
		{state: ($state | .own = {open: $event}), requests: [
			custom_request({id: "x-group", path: "/apis/\($c.group)"})]}
	elif $event.type != "reply" or ($event.id | startswith("x-") | not) then
		. + {pass: {$state, $event}} | next
	elif $event.id == "x-group" and $event.status == 200 then
		[$event.body.versions[]?.version] as $all
		| ([$c.asked] + [$event.body.preferredVersion.version]
			| map(select(. as $v | $all | index([$v])))) as $first
		| ask($first + ($all - $first); [])
	elif $event.id == "x-group" and $event.status == 404 then
		refuse("the cluster has no API \($c.group), so no \($c.plural) either"; $c.help)
	elif $event.id == "x-version" and $event.status == 200
		and any($event.body.resources[]?; .name == $c.plural) then
		$state.own.versions[0] as $version
		| secrets($state.own + {facts: {$version}}; 0;
			if $version == $c.asked then [] else [{type: "note",
				message: ("the cluster serves \($c.plural) of \($c.group)/\($version)"
				+ " and not of \($c.asked); that is used")}] end)
	elif $event.id == "x-version" and ($event.status == 200 or $event.status == 404) then
		$state.own.versions[1:] as $rest
		| if $rest == [] then refuse("the cluster has no \($c.plural) in \($c.group)"; $c.help)
		else ask($rest; []) end
	elif $event.id == "x-secret" and ($event.status | . == 201 or . == 200 or . == 409) then
		secrets($state.own; $state.own.secret + 1; [])
	elif $event.id == "x-secret" then
		refuse("cannot make the Secret of privateRegistryAuthPath: \($event | refusal)";
			"let the account create secrets in this namespace, or leave privateRegistryAuthPath out")
	else refuse("cannot ask which \($c.plural) the cluster serves: \($event | refusal)";
		"any account may usually read /apis; see the role system:discovery")
	end;
