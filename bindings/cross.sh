#!/usr/bin/env bash
# Release libraries for phones and arm64 machines, outside ordinary CI (about ten minutes each).
#
#   cross.sh linux-arm64    libcasework_native.so for aarch64 Linux; its tests run under qemu
#   cross.sh ios            libcasework_native.a for aarch64-apple-ios
#   cross.sh android        libcasework_native.a for aarch64-linux-android; with an NDK
#                           (ANDROID_NDK_HOME) also the .so, and that for x86_64 (emulators), put
#                           into target/bindings/jniLibs
#   cross.sh sizes          what was built, in bytes
#
# Needs on Debian 12: apt, gcc-aarch64-linux-gnu and qemu-user (it installs them). The standard
# library is built from source (`-Zbuild-std`) by a compiler whose source Debian packages
# (rustc-web), unpacked beside the usual one and never installed over it. Where rustup may add
# targets, set CASEWORK_CARGO=cargo and CASEWORK_FLAGS= to use those.
# What is written in C and assembly (TLS) is compiled by Debian's clang without any system's headers
# where there is neither Xcode nor an NDK: enough for a static library, which is linked elsewhere.
# Panics must unwind: the gate catches those of the document library.
set -euo pipefail
cd "$(dirname "$0")/.."
target_dir=${CASEWORK_TARGET_DIR:-target/cross}
beside=${CASEWORK_CROSS_TOOLS:-target/cross-tools}
# The aim is 6 MB (README.md says what stands in the way); beyond this something went wrong.
most_bytes=8500000

toolchain() {
  [ -n "${CASEWORK_CARGO:-}" ] && return
  if [ ! -x "$beside/root/usr/bin/rustc" ]; then
    mkdir -p "$beside/debs"
    apt-get update -qq
    (cd "$beside/debs" && apt-get download -qq $(
      apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances rustc-web rust-web-src |
        grep -E '^(rustc-web|rust-web-src|libstd-rust-web|libllvm)' | sort -u))
    for deb in "$beside"/debs/*.deb; do dpkg -x "$deb" "$beside/root"; done
  fi
  local usr
  usr=$(realpath "$beside/root/usr")
  export LD_LIBRARY_PATH="$usr/lib/x86_64-linux-gnu:${LD_LIBRARY_PATH:-}"
  export RUSTC="$usr/bin/rustc" RUSTC_BOOTSTRAP=1
  # The standard library too is built small, and without what prints backtraces; panics name no file
  # and line, and `{:?}` of a derived type its name only (keep the symbols to read a report).
  local std="-Zbuild-std=std,panic_abort -Zbuild-std-features=panic-unwind,optimize_for_size"
  export CASEWORK_FLAGS=${CASEWORK_FLAGS-$std}
  export RUSTFLAGS=${RUSTFLAGS--Zlocation-detail=none -Zfmt-debug=shallow}
}

build() { # TARGET KIND [LINKER FLAG…]
  # What is outlined must save more than the entry of its function in the unwinding tables costs.
  local flags=(-C llvm-args=-outliner-benefit-threshold=40)
  for flag in "${@:3}"; do flags+=(-C "link-arg=$flag"); done
  toolchain
  # Only what one kind needs: a cdylib links, and for phones there is no linker here.
  ${CASEWORK_CARGO:-cargo} rustc --locked ${CASEWORK_FLAGS:-} -p casework-native --lib \
    --crate-type "$2" --profile mobile --target "$1" --target-dir "$target_dir" -- "${flags[@]}"
}

size_of() { # TARGET FILE
  local file="$target_dir/$1/mobile/$2"
  [ -f "$file" ] && printf '%-28s %-24s %12d bytes\n' "$1" "$2" "$(stat -c %s "$file")"
  return 0
}

# C for a phone without its SDK. TARGET is as cargo has it, TRIPLE as clang has it.
freestanding() { # TARGET TRIPLE
  local name=${1//-/_} headers
  command -v clang >/dev/null && command -v llvm-ar >/dev/null ||
    apt-get install -y -qq --no-install-recommends clang llvm >/dev/null
  mkdir -p "$beside/headers/iPhoneOS.sdk"
  headers=$(realpath "$beside/headers")
  # The one header of a system that is asked for.
  printf '#define TARGET_OS_MAC 1\n#define TARGET_OS_IPHONE 1\n#define TARGET_OS_OSX 0\n' \
    >"$headers/TargetConditionals.h"
  export "CC_$name=clang" "AR_$name=llvm-ar" SDKROOT="$headers/iPhoneOS.sdk"
  export "CFLAGS_$name=--target=$2 -ffreestanding -nostdlibinc -DRING_CORE_NOSTDLIBINC=1 -I$headers"
}

android_compilers() {
  local bin
  bin=$(echo "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin)
  [ -x "$bin/aarch64-linux-android24-clang" ] ||
    { echo "ANDROID_NDK_HOME: there is no compiler in $bin" >&2; exit 1; }
  export CC_aarch64_linux_android=$bin/aarch64-linux-android24-clang
  export CC_x86_64_linux_android=$bin/x86_64-linux-android24-clang
  export CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER=$CC_aarch64_linux_android
  export CARGO_TARGET_X86_64_LINUX_ANDROID_LINKER=$CC_x86_64_linux_android
}

android_library() { # TARGET FOLDER
  # Packed as Android reads it from API 23 on; aligned to pages of 16 KB, as Android 15 wants.
  build "$1" cdylib -Wl,--icf=all -Wl,--pack-dyn-relocs=android -Wl,-z,max-page-size=16384
  local made=$target_dir/$1/mobile/libcasework_native.so
  aligned "$made"
  mkdir -p "target/bindings/jniLibs/$2"
  cp "$made" "target/bindings/jniLibs/$2/"
  size_of "$1" libcasework_native.so
}

aligned() { # FILE: every segment that is loaded, to 16 KB or more
  local found
  found=$(readelf -lW "$1" | awk '$1 == "LOAD" { print $NF }')
  [ -n "$found" ] || { echo "$1: readelf finds no segments" >&2; exit 1; }
  for to in $found; do
    ((to >= 16384)) || { echo "$1: a segment is aligned to $to; Android 15 wants 16384" >&2; exit 1; }
  done
}

case ${1:-} in
  linux-arm64)
    command -v aarch64-linux-gnu-gcc >/dev/null ||
      apt-get install -y -qq --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
    # Relocations are not packed here: only the loader of Android reads them so.
    build aarch64-unknown-linux-gnu cdylib
    if [ "${2:-}" = --test ]; then
      export RUSTFLAGS= # Tests read what `{:?}` writes.
      ${CASEWORK_CARGO:-cargo} test --locked ${CASEWORK_FLAGS:-} -p casework-protocol \
        -p casework-engine --lib --target aarch64-unknown-linux-gnu --target-dir "$target_dir"
      ${CASEWORK_CARGO:-cargo} test --locked ${CASEWORK_FLAGS:-} -p casework-native --tests \
        --target aarch64-unknown-linux-gnu --target-dir "$target_dir"
    fi
    size_of aarch64-unknown-linux-gnu libcasework_native.so
    grown_to=$(stat -c %s "$target_dir/aarch64-unknown-linux-gnu/mobile/libcasework_native.so")
    ((grown_to <= most_bytes)) ||
      { echo "the library grew to $grown_to bytes; at most $most_bytes are wanted" >&2; exit 1; }
    ;;
  ios)
    [ "$(uname)" = Darwin ] || freestanding aarch64-apple-ios arm64-apple-ios13
    build aarch64-apple-ios staticlib
    size_of aarch64-apple-ios libcasework_native.a
    ;;
  android)
    # Before the first build: packages with C in them ask for it, whatever is built.
    if [ -n "${ANDROID_NDK_HOME:-}" ]; then
      android_compilers
    else
      freestanding aarch64-linux-android aarch64-linux-android24
    fi
    build aarch64-linux-android staticlib
    size_of aarch64-linux-android libcasework_native.a
    if [ -n "${ANDROID_NDK_HOME:-}" ]; then
      android_library aarch64-linux-android arm64-v8a
      android_library x86_64-linux-android x86_64
    else
      echo "no ANDROID_NDK_HOME: the static library only; the .so needs the NDK's linker" >&2
    fi
    ;;
  sizes)
    size_of aarch64-unknown-linux-gnu libcasework_native.so
    size_of aarch64-apple-ios libcasework_native.a
    size_of aarch64-linux-android libcasework_native.a
    size_of aarch64-linux-android libcasework_native.so
    size_of x86_64-linux-android libcasework_native.so
    ;;
  *)
    sed -n '2,15p' bindings/cross.sh
    exit 2
    ;;
esac
