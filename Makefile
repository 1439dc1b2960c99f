# make                 build all programs into bin/
# make NAME            build one (nni-pack)
# make check           what CI and users run
#
# CC CFLAGS LDFLAGS    as usual
# O                    where objects go (build); BIN where programs go (bin)
include sources.mk

CC = cc
O = build
BIN = bin
EXE =
AR = ar
OS = POSIX
CFLAGS = -O2 -g
WARN = -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wwrite-strings -Werror
CPPFLAGS =
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Isrc/libnni $(WARN) $(CPPFLAGS) $(CFLAGS)
LDLIBS = -lyaml -lminizip -lz -ldeflate -lm -lpthread

PROGRAMS = nni-config nni-pack nni-tune nni-assess nni-submit nni-watch \
	nni-collect nni-cancel nni-run nni-trial nni-platform-local nnictl

all: $(PROGRAMS)

LIB_OBJ = $(LIB_SRC:src/%.c=$(O)/%.o) $(LIB_$(OS)_SRC:src/%.c=$(O)/%.o)
LIB = $(O)/libnni.a
$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

# program,LIST: bin/program from $(LIST_SRC) and the library
define program
$(1): $(BIN)/$(1)$(EXE)
$(2)_OBJ = $$($(2)_SRC:src/%.c=$(O)/%.o)
$(BIN)/$(1)$(EXE): $$($(2)_OBJ) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$($(2)_OBJ) $(LIB) $$(LDLIBS)
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
$(eval $(call program,nnictl,NNICTL))

$(O)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -c -o $@ $<
-include $(LIB_OBJ:.o=.d)

clean:
	rm -rf $(O) $(BIN)/nni-[a-rt-z]* $(BIN)/nni-submit $(BIN)/nnictl
.PHONY: all clean
