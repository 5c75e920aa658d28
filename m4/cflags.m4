# The flags of every build, and how one is tried.

m4_define([PH_WARNINGS], m4_normalize([
-std=gnu11 -Wall -Wextra -Wformat=2 -Wshadow -Wvla -Wundef -Wwrite-strings
-Wpointer-arith -Wcast-qual -Wstrict-prototypes -Wold-style-definition
-Wmissing-prototypes -Wmissing-declarations -Wredundant-decls -Wnested-externs
-Wimplicit-fallthrough=5 -Wimplicit-fallthrough -Wswitch-enum -Wlogical-op
-Wduplicated-cond -Wduplicated-branches -Wnull-dereference -Walloca
-Walloc-zero -Wconversion -Wsign-conversion -Wjump-misses-init -Wdate-time
-Wbad-function-cast -fno-common -fno-strict-aliasing -fstack-protector-strong
-fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero -fPIE
]))

# PH_TRY_CFLAG(FLAG): adds FLAG to PH_CFLAGS where the compiler takes it.
# clang only warns of an unknown -W, so the probe makes that an error.
AC_DEFUN([PH_TRY_CFLAG], [
  AC_MSG_CHECKING([whether $CC takes $1])
  ph_saved=$CFLAGS
  CFLAGS="-Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM],
    [PH_CFLAGS="$PH_CFLAGS $1"; AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])])
  CFLAGS=$ph_saved
])
