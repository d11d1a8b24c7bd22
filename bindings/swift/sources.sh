#!/usr/bin/env bash
# Puts the generated source where it is compiled: `sources.sh GENERATED TO`, two folders.
#
# The generator has an error describe itself as a program would see it. A person is to read its text:
# that is `message`, which Errors.swift gives to each kind of error.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
sed '/public var errorDescription: String? {/,/}/s/String(reflecting: self)/message/' \
  "$1/Casework.swift" >"$2/Casework.swift"
if grep -A1 'public var errorDescription: String? {' "$2/Casework.swift" | grep -q 'reflecting'; then
  echo "sources.sh: an error still describes itself by reflection" >&2
  exit 1
fi
grep -A1 'public var errorDescription: String? {' "$2/Casework.swift" | grep -q '^ *message$' ||
  { echo "sources.sh: the generator writes errors otherwise than it did; look at errorDescription" >&2; exit 1; }
