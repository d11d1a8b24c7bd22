#!/usr/bin/env bash
# Release libraries for phones and arm64 machines, outside ordinary CI (about ten minutes each).
#
#   cross.sh linux-arm64    libcasework_native.so for aarch64 Linux; its tests run under qemu
#   cross.sh ios            libcasework_native.a for aarch64-apple-ios
#   cross.sh android        libcasework_native.a for aarch64-linux-android; with an NDK
#                           (ANDROID_NDK_HOME) also the .so, put into target/bindings/jniLibs
#   cross.sh sizes          what was built, in bytes
#
# Needs on Debian 12: apt, gcc-aarch64-linux-gnu and qemu-user (it installs them). The standard
# library is built from source (`-Zbuild-std`) by a compiler whose source Debian packages
# (rustc-web), unpacked beside the usual one and never installed over it. Where rustup may add
# targets, set CASEWORK_CARGO=cargo and CASEWORK_FLAGS= to use those.
# Panics must unwind: the gate catches those of the document library.
set -euo pipefail
cd "$(dirname "$0")/.."
target_dir=${CASEWORK_TARGET_DIR:-target/cross}
beside=${CASEWORK_CROSS_TOOLS:-target/cross-tools}

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
  # The standard library too is built small, and without what prints backtraces.
  local std="-Zbuild-std=std,panic_abort -Zbuild-std-features=panic-unwind,optimize_for_size"
  export CASEWORK_FLAGS=${CASEWORK_FLAGS-$std}
}

build() { # TARGET KIND [LINKER FLAG…]
  local flags=()
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
      ${CASEWORK_CARGO:-cargo} test --locked ${CASEWORK_FLAGS:-} -p casework-native --lib \
        --target aarch64-unknown-linux-gnu --target-dir "$target_dir"
    fi
    size_of aarch64-unknown-linux-gnu libcasework_native.so
    ;;
  ios)
    build aarch64-apple-ios staticlib
    size_of aarch64-apple-ios libcasework_native.a
    ;;
  android)
    build aarch64-linux-android staticlib
    size_of aarch64-linux-android libcasework_native.a
    if [ -n "${ANDROID_NDK_HOME:-}" ]; then
      clang=$(echo "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin/aarch64-linux-android24-clang)
      export CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER=$clang CC_aarch64_linux_android=$clang
      # Packed as Android reads it from API 23 on.
      build aarch64-linux-android cdylib -Wl,--icf=all -Wl,--pack-dyn-relocs=android
      mkdir -p target/bindings/jniLibs/arm64-v8a
      cp "$target_dir/aarch64-linux-android/mobile/libcasework_native.so" target/bindings/jniLibs/arm64-v8a/
      size_of aarch64-linux-android libcasework_native.so
    else
      echo "no ANDROID_NDK_HOME: the static library only; the .so needs the NDK's linker" >&2
    fi
    ;;
  sizes)
    size_of aarch64-unknown-linux-gnu libcasework_native.so
    size_of aarch64-apple-ios libcasework_native.a
    size_of aarch64-linux-android libcasework_native.a
    size_of aarch64-linux-android libcasework_native.so
    ;;
  *)
    sed -n '2,13p' "$0"
    exit 2
    ;;
esac
