# One trial: compresses the sources with the settings it was given and reports
# the size in bytes.
set -eu
lc_lp=$(nni-trial get lc_lp)
pb=$(nni-trial get pb)
mode=$(nni-trial get mode)

size=$(cat ../../src/*/*.c ../../src/libnni/*.h |
	xz -c --lzma2="preset=6,lc=${lc_lp%,*},lp=${lc_lp#*,},pb=$pb,mode=$mode" |
	wc -c)
nni-trial report --final $((size))
