#!/usr/bin/env bash
# Compiles the package and its tests with `swiftc` and runs them, without the package manager: on
# Linux, whose toolchain has Foundation and XCTest. `cargo xtask bindings` fills the folder in which
# this runs: ffi/ (header and module map), src/, tests/, actor/, the library and the server.
set -euo pipefail
cd "$(dirname "$0")"

# Complete checks of concurrency for what apps use; the tests keep to the language of Package.swift.
swiftc -swift-version 6 -module-name Casework -emit-module -emit-library -enable-testing \
  -I ffi src/*.swift -L . -lcasework_native -o libCasework.so

# Where there is no Objective-C, XCTest has to be told what there is.
{
  echo 'import XCTest'
  echo 'extension ScenarioTests {'
  echo '    static var all: [(String, (ScenarioTests) -> () throws -> Void)] { ['
  sed -nE 's/^ *func (test_[a-z_]+)\(\) async throws \{$/("\1", asyncTest(\1)),/p
           s/^ *func (test_[a-z_]+)\(\) throws \{$/("\1", \1),/p' tests/ScenarioTests.swift
  echo '    ] }'
  echo '}'
  echo 'XCTMain([testCase(ScenarioTests.all)])'
} >tests/main.swift
written=$(grep -c '^ *func test_' tests/ScenarioTests.swift)
listed=$(grep -c '^("test_' tests/main.swift)
[ "$written" = "$listed" ] || { echo "$listed of $written tests were understood" >&2; exit 1; }

program() { # NAME SOURCE…
  swiftc -swift-version 5 -module-name "${1//-/_}" -I . -I ffi "${@:2}" -L . -lCasework \
    -lcasework_native -Xlinker -rpath -Xlinker "\$ORIGIN" -o "$1"
}
program casework-actor actor/main.swift
program scenarios tests/*.swift
CASEWORK_SERVER=$PWD/casework-server CASEWORK_ACTOR=$PWD/casework-actor ./scenarios
