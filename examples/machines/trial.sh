# One trial: how far from the measured points is a swing with these parameters?
# data.txt lies beside it on every machine.
set -eu
strength=$(nni-trial get strength)
speed=$(nni-trial get speed)
damping=$(nni-trial get damping)

nni-trial report --final "$(awk -v a="$strength" -v w="$speed" -v d="$damping" '
	{ e = $2 - a * exp(-d * $1) * cos(w * $1); sum += e * e }
	END { printf "%.6f", sum / NR }' data.txt)"
