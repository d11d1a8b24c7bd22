#!/usr/bin/env bash
# Runs a program in Kotlin with the SDK on the JVM, without Gradle, with what
# `cargo xtask bindings --only kotlin` has built.
#
#   run.sh FILE.kt [ARGUMENT…]   compiles a file and runs its main
#   run.sh CLASS [ARGUMENT…]     runs a class of the sample, e.g. casework.sample.InspectKt
set -euo pipefail
[ $# -gt 0 ] || { sed -n '2,6p' "$0" >&2; exit 2; }
target=$(realpath "$(dirname "$0")/../../target")
kotlin=$target/bindings-tools/kotlin/package
path=$target/bindings/casework.jar:$target/bindings/casework-tests.jar:$target/bindings/jvm
path=$path:$kotlin/lib/kotlin-stdlib.jar:$kotlin/lib/kotlinx-coroutines-core-jvm.jar:/usr/share/java/jna.jar
[ -f "$target/bindings/casework.jar" ] ||
  { echo "there is no $target/bindings/casework.jar: run cargo xtask bindings --only kotlin" >&2; exit 1; }

main=$1
if [[ $main = *.kt ]]; then
  program=$(mktemp -d)
  trap 'rm -rf "$program"' EXIT
  bash "$kotlin/bin/kotlinc" -jvm-target 17 -cp "$path" -d "$program" "$main"
  path=$path:$program
  main=$(basename "$main" .kt)
  main=${main^}Kt
fi
java -cp "$path" "$main" "${@:2}"
