#!/usr/bin/env bash
# Compiles the package and its tests with `swiftc` and runs them, without the package manager: on
# Linux, whose toolchain has Foundation and XCTest. `cargo xtask bindings` fills the folder in which
# this runs: ffi/ (header and module map), src/, tests/, actor/, stand-in/, the library and the server.
set -euo pipefail
cd "$(dirname "$0")"
[ "$(uname)" = Linux ] || { echo "test.sh is for Linux; on a Mac: xcframework.sh, then swift test" >&2; exit 1; }

# The Keychain is Apple's: here it is one in memory.
swiftc -swift-version 6 -module-name Security -emit-module -emit-library stand-in/Security.swift \
  -o libSecurity.so

# Complete checks of concurrency for what apps use; the tests keep to the language of Package.swift.
swiftc -swift-version 6 -module-name Casework -emit-module -emit-library -enable-testing \
  -I . -I ffi src/*.swift -L . -lcasework_native -lSecurity -o libCasework.so

# Where there is no Objective-C, XCTest has to be told what there is.
listing() { # CLASS FILE
  echo "extension $1 {"
  echo "    static var all: [(String, ($1) -> () throws -> Void)] { ["
  sed -nE 's/^ *func (test_[a-z_]+)\(\) async throws \{$/("\1", asyncTest(\1)),/p
           s/^ *func (test_[a-z_]+)\(\) throws \{$/("\1", \1),/p' "$2"
  echo '    ] }'
  echo '}'
}
mv stand-in/KeychainTests.swift tests/
{
  echo 'import XCTest'
  listing ScenarioTests tests/ScenarioTests.swift
  listing KeychainTests tests/KeychainTests.swift
  echo 'XCTMain([testCase(ScenarioTests.all), testCase(KeychainTests.all)])'
} >tests/main.swift
written=$(cat tests/ScenarioTests.swift tests/KeychainTests.swift | grep -c '^ *func test_')
listed=$(grep -c '^("test_' tests/main.swift)
[ "$written" = "$listed" ] || { echo "$listed of $written tests were understood" >&2; exit 1; }

program() { # NAME SOURCE…
  swiftc -swift-version 5 -module-name "${1//-/_}" -I . -I ffi "${@:2}" -L . -lCasework -lSecurity \
    -lcasework_native -Xlinker -rpath -Xlinker "\$ORIGIN" -o "$1"
}
# The programs of the README compile as they stand there.
sed -n '/^```swift$/,/^```$/{/^```/!p}' README.md >readme.swift
grep -q '^import Casework' readme.swift || { echo "the README has no program" >&2; exit 1; }
swiftc -swift-version 6 -typecheck -parse-as-library -I . -I ffi readme.swift
program casework-actor actor/main.swift
program scenarios tests/*.swift
CASEWORK_SERVER=$PWD/casework-server CASEWORK_ACTOR=$PWD/casework-actor ./scenarios
