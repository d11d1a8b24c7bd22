#!/usr/bin/env bash
# What testing the bindings needs beyond Rust: a JDK and JNA (Debian), the Kotlin compiler (npm),
# and for Python an environment with maturin, mypy, Textual and a parser for Swift (PyPI).
# `needs.sh FOLDER` installs what is not there yet, and fails where a registry lacks it.
set -euo pipefail
tools=$1
mkdir -p "$tools"

packages=()
command -v java >/dev/null || packages+=(default-jdk-headless)
test -f /usr/share/java/jna.jar || packages+=(libjna-java)
command -v npm >/dev/null || packages+=(npm)
command -v gcc >/dev/null || packages+=(gcc libc6-dev)
command -v python3 >/dev/null || packages+=(python3)
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
if [ ${#packages[@]} -gt 0 ]; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

kotlin=2.4.20
if [ ! -x "$tools/kotlin/package/bin/kotlinc" ]; then
  mkdir -p "$tools/kotlin"
  (cd "$tools/kotlin" && npm pack --silent "kotlin-compiler@$kotlin" >/dev/null \
    && tar xzf "kotlin-compiler-$kotlin.tgz" && rm "kotlin-compiler-$kotlin.tgz" \
    && chmod +x package/bin/kotlinc)
fi

if [ ! -x "$tools/python/bin/maturin" ]; then
  python3 -m venv "$tools/python"
  "$tools/python/bin/python" -m pip install --quiet maturin mypy textual tree-sitter tree-sitter-swift
fi
