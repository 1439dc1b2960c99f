# What the platforms on Kubernetes call things there, and what its API server says.
# Functions take SETUP where they do not say otherwise.

# ---- names and labels ----

# Values of labels: [A-Za-z0-9._-], at most 63, letters or digits at both ends.
def label_value: [match("[A-Za-z0-9._-]+"; "g").string] | join("_") | .[0:63]
	| sub("^[._-]+"; "") | sub("[._-]+$"; "");

def experiment_labels: {app: "nni", "nni-exp": .experiment, "nni-member": (.member.member | label_value)};

# Selects what is this experiment's and member's.
def selector: experiment_labels | del(.app) | to_entries | map(.key + "=" + .value) | join(",");

# The label that says who needs code that several experiments share.
def owner_label: "used-by.nni/" + .experiment + "." + (.member.member | label_value | .[0:30] | sub("[._-]+$"; ""));

def trial_labels($key): experiment_labels + {"nni-trial": ($key | split("-")[0]), "nni-attempt": $key};

# `plain` in SETUP: without dashes.
def job_name($key): if .plain then "nni" + .experiment + ($key | split("-") | join("x"))
	else "nni-" + .experiment + "-" + $key end;

def jobs_path($ns; kind): kind | .api + "/namespaces/" + $ns + "/" + .plural;
def pods_path($ns): "/api/v1/namespaces/" + $ns + "/pods";
def configmaps_path($ns): "/api/v1/namespaces/" + $ns + "/configmaps";

# ---- what a server says ----

def one_line($max): tostring | gsub("[\\s]+"; " ") | if length > $max then .[0:$max] + "..." else . end;

# A refusal, in the server's own words.
def refusal: (if .body | type == "object" then .body.message else .body end // .message // "" | one_line(500)) as $m
	| if $m == "" then "HTTP status \(.status)" else $m end;

# Why it has no room, and what would make some.
def no_room_words: refusal | . + if test("requested: count/") then "; jobs that have ended count until they are deleted: after ttl: seconds, or at once by kubectl" else "" end;

def over_quota: .status == 403 and (refusal | test("exceeded quota"));

# A refusal that is no fault of the trial: any other would be refused, too.
def no_fault: .status as $code | $code == 0 or $code >= 500 or ([400, 401, 403, 404, 422] | index([$code])) != null;

# What to do about a refusal.
def remedy: if .status == 401 then "log in again: see the user of the kubeconfig"
	elif .status == 403 then "ask the cluster's administrator for this right, or use another namespace: or serviceaccount"
	elif .status == 404 then "see whether the namespace exists and the kind of job is installed in the cluster"
	elif .status == 422 or .status == 400 then "see what the configuration sets of the job"
	else null end;

# The server, as its kubeconfig names it, and what `open` tells of it.
def server: {main: {kind: "kubeconfig", kubeconfig: (.member.kubeconfig), context: (.member.context), namespace: (.member.namespace)}};
def opened($event): {ns: ($event.namespace // .member.namespace // "default"), facts: $event.facts};

# An error with what to do about it.
def problem($message; $hint): {type: "error", message: $message, hint: $hint} | with_entries(select(.value != null));
