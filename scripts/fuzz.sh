#!/usr/bin/env bash
# Feeds what reads the requests of clients with made-up input: FUZZ_SECONDS for each of
# FUZZ_TARGETS. What was found worth keeping is in target/fuzz/corpus, and begun with the next
# time; an input that fails is written to fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=${FUZZ_TARGETS:-markdown multipart images tokens lambda}
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
# With stable Rust, and so without a sanitizer: of our own code, none is unsafe.
export RUSTC_BOOTSTRAP=1

for target in $targets; do
  # The first folder is added to; the others have what there is to begin with.
  corpora=("target/fuzz/corpus/$target" "target/fuzz/seeds/$target")
  mkdir -p "${corpora[@]}"
  [[ -d fuzz/seeds/$target ]] && corpora+=("fuzz/seeds/$target")
  options=(-max_total_time="${FUZZ_SECONDS:-60}" -timeout=60 -rss_limit_mb=1024 -print_final_stats=1)
  case $target in
    markdown) options+=(-dict=fuzz/markdown.dict -max_len=4096) ;;
    lambda) options+=(-max_len=8192) ;;
  esac
  cargo fuzz run --sanitizer none --target-dir target/fuzz "$target" "${corpora[@]}" -- "${options[@]}"
done
