# Thin: every verb is one command of the project. CI calls exactly these.
PY := .venv/bin/python
STAMP := .venv/.installed
# Proposers run behind bubblewrap's walls or not at all.
WALLS := { apt-get install -y bubblewrap || { apt-get update && apt-get install -y bubblewrap; }; }
# Native execution: three binaries. Without cargo and g++ everything else works, and fills are on paper.
BUILT := gateway/target/.built
NATIVE := $(shell find gateway -path gateway/target -prune -o -type f \( -name '*.rs' -o -name '*.toml' -o -name '*.lock' -o -name '*.[ch]pp' -o -name '*.h' \) -print)
CARGO := cd gateway && cargo
HAVE_TOOLS := command -v cargo >/dev/null && command -v g++ >/dev/null \
  && printf '1.95\n%s\n' "$$(cargo --version | cut -d' ' -f2)" | sort -V -C
TOOLS := Rust 1.95 or newer (rustup.rs) and g++ (apt-get install g++)
export PATH := $(HOME)/.cargo/bin:$(PATH)
export UV_COMPILE_BYTECODE := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check prove ui bench lock clean

run: $(STAMP) $(BUILT)  ## set up, then the main job: every strategy through six stages
	@.venv/bin/cws run

test: $(STAMP) $(BUILT)  ## set up, then all tests
	@if $(HAVE_TOOLS); then echo "tests of the gateway ..." && $(CARGO) test --locked --quiet --workspace --exclude cws-native; fi
	@$(PY) -m pytest -n 2 --dist worksteal

check: $(STAMP)  ## style, types, import directions, tidiness
	@if $(HAVE_TOOLS); then $(CARGO) fmt --check && cargo clippy --locked --quiet --workspace --all-targets -- -D warnings; fi
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports
	@.venv/bin/basedpyright
	@$(PY) -m pytest tests/test_tidy.py

prove: $(STAMP) $(BUILT)  ## the full counts of every property; results into docs/proof.json
	@$(PY) -m benchmarks.prove

ui: $(STAMP) $(BUILT)  ## Dagster and MLflow on 127.0.0.1
	@.venv/bin/cws ui

bench: $(STAMP) $(BUILT)  ## measure against limits and peers; JSON out
	@$(PY) -m benchmarks.modules --json
	@$(PY) -m benchmarks.lake --json
	@$(PY) -m benchmarks.main_job --json

lock:  ## resolve pyproject.toml anew (the lock names no host)
	@.venv/bin/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group dev pyproject.toml -o requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@echo "setting up .venv (about a minute the first time) ..."
	@test -x .venv/bin/uv || { python3 -m venv .venv && .venv/bin/pip install -q "$$(grep -oE '^uv==[0-9.]+' requirements.lock)"; }
	@.venv/bin/uv pip sync -q --python $(PY) --require-hashes requirements.lock
	@.venv/bin/uv pip install -q --python $(PY) --no-deps --no-build-isolation -e .
	@command -v bwrap >/dev/null || { test "$$(id -u)" = 0 && $(WALLS) >/dev/null 2>&1; } \
	  || echo "bubblewrap is missing: cws supervise will not run proposers. Install it: apt-get install bubblewrap"
	@touch $@

$(BUILT): $(STAMP) $(NATIVE)
	@if ! { $(HAVE_TOOLS); }; then \
	  echo "cargo or g++ is missing or too old: fills are on paper. Install $(TOOLS), then make run"; \
	else set -e; mkdir -p build; \
	  echo "building the gateway (a few minutes the first time) ..."; \
	  ($(CARGO) build --release --locked --quiet --workspace --exclude cws-native); \
	  .venv/bin/maturin build --profile native --locked -m gateway/crates/native/Cargo.toml -i $(PY) -o build/wheels > build/maturin.log 2>&1 \
	    || { cat build/maturin.log; exit 1; }; \
	  .venv/bin/uv pip install -q --python $(PY) --no-deps --reinstall build/wheels/cws_native-*.whl; touch $@; fi

clean:  ## remove what set-up made; the ledger and the lake in CWS_HOME stay
	rm -rf .venv build gateway/target *.egg-info
