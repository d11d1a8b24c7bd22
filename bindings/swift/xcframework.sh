#!/usr/bin/env bash
# Builds CaseworkFFI.xcframework for iOS, its simulator and macOS, and puts the generated sources
# beside the written ones. Needs a Mac with Xcode's command line tools, and Rust with the targets
# below (`rustup target add …`). Nothing is downloaded.
set -euo pipefail
cd "$(dirname "$0")/../.."
targets=(aarch64-apple-ios aarch64-apple-ios-sim aarch64-apple-darwin)

need() { command -v "$1" >/dev/null || { echo "needs $1: $2" >&2; exit 1; }; }
need xcodebuild "install Xcode, then xcode-select --install"
need cargo "install Rust"
for target in "${targets[@]}"; do
  rustc --print target-libdir --target "$target" | xargs test -d ||
    { echo "needs Rust's target $target: rustup target add $target" >&2; exit 1; }
done

cargo build --release --workspace --lib
cargo xtask bindings --built --generate
generated=target/bindings/swift
cp "$generated/Casework.swift" bindings/swift/Sources/Casework/

arguments=()
for target in "${targets[@]}"; do
  cargo rustc --locked -p casework-native --lib --crate-type staticlib --profile mobile --target "$target"
  headers="target/bindings/xcframework/$target"
  mkdir -p "$headers"
  cp "$generated/caseworkFFI.h" "$headers/"
  cp "$generated/caseworkFFI.modulemap" "$headers/module.modulemap"
  arguments+=(-library "target/$target/mobile/libcasework_native.a" -headers "$headers")
done
rm -rf bindings/swift/CaseworkFFI.xcframework
xcodebuild -create-xcframework "${arguments[@]}" -output bindings/swift/CaseworkFFI.xcframework
