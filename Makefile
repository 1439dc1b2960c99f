# make                 build all programs into bin/
# make NAME            build one (nni-pack)
# make check           the tests a user runs (minutes)
# make check-long      chaos, 10,000 trials, long fuzzing
# make ci              what CI runs beside make check: sanitizers, other builds,
#                      fuzzers, lints
# make asan            sanitizers, into build/asan; make portable: without what
#                      only Linux has, into build/portable; make fuzz: fuzzers
# make agents          the programs that are sent to other machines, static, for
#                      all processors whose compiler is there (make: this one's)
# make windows         the same programs as .exe (mingw-w64); check-windows:
#                      their tests (Wine); check-cl: would MSVC take it?
# make bench           side-by-side benchmarks
# make install         to DESTDIR and PREFIX; make uninstall
#
# CC CFLAGS LDFLAGS    as usual
# O                    where objects go (build); BIN where programs go (bin)
# SAME                 where objects that are the same in two builds are (O)
include sources.mk

CC = cc
O = build
BIN = bin
SAME = $(O)
EXE =
AR = ar
OS = POSIX
CFLAGS = -O2 -g
WARN = -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wwrite-strings -Werror
CPPFLAGS =
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -include src/libnni/banned.h \
	-Isrc/libnni $(WARN) $(CPPFLAGS) $(CFLAGS)
LDLIBS = -lyaml -lminizip -lz -ldeflate -lm -lpthread
# ELF: all calls are bound at the start; else every keeper, a fork that calls
# what its parent never did, looks them up again.
BIND_POSIX = $(if $(filter Linux,$(shell uname -s)),-Wl$(comma)-z$(comma)now)
BIND = $(BIND_$(OS))
comma = ,
# Windows: what every program carries (src/libnni/os/utf8.rc)
RES =

PROGRAMS = nni-config nni-pack nni-tune nni-assess nni-submit nni-watch \
	nni-collect nni-cancel nni-run nni-trial nni-conformance \
	nni-platform-local nni-platform-remote nni-platform-rest nnictl

# Kinds of machines for which there are programs to be sent, and this one's
AGENTS = linux-x86_64 linux-aarch64
HERE := $(shell uname -sm | tr 'L ' 'l-')
AGENTS_POSIX = $(patsubst %,agent-%,$(filter $(HERE),$(AGENTS)))

all: $(PROGRAMS) $(AGENTS_$(OS)) $(filter build/%,$(BIN:%/bin=%/platforms))
# Programs find platforms/ beside the directory they are in.
build/%/platforms:
	@mkdir -p $(@D)
	@ln -sfn ../../platforms $@

LIB_OBJ = $(LIB_SRC:src/%.c=$(SAME)/%.o) $(LIB_$(OS)_SRC:src/%.c=$(O)/%.o)
LIB = $(O)/libnni.a
$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

# program,LIST: bin/program from $(LIST_SRC) and the library
define program
$(1): $(BIN)/$(1)$(EXE)
$(2)_OBJ = $$($(2)_SRC:src/%.c=$(SAME)/%.o)
$(BIN)/$(1)$(EXE): $$($(2)_OBJ) $(LIB) $(RES)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(BIND) $$(LDFLAGS) -o $$@ $$($(2)_OBJ) $(RES) $(LIB) \
		$$(LDLIBS)
.PHONY: $(1)
-include $$($(2)_OBJ:.o=.d)
endef
$(eval $(call program,nni-config,NNI_CONFIG))
$(eval $(call program,nni-pack,NNI_PACK))
$(eval $(call program,nni-tune,NNI_TUNE))
$(eval $(call program,nni-assess,NNI_ASSESS))
$(eval $(call program,nni-submit,NNI_SUBMIT))
$(eval $(call program,nni-watch,NNI_WATCH))
$(eval $(call program,nni-collect,NNI_COLLECT))
$(eval $(call program,nni-cancel,NNI_CANCEL))
$(eval $(call program,nni-run,NNI_RUN))
$(eval $(call program,nni-trial,NNI_TRIAL))
$(eval $(call program,nni-platform-local,NNI_PLATFORM_LOCAL))
$(eval $(call program,nni-platform-remote,NNI_PLATFORM_REMOTE))
$(eval $(call program,nni-platform-rest,NNI_PLATFORM_REST))
$(eval $(call program,nni-conformance,NNI_CONFORMANCE))
$(eval $(call program,nnictl,NNICTL))


$(O)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -c -o $@ $<
-include $(LIB_OBJ:.o=.d)
# A header that is not there any more: what had it is compiled anew.
src/%.h: ;

# ---- the programs for other machines ----
# bin/agents/SYSTEM-PROCESSOR is nni-platform-local, nni-trial-SYSTEM-PROCESSOR
# nni-trial: static, with no library but C's.  Where the compiler, or its static
# library, is not there, there is no such program.
AGENT_CC = cc
AGENT_CC_OF = $(if $(filter $(HERE),$(1)),$(AGENT_CC),$(1:linux-%=%-linux-gnu-gcc))
# Not compiled: what these two never call.
AGENT_WITHOUT = $(patsubst %,src/libnni/%.c,archive canonical classargs columns crew csv \
	node node-scalar node-yaml problems searchspace survey)
AGENT_O = build/agent-$(1)
AGENT_MAKE = $(MAKE) -s OS=POSIX O=$(AGENT_O) SAME=$(AGENT_O) BIN=$(AGENT_O)/bin \
	CC=$(AGENT_CC_OF) AR=$(if $(filter $(HERE),$(1)),ar,$(1:linux-%=%-linux-gnu-ar)) EXE= \
	CFLAGS='-O2 -ffunction-sections -fdata-sections' CPPFLAGS=-DNNI_STATIC \
	LDFLAGS='-static -s -Wl,--gc-sections' LDLIBS=-lm BIND= RES= \
	LIB_SRC='$(filter-out $(AGENT_WITHOUT),$(LIB_SRC))'
agents: $(AGENTS:%=agent-%)
agent-%:
	+@mkdir -p $(call AGENT_O,$*) $(BIN)/agents; \
	cd $(call AGENT_O,$*) && \
	if [ -e can ] || (echo 'int main(void) { return 0; }' >can.c && \
		$(call AGENT_CC_OF,$*) -static -o can can.c) 2>/dev/null; \
	then \
		cd $(CURDIR) && $(call AGENT_MAKE,$*) nni-platform-local nni-trial && \
		for p in nni-platform-local: nni-trial:nni-trial-; do \
			from=$(call AGENT_O,$*)/bin/$${p%:*} to=$(BIN)/agents/$${p#*:}$*; \
			cmp -s $$from $$to || \
			{ cp $$from $$to.new && mv -f $$to.new $$to; } || exit; \
		done; \
	else \
		echo 'agents: none for $*: $(call AGENT_CC_OF,$*) is not there,' \
			'or cannot link statically' >&2; \
	fi
.PHONY: agents

# ---- two more builds, for the tests ----
# Address and undefined behaviour sanitizers, leaks; and what fuzzers need.
ASAN = CC=clang O=build/asan BIN=build/asan/bin LDFLAGS='-fsanitize=address,undefined' \
	CFLAGS='-O1 -gline-tables-only -fno-omit-frame-pointer \
	-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined'
asan:
	+$(MAKE) $(ASAN) all unit helpers
# POSIX alone.  Only what includes os/posix.h is compiled anew, and only the unit
# tests of such things are.
PORTABLE_UNIT = $(patsubst t/unit/%.c,build/portable/t/%.t,$(filter-out $(NOT_POSIX),\
	$(wildcard $(addprefix t/unit/,posix-*.c platform-local-*.c file.c lock.c \
	loop*.c process.c sys.c thread.c))))
portable: all
	+$(MAKE) O=build/portable BIN=build/portable/bin SAME=$(O) \
		CPPFLAGS=-DNNI_PORTABLE all helpers $(PORTABLE_UNIT)

# ---- Windows, built and tried on Linux: doc/windows.md ----
HOST = x86_64-w64-mingw32
WIN = build/win
WIN_DEPS = $(WIN)/deps
WIN_MAKE = $(MAKE) OS=WIN32 EXE=.exe O=$(WIN) BIN=$(WIN)/bin \
	CC=$(HOST)-gcc AR=$(HOST)-ar CFLAGS='-O2' RES=$(WIN)/utf8.res.o \
	CPPFLAGS='-D_WIN32_WINNT=0x0A00 -DUNICODE -D_UNICODE \
	-DYAML_DECLARE_STATIC -I$(WIN_DEPS)/include' \
	LDFLAGS='-municode -static -s -L$(WIN_DEPS)/lib' \
	LDLIBS='-lyaml -lminizip -lz -ldeflate -lbcrypt -lntdll -ladvapi32'
windows: $(WIN_DEPS)/share/versions
	+$(WIN_MAKE) all unit
	@mkdir -p $(BIN)/agents $(WIN)/bin/agents
	@cp $(WIN)/bin/nni-platform-local.exe $(BIN)/agents/windows-x86_64.exe
	@cp $(WIN)/bin/nni-trial.exe $(BIN)/agents/nni-trial-windows-x86_64.exe
	@cp $(BIN)/agents/* $(WIN)/bin/agents
check-windows: windows
	.ci/windows-tests $(WIN)
# What MSVC would say: clang in its place, with Wine's headers.
check-cl: $(WIN_DEPS)/share/versions
	.ci/nmk.py -f nmake.mak DEPS=$(WIN_DEPS)
$(WIN_DEPS)/share/versions: .ci/windows-deps
	HOST=$(HOST) .ci/windows-deps $(WIN_DEPS)
$(O)/utf8.res.o: src/libnni/os/utf8.rc src/libnni/os/utf8.manifest
	@mkdir -p $(@D)
	$(HOST)-windres -I src/libnni/os -o $@ $<

# ---- tests ----
JOBS = 4
# Unit tests are programs, build/t/NAME.t; posix-* and win32-* know the system.
NOT_POSIX = t/unit/win32-%.c
NOT_WIN32 = t/unit/posix-%.c t/unit/platform-remote-connection.c \
	t/unit/platform-local-workcopy.c t/unit/platform-rest-delivery.c
UNIT_SRC = $(filter-out $(NOT_$(OS)),$(wildcard t/unit/*.c))
UNIT = $(UNIT_SRC:t/unit/%.c=$(O)/t/%.t$(EXE))
unit: $(UNIT)
$(O)/t/%.t$(EXE): t/unit/%.c $(LIB) $(RES) t/unit/tap.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Wno-write-strings $(LDFLAGS) -o $@ $< $(RES) $(LIB) \
		$(LDLIBS)
# Those of a program's own parts are linked with all of it but its main.c.
define unit_of
$$(O)/t/$(1)-%.t$$(EXE): t/unit/$(1)-%.c $$($(2)_OBJ) $$(LIB) $$(RES) \
		t/unit/tap.h
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) -Isrc/nni-$(1) -Wno-write-strings $$(LDFLAGS) \
		-o $$@ $$< $$(filter-out %/main.o,$$($(2)_OBJ)) $$(RES) \
		$$(LIB) $$(LDLIBS)
endef
$(eval $(call unit_of,tune,NNI_TUNE))
$(eval $(call unit_of,assess,NNI_ASSESS))
$(eval $(call unit_of,platform-local,NNI_PLATFORM_LOCAL))
$(eval $(call unit_of,platform-remote,NNI_PLATFORM_REMOTE))
$(eval $(call unit_of,platform-rest,NNI_PLATFORM_REST))
$(eval $(call unit_of,pack,NNI_PACK))
$(eval $(call unit_of,run,NNI_RUN))
# Libraries for LD_PRELOAD that play tricks on the programs.
HELPERS = $(patsubst t/helper/%.c,$(O)/t/%.so,$(wildcard t/helper/*.c))
helpers: $(HELPERS)
$(O)/t/%.so: t/helper/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -g -fPIC -shared -o $@ $< -ldl
# Fuzzers: build/fuzz/NAME.  FUZZ_NAME: what one needs beside the library.
FUZZ_O = build/fuzz
FUZZ_CC = clang -std=c11 -D_GNU_SOURCE -include src/libnni/banned.h \
	-Isrc/libnni -Isrc -O1 -g -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
FUZZ = $(patsubst t/fuzz/%.c,$(FUZZ_O)/%,$(wildcard t/fuzz/*.c))
FUZZ_tune = $(filter-out %/main.o,$(NNI_TUNE_OBJ))
FUZZ_assess = $(filter-out %/main.o,$(NNI_ASSESS_OBJ))
$(FUZZ_O)/tune: $(FUZZ_tune)
FUZZ_platform-local = $(filter-out %/main.o,$(NNI_PLATFORM_LOCAL_OBJ))
$(FUZZ_O)/platform-local: $(FUZZ_platform-local)
FUZZ_platform-trees = $(FUZZ_platform-local)
$(FUZZ_O)/platform-trees: $(FUZZ_platform-local)
FUZZ_kubeconfig = $(filter-out %/main.o,$(NNI_PLATFORM_REST_OBJ))
$(FUZZ_O)/kubeconfig: $(FUZZ_kubeconfig)
FUZZ_report = $(filter %/report.o,$(NNI_COLLECT_OBJ))
$(FUZZ_O)/report: $(FUZZ_report)
$(FUZZ_O)/assess: $(FUZZ_assess)
fuzz:
	+$(MAKE) $(ASAN) $(FUZZ)
FUZZ_experiment = $(filter-out %/main.o,$(NNI_CONFIG_OBJ))
$(FUZZ_O)/experiment: $(FUZZ_experiment)
FUZZ_ignore = $(filter %/ignore.o,$(NNI_PACK_OBJ))
$(FUZZ_O)/ignore: $(FUZZ_ignore)
FUZZ_deflate = $(filter %/deflate.o,$(NNI_PACK_OBJ))
$(FUZZ_O)/deflate: $(FUZZ_deflate)
$(FUZZ_O)/%: t/fuzz/%.c $(LIB)
	@mkdir -p $(@D)
	$(FUZZ_CC) -fsanitize=fuzzer -o $@ $< $(FUZZ_$*) $(LIB) $(LDLIBS)
check: all unit helpers
	t/run -j $(JOBS) t $(O)/t
check-long: all unit helpers
	NNI_LONG=1 t/run -j $(JOBS) t $(O)/t
ci:
	.ci/checks
bench: all
	bench/run

# ---- installing ----
DESTDIR =
PREFIX = /usr/local
TOOLS = $(filter-out nni-platform-%,$(PROGRAMS))
MAN = $(wildcard doc/*.[1578])
install: all
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BIN='$(BIN)' \
		.ci/install '$(TOOLS)' '$(MAN)'
uninstall:
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BIN='$(BIN)' \
		.ci/install --undo '$(TOOLS)' '$(MAN)'

clean:
	rm -rf $(O) $(BIN)/nni-[a-rt-z]* $(BIN)/nni-submit $(BIN)/nnictl \
		$(BIN)/agents
.PHONY: all asan portable windows check-windows check-cl unit helpers fuzz check check-long ci \
	bench install uninstall clean
