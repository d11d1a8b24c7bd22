#!/usr/bin/env bash
# Builds CaseworkFFI.xcframework for iOS, its simulator and macOS, each for Apple's processors and
# Intel's where there are such machines, and puts the generated sources beside the written ones.
# Needs a Mac with Xcode's command line tools, and Rust with the targets below (`rustup target
# add …`). Nothing is downloaded.
set -euo pipefail
cd "$(dirname "$0")/../.."
device=(aarch64-apple-ios)
simulator=(aarch64-apple-ios-sim x86_64-apple-ios)
mac=(aarch64-apple-darwin x86_64-apple-darwin)

need() { command -v "$1" >/dev/null || { echo "needs $1: $2" >&2; exit 1; }; }
need xcodebuild "install Xcode, then xcode-select --install"
need lipo "install Xcode, then xcode-select --install"
need cargo "install Rust"
for target in "${device[@]}" "${simulator[@]}" "${mac[@]}"; do
  [ -d "$(rustc --print target-libdir --target "$target")" ] ||
    { echo "needs Rust's target $target: rustup target add $target" >&2; exit 1; }
done

# What Package.swift promises.
export IPHONEOS_DEPLOYMENT_TARGET=15.0 MACOSX_DEPLOYMENT_TARGET=12.0
cargo build --release --workspace --lib
cargo xtask bindings --built --generate
generated=target/bindings/swift
bash bindings/swift/sources.sh "$generated" bindings/swift/Sources/Casework

# Headers lie in a folder named as the module: Xcode copies those of all packages into one place,
# and two module.modulemap there would collide.
made=target/bindings/xcframework
rm -rf "$made"
mkdir -p "$made/headers/caseworkFFI"
cp "$generated/caseworkFFI.h" "$made/headers/caseworkFFI/"
cp "$generated/caseworkFFI.modulemap" "$made/headers/caseworkFFI/module.modulemap"

arguments=()
slice() { # NAME TARGET…: one library with a part for each processor
  local library=$made/$1/libcasework_native.a built=()
  for target in "${@:2}"; do
    cargo rustc --locked -p casework-native --lib --crate-type staticlib --profile mobile --target "$target"
    built+=("target/$target/mobile/libcasework_native.a")
  done
  mkdir -p "$made/$1"
  lipo -create "${built[@]}" -output "$library"
  arguments+=(-library "$library" -headers "$made/headers")
}
slice ios "${device[@]}"
slice ios-simulator "${simulator[@]}"
slice macos "${mac[@]}"
rm -rf bindings/swift/CaseworkFFI.xcframework
xcodebuild -create-xcframework "${arguments[@]}" -output bindings/swift/CaseworkFFI.xcframework
