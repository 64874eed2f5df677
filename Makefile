# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build everything into build/
# make demo       install what is needed, build, and watch it work in a virtual machine
# make check      the same for all tests
# make help       the other targets
#
# Variables: PREFIX DESTDIR SBINDIR INITRAMFS SELINUX=1 (install the policy module, too) V=1 (show commands) SAN=1 (ASan and
# UBSan) STATIC=0 (nothing static) STATIC_HOOKS=0 (vfio-hook and vfio-guard with shared libraries) CC
# KMOD_SRC (source tree of libkmod) WERROR=1

VERSION  := 0.1
PREFIX   ?= /usr
SYSCONFDIR ?= /etc
# Where /usr/sbin is a link to /usr/bin, packages may not have it. Programs are called by the name that works everywhere.
SBINDIR  ?= $(PREFIX)/sbin
STATIC   ?= 1
ifeq ($(origin CC),default)
CC       := gcc
endif
SCDOC    ?= scdoc

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

comma := ,
empty :=
space := $(empty) $(empty)

# One object tree for each way of compiling: they never mix.
BUILD  := build
VARIANT := $(notdir $(CC))$(if $(SAN),-san)
OBJ    := $(BUILD)/obj/$(VARIANT)
STATIC_OBJ := $(BUILD)/obj/static-$(notdir $(CC))
# Sanitizers need glibc and shared libraries.
ifneq ($(SAN),)
override STATIC := 0
endif
ifeq ($(STATIC),0)
override STATIC_HOOKS := 0
endif
STATIC_HOOKS ?= 1
# build/ is the static gcc build; the others stand below it: build/clang, build/san, build/shared, build/shared-hooks ...
KIND   := $(subst $(space),-,$(strip $(filter-out gcc,$(notdir $(CC))) $(if $(SAN),san,$(if $(filter 0,$(STATIC)),shared,$(if $(filter 0,$(STATIC_HOOKS)),shared-hooks)))))
OUT    := $(BUILD)$(if $(KIND),/$(KIND))

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef \
	-Wpointer-arith -Wimplicit-fallthrough -Wcast-qual -Wwrite-strings $(if $(WERROR),-Werror)
COMMON   := -std=gnu17 -D_GNU_SOURCE -DVFIOKIT_VERSION='"$(VERSION)"' -I. -MMD -MP $(WARNINGS)
HARDEN   := -fPIE -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
CFLAGS   ?= -O2 -g
LDFLAGS  ?=
PKG      := libkmod inih libcjson
SHARED_CFLAGS = $(COMMON) $(HARDEN) $(SANFLAGS) $(CFLAGS)
SHARED_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)

# The static vfio-bind: musl and size (deps/musl-cc adds static-pie, RELRO, stack protector and fortify).
MUSL_CC := MUSL_CC_BACKEND=$(CC) deps/musl-cc
STATIC_CFLAGS := $(COMMON) -Oz -ffunction-sections -fdata-sections -fno-unwind-tables \
	-fno-asynchronous-unwind-tables -isystem $(BUILD)/deps/include
STATIC_LDFLAGS := -Wl,--gc-sections -s -L$(BUILD)/deps/lib
STATIC_LIBS := -lkmod -lzstd -llzma -lz -linih -lcjson
DEPS_STAMP := $(BUILD)/deps/stamp

# The static hooks: glibc, and what deps/static-hooks.sh makes. At addresses that do not change, so that there is nothing to
# relocate when they start: what they read comes from root and libvirt, but for the content of disks (hooks/content.c). Shared,
# they are position-independent.
HOOKS_LDFLAGS := -static -Wl,-z,relro,-z,now -Wl,--gc-sections
HOOKS_LIBS := $(addprefix $(BUILD)/deps-hooks/,libsystemd.o libblkid.o cjson.o) -linih -lexpat -lcap -lm
HOOKS_STAMP := $(BUILD)/deps-hooks/stamp

LIB_SRC    := $(filter-out lib/fortify.c lib/fnmatch.c,$(wildcard lib/*.c))
BINDER_SRC := $(wildcard binder/*.c)
HOST_SRC   := $(wildcard host/*.c)
HOOKS_SRC  := $(wildcard hooks/*.c hooks/usb/*.c)
# All but their main() functions.
HOOKS_PARTS := $(filter-out hooks/hook.c hooks/guard.c hooks/hookd.c hooks/usb/usbd.c hooks/usb/usb.c,$(HOOKS_SRC))
HOOKS_PKG  := inih libcjson expat libsystemd blkid
# Only for daemons: the hook must not load libvirt.
USB_PKG    := libudev libvirt
STAGES_SRC := $(LIB_SRC) $(filter-out binder/main.c,$(BINDER_SRC))
UNIT_SRC   := $(wildcard tests/unit/*.c)
MAN_SRC    := $(wildcard man/*.scd)

object = $(patsubst %.c,$(1)/%.o,$(2))
PROGRAMS := $(OUT)/vfio-bind $(OUT)/vfiokit $(OUT)/vfio-hook $(OUT)/vfio-guard $(OUT)/vfio-hookd $(OUT)/vfio-usbd \
	$(OUT)/vfio-usb
MAN      := $(patsubst man/%.scd,$(BUILD)/man/%,$(MAN_SRC))

.PHONY: all deps demo check check-full check-unit check-vm bench lint format package install uninstall clean help programs tests
.DELETE_ON_ERROR:

all: programs $(if $(SAN),,$(MAN))
programs: $(PROGRAMS)

help:
	@sed -n 's/^# \{0,1\}//;2,10p' Makefile
	@echo "targets: all deps demo check check-full check-unit check-vm bench lint format package install uninstall clean"

# --- building ---------------------------------------------------------------------------------------

ifeq ($(STATIC),1)
$(OUT)/vfio-bind: $(call object,$(STATIC_OBJ),$(LIB_SRC) lib/fnmatch.c $(BINDER_SRC))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(STATIC_LDFLAGS) -o $@ $^ $(STATIC_LIBS)
else
$(OUT)/vfio-bind: $(call object,$(OBJ),$(LIB_SRC) $(BINDER_SRC))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_LDFLAGS) -o $@ $^ $$(pkg-config --libs $(PKG))
endif

$(OUT)/vfiokit: $(call object,$(OBJ),$(STAGES_SRC) $(HOST_SRC))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_LDFLAGS) -o $@ $^ $$(pkg-config --libs $(PKG) libpci libarchive blkid)

# From an archive, so that the guard, which stays in memory, gets no more than it uses.
$(OBJ)/hooks.a: $(call object,$(OBJ),$(LIB_SRC) $(HOOKS_PARTS))
	$(Q)rm -f $@ && ar rcsD $@ $^

# libvirt waits for five calls for each guest, and for a guard. To load libsystemd and its libraries is most of what they would take.
ifeq ($(STATIC_HOOKS),1)
$(OUT)/vfio-hook $(OUT)/vfio-guard: $(OUT)/vfio-%: $(OBJ)/hooks/%.o $(OBJ)/hooks.a $(HOOKS_STAMP)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOOKS_LDFLAGS) -o $@ $(filter-out $(HOOKS_STAMP),$^) $(HOOKS_LIBS)
else
$(OUT)/vfio-hook $(OUT)/vfio-guard: $(OUT)/vfio-%: $(OBJ)/hooks/%.o $(OBJ)/hooks.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_LDFLAGS) -Wl,--as-needed -o $@ $^ $$(pkg-config --libs $(HOOKS_PKG))
endif

$(OUT)/vfio-hookd: $(OBJ)/hooks/hookd.o $(OBJ)/hooks.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_LDFLAGS) -Wl,--as-needed -o $@ $^ $$(pkg-config --libs $(HOOKS_PKG) libvirt)

$(OUT)/vfio-usbd $(OUT)/vfio-usb: $(OUT)/vfio-%: $(OBJ)/hooks/usb/%.o $(OBJ)/hooks.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_LDFLAGS) -Wl,--as-needed -o $@ $^ $$(pkg-config --libs $(HOOKS_PKG) $(USB_PKG)) -pthread

$(OBJ)/hooks/%.o: SHARED_CFLAGS += $$(pkg-config --cflags $(HOOKS_PKG))

$(OBJ)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_CFLAGS) -c -o $@ $<

$(STATIC_OBJ)/%.o: %.c $(DEPS_STAMP)
	$(call say,CC,$< (static))
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(STATIC_CFLAGS) -c -o $@ $<

$(DEPS_STAMP): deps/static.sh deps/sources.sh deps/musl-cc deps/cjson.h lib/fortify.h lib/fortify.c
	$(call say,DEPS,libraries of the static vfio-bind)
	$(Q)deps/static.sh
	$(Q)touch $@

$(HOOKS_STAMP): deps/static-hooks.sh deps/sources.sh deps/no-names.c $(wildcard hooks/*.c)
	$(call say,DEPS,libraries of the static vfio-hook)
	$(Q)deps/static-hooks.sh
	$(Q)touch $@

$(BUILD)/man/%: man/%.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(SCDOC) < $< > $@

# checkmodule wants the name of the module.
$(BUILD)/selinux/vfiokit.pp: selinux/vfiokit.te selinux/vfiokit.fc
	$(call say,SELINUX,$@)
	$(Q)mkdir -p $(@D)
	$(Q)checkmodule -M -m -o $(@:.pp=.mod) selinux/vfiokit.te
	$(Q)semodule_package -o $@ -m $(@:.pp=.mod) -f selinux/vfiokit.fc

# --- tests ------------------------------------------------------------------------------------------

TESTS := $(OUT)/tests/unit $(OUT)/tests/mktree
tests: $(TESTS)

$(OUT)/tests/unit: $(call object,$(OBJ),$(STAGES_SRC) host/rom.c $(HOOKS_PARTS) $(UNIT_SRC) $(filter-out tests/tree/mktree.c,$(wildcard tests/tree/*.c)))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_LDFLAGS) -o $@ $^ $$(pkg-config --libs $(PKG) $(HOOKS_PKG) $(USB_PKG)) -pthread

$(OUT)/tests/mktree: $(call object,$(OBJ),$(wildcard tests/tree/*.c))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_LDFLAGS) -o $@ $^

deps:
	$(Q)deps/install.sh
	$(Q)deps/static.sh
	$(Q)deps/static-hooks.sh

demo:
	$(Q)deps/install.sh build demo
	$(Q)$(MAKE) --no-print-directory $(OUT)/vfio-bind $(OUT)/vfiokit
	$(Q)tests/vm/demo.sh

check:
	$(Q)deps/install.sh
	$(Q)CELL=$(CELL) tests/check.sh

check-full:
	$(Q)deps/install.sh
	$(Q)CELL=$(CELL) tests/check.sh --full

check-unit: $(OUT)/tests/unit
	$(Q)$(OUT)/tests/unit

check-vm:
	$(Q)deps/install.sh
	$(Q)CELL=$(CELL) tests/check.sh --vm

bench: all $(OUT)/tests/mktree
	$(Q)bench/run.sh

lint:
	$(Q)tests/lint.sh

format:
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

package:
	$(Q)deps/install.sh build package
	$(Q)packaging/build.sh

# --- installing -------------------------------------------------------------------------------------

# Everything that is installed: SOURCE TARGET MODE, so that uninstall cannot forget one.
LIBDIR := $(PREFIX)/lib
UNITS  := $(LIBDIR)/systemd/system
DRACUT := $(LIBDIR)/dracut
ITOOLS := $(PREFIX)/share/initramfs-tools
INITCPIO := $(LIBDIR)/initcpio
DOC    := $(PREFIX)/share/doc/vfiokit
LIBVIRT_HOOKS := $(SYSCONFDIR)/libvirt/hooks/qemu.d
# Debian's zsh has a place of its own for packages.
ZSH_COMPLETIONS := $(PREFIX)/share/zsh/$(if $(and $(filter /usr,$(PREFIX)),$(wildcard /etc/debian_version)),vendor-completions,site-functions)
define INSTALLED
$(OUT)/vfio-bind $(SBINDIR)/vfio-bind 755
$(OUT)/vfiokit $(PREFIX)/bin/vfiokit 755
conf/bind.conf $(DOC)/examples/bind.conf 644
completions/vfiokit.bash $(PREFIX)/share/bash-completion/completions/vfiokit 644
completions/vfio-bind.bash $(PREFIX)/share/bash-completion/completions/vfio-bind 644
completions/_vfiokit $(ZSH_COMPLETIONS)/_vfiokit 644
conf/udev.conf $(DOC)/examples/udev.conf 644
conf/hooks.conf $(DOC)/examples/hooks.conf 644
$(OUT)/vfio-hook $(SBINDIR)/vfio-hook 755
$(OUT)/vfio-guard $(SBINDIR)/vfio-guard 755
$(OUT)/vfio-hookd $(SBINDIR)/vfio-hookd 755
$(OUT)/vfio-usbd $(SBINDIR)/vfio-usbd 755
$(OUT)/vfio-usb $(PREFIX)/bin/vfio-usb 755
completions/vfio-usb.bash $(PREFIX)/share/bash-completion/completions/vfio-usb 644
systemd/vfio-usbd.service $(UNITS)/vfio-usbd.service 644
systemd/vfio-hookd.service $(UNITS)/vfio-hookd.service 644
completions/vfio-hook.bash $(PREFIX)/share/bash-completion/completions/vfio-hook 644
systemd/vfio-guard@.service $(UNITS)/vfio-guard@.service 644
systemd/vfio-reconcile.service $(UNITS)/vfio-reconcile.service 644
systemd/vfio-reconcile.timer $(UNITS)/vfio-reconcile.timer 644
systemd/vfiokit-initrd.service $(UNITS)/vfiokit-initrd.service 644
systemd/vfiokit-bind.service $(UNITS)/vfiokit-bind.service 644
systemd/vfiokit-late@.service $(UNITS)/vfiokit-late@.service 644
systemd/vfiokit-boot-ok.service $(UNITS)/vfiokit-boot-ok.service 644
systemd/vfiokit-.service.d/10-bounds.conf $(UNITS)/vfiokit-.service.d/10-bounds.conf 644
udev-rules/70-vfiokit-group.rules $(LIBDIR)/udev/rules.d/70-vfiokit-group.rules 644
udev-rules/70-vfiokit-late.rules $(LIBDIR)/udev/rules.d/70-vfiokit-late.rules 644
$(foreach page,$(notdir $(MAN_SRC:.scd=)),$(BUILD)/man/$(page) $(PREFIX)/share/man/man$(lastword $(subst ., ,$(page)))/$(page) 644
)
endef

# The glue of each generator of images.
define GLUE_initramfs-tools
initramfs-tools/hooks/vfiokit $(ITOOLS)/hooks/vfiokit 755
initramfs-tools/scripts/init-top/00-vfiokit $(ITOOLS)/scripts/init-top/00-vfiokit 755
initramfs-tools/post-update.d/vfiokit $(SYSCONFDIR)/initramfs/post-update.d/vfiokit 755
endef
define GLUE_dracut
dracut/55vfiokit/module-setup.sh $(DRACUT)/modules.d/55vfiokit/module-setup.sh 755
dracut/55vfiokit/vfio-bind.sh $(DRACUT)/modules.d/55vfiokit/vfio-bind.sh 755
dracut/vfiokit.conf $(DRACUT)/dracut.conf.d/55-vfiokit.conf 644
endef
define GLUE_mkinitcpio
mkinitcpio/install/vfiokit $(INITCPIO)/install/vfiokit 644
mkinitcpio/hooks/vfiokit $(INITCPIO)/hooks/vfiokit 755
mkinitcpio/post/vfiokit $(INITCPIO)/post/vfiokit 755
mkinitcpio/vfiokit.conf $(SYSCONFDIR)/mkinitcpio.conf.d/vfiokit.conf 644
endef
define GLUE_booster
booster/booster.yaml $(DOC)/examples/booster.yaml 644
endef
GENERATORS := initramfs-tools dracut mkinitcpio booster
REBUILD_initramfs-tools := update-initramfs -u -k all
REBUILD_dracut     := dracut --force --regenerate-all
REBUILD_mkinitcpio := mkinitcpio -P
REBUILD_booster    := vfiokit image --booster says how

# Those whose command this system has, unless INITRAMFS=NAME,NAME says which ("none" for none).
COMMAND_initramfs-tools := mkinitramfs
has_command = $(if $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v $(1) 2>/dev/null),yes)
INITRAMFS ?= $(subst $(space),$(comma),$(strip $(foreach g,$(GENERATORS),$(if \
	$(call has_command,$(or $(COMMAND_$(g)),$(g))),$(g)))))
wanted  := $(filter-out none,$(subst $(comma),$(space),$(INITRAMFS)))
unknown := $(filter-out $(GENERATORS),$(wanted))

# The module is for policies like Fedora's; selinux/README.md says more.
define MODULE
$(BUILD)/selinux/vfiokit.pp $(PREFIX)/share/selinux/packages/vfiokit.pp 644
endef

define newline


endef
export INSTALLED
export GLUE := $(foreach g,$(wanted),$(GLUE_$(g))$(newline))
export ALL_GLUE := $(foreach g,$(GENERATORS),$(GLUE_$(g))$(newline))$(MODULE)
export WANTED_MODULE := $(if $(SELINUX),$(MODULE))

install: all $(if $(SELINUX),$(BUILD)/selinux/vfiokit.pp)
	$(Q)$(if $(unknown),echo "INITRAMFS: there is no glue for $(unknown)$(comma) only for $(GENERATORS)"; exit 2)
	$(Q)printf '%s\n%s\n%s\n' "$$INSTALLED" "$$GLUE" "$$WANTED_MODULE" | while read -r source target mode; do \
		[ -z "$$source" ] || install -D -m "$$mode" "$$source" "$(DESTDIR)$$target" || exit 1; \
	done
	$(Q)install -d "$(DESTDIR)$(SYSCONFDIR)/vfiokit/bind.conf.d"
	$(Q)for file in bind.conf udev.conf hooks.conf; do \
		[ -e "$(DESTDIR)$(SYSCONFDIR)/vfiokit/$$file" ] || \
			install -m 644 "conf/$$file" "$(DESTDIR)$(SYSCONFDIR)/vfiokit/$$file"; \
	done
	$(Q)install -d "$(DESTDIR)$(LIBVIRT_HOOKS)"
	$(Q)ln -sf "$(PREFIX)/sbin/vfio-hook" "$(DESTDIR)$(LIBVIRT_HOOKS)/50-vfiokit"
	$(Q)install -d "$(DESTDIR)$(UNITS)/multi-user.target.wants"
	$(Q)ln -sf ../vfiokit-boot-ok.service "$(DESTDIR)$(UNITS)/multi-user.target.wants/"
	$(if $(SELINUX),$(Q)echo "Now load the module: semodule -i $(PREFIX)/share/selinux/packages/vfiokit.pp &&" \
		"restorecon -R $(PREFIX)/sbin/vfio-hook $(SYSCONFDIR)/libvirt/hooks")
	$(Q)echo "Installed for: $(or $(wanted),no generator of images; vfiokit image --output makes an add-on for any)."
	$(Q)echo "When the policy is what you want, make the images again:" \
		"$(or $(foreach g,$(wanted),$(REBUILD_$(g));),vfiokit image --output FILE)"

# The policy stays, as a package would leave it, unless it is the example as we installed it. What use has added goes: the
# record, the links of units that were enabled, and on this system itself the firmware's variable of a policy on probation
# (boot-ok writes it once more when it is stopped, so it is stopped first).
uninstall:
	$(if $(DESTDIR),,$(Q)[ ! -d /run/systemd/system ] || systemctl stop vfiokit-boot-ok.service 2>/dev/null || true)
	$(if $(DESTDIR),,$(Q)[ ! -d /sys/firmware/efi ] || [ ! -x "$(PREFIX)/bin/vfiokit" ] || "$(PREFIX)/bin/vfiokit" arm >/dev/null || \
		echo "The EFI variable VfiokitProbation is left; it does no harm.")
	$(Q)printf '%s\n%s\n' "$$INSTALLED" "$$ALL_GLUE" | while read -r source target mode; do \
		[ -z "$$source" ] || rm -f "$(DESTDIR)$$target"; \
	done
	$(Q)for file in bind.conf udev.conf hooks.conf; do \
		! cmp -s "conf/$$file" "$(DESTDIR)$(SYSCONFDIR)/vfiokit/$$file" || \
			rm -f "$(DESTDIR)$(SYSCONFDIR)/vfiokit/$$file"; \
	done
	$(Q)rm -f "$(DESTDIR)$(SYSCONFDIR)/vfiokit/bind.record"
	$(Q)links="$(DESTDIR)$(SYSCONFDIR)/systemd/system"; [ ! -d "$$links" ] || \
		find "$$links" -type l \( -lname "$(UNITS)/vfio-*" -o -lname "$(UNITS)/vfiokit-*" \) -delete
	$(Q)rm -f "$(DESTDIR)$(LIBVIRT_HOOKS)/50-vfiokit" "$(DESTDIR)$(UNITS)/multi-user.target.wants/vfiokit-boot-ok.service"
	$(Q)rmdir -p --ignore-fail-on-non-empty "$(DESTDIR)$(LIBVIRT_HOOKS)" "$(DESTDIR)$(SYSCONFDIR)/vfiokit/bind.conf.d" \
		"$(DESTDIR)$(DOC)/examples" "$(DESTDIR)$(DRACUT)/modules.d/55vfiokit" "$(DESTDIR)$(UNITS)/vfiokit-.service.d" "$(DESTDIR)$(UNITS)/multi-user.target.wants" 2>/dev/null || true
	$(Q)echo "Images still hold what they were made with: make them again."

# What was fetched stays: it is large and does not change.
clean:
	$(Q)find $(BUILD) -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
